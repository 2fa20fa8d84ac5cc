# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the server run with the environment that was declared for it: process against unit against our drop-in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._systemd.env_values import misread, read, read_keep_alive
from .._systemd.masking import masked
from .._systemd.ollama_variables import meant_by
from .crash_checks import evidence_of_end
from .examination import Examination, UnitLook
from .finding import NOTE, PROBLEM, WARNING, Evidence, Finding, Kind, seen, setting

UNIT_MISSING = Kind(
    "unit_missing", PROBLEM, "systemd knows no unit {unit}", "install Ollama (ollama_server_install: missing), or name its unit in ollama_server_unit"
)
UNIT_MASKED = Kind("unit_masked", PROBLEM, "{unit} is masked: it cannot start", "systemctl unmask {unit} && systemctl start {unit}")
UNIT_BROKEN = Kind("unit_broken", PROBLEM, "systemd cannot load {unit}", "systemd-analyze verify {unit} names the line; then systemctl daemon-reload")
UNIT_STOPPED = Kind("unit_stopped", PROBLEM, "{unit} is stopped", "systemctl start {unit}")
UNIT_FAILED = Kind("unit_failed", PROBLEM, "{unit} has failed and is down", "journalctl -u {unit} -n 50 tells why; then systemctl restart {unit}")
UNIT_STARTING = Kind("unit_starting", WARNING, "{unit} is {state}: it does not serve yet, or starts over and over", "journalctl -u {unit} -n 50")
UNIT_DISABLED = Kind("unit_disabled", WARNING, "{unit} runs, but will not start at the next boot", "systemctl enable {unit}")
RESTART_DUE = Kind(
    "restart_due", PROBLEM, "the running server is not what {unit} would start: {reason}", "systemctl restart {unit}, or run the play site again"
)
PENDING = Kind(
    "change_pending",
    NOTE,
    "a default of the role takes effect at the next start of {unit}: {reason}",
    "nothing has to be done; systemctl restart {unit} applies it at once, and unloads what is in memory",
)
RELOAD_DUE = Kind("daemon_reload_due", WARNING, "the files of {unit} are not those that systemd has loaded", "systemctl daemon-reload")
OVERRIDDEN = Kind("setting_overridden", PROBLEM, "{key} of our drop-in does not count: {path} wins", "take {key} out of {path}, then systemctl restart {unit}")
SHADOWED = Kind("setting_shadowed", NOTE, "{path} sets {key} as well, and loses to our drop-in", "take {key} out of {path}")
DROPIN_MISSING = Kind("dropin_missing", WARNING, "{unit} has no drop-in of ours: its environment is not managed", "run the play site (role ollama_server)")
MISREAD = Kind("value_misread", PROBLEM, "the server does not read {key}={value} as it was meant: {meaning}", "set {key} to {wanted}, where {path} sets it")
MISSPELT = Kind("variable_unknown", WARNING, "{key} is no variable of Ollama's; {meant} is", "rename it in {path}")
SECONDS = Kind(
    "keep_alive_short",
    WARNING,
    "OLLAMA_KEEP_ALIVE={value} is {length}: a number without a unit is seconds",
    "write a unit, such as 30m (ollama_server_keep_alive)",
)
AT_ONCE = Kind(
    "strays_unloaded",
    NOTE,
    "OLLAMA_KEEP_ALIVE={value} unloads every model that is not declared after each request: whoever asks for it next waits for a load",
    "ollama_server_keep_alive: 30m, unless that is what you want",
)
FOR_EVER = Kind(
    "strays_for_ever",
    NOTE,
    "OLLAMA_KEEP_ALIVE={value} keeps every model that anybody loads for ever: any of them may push a pin out",
    "ollama_server_keep_alive: 30m; pins stay for ever by their own keep_alive",
)
KINDS = (
    UNIT_MISSING, UNIT_MASKED, UNIT_BROKEN, UNIT_STOPPED, UNIT_FAILED, UNIT_STARTING, UNIT_DISABLED, RESTART_DUE, PENDING, RELOAD_DUE, OVERRIDDEN, SHADOWED,
    DROPIN_MISSING, MISREAD, MISSPELT, SECONDS, AT_ONCE, FOR_EVER,
)  # fmt: skip
_ALARMING = 60  # seconds
_WITHOUT_UNIT = re.compile(r"\+?\d+", re.ASCII)


def check(look: Examination) -> Iterator[Finding]:
    """Everything about the unit and its environment."""
    if look.unit is None or ((look.is_elsewhere or look.container) and not look.unit.unit.exists):
        return
    state = list(_state(look, look.unit))
    yield from state
    if look.unit.unit.load_state in ("not-found", "masked"):
        return
    yield from _files(look.unit)
    yield from _restart(look.unit)
    yield from _values(look.unit)


def _state(whole: Examination, look: UnitLook) -> Iterator[Finding]:
    unit, source = look.unit, f"systemctl show {look.unit.name}"
    shown = seen(source, f"LoadState={unit.load_state} ActiveState={unit.active_state} Result={look.properties.get('Result', '')}")
    failed = evidence_of_end(whole) if unit.active_state == "failed" else []
    for word, kind in (("not-found", UNIT_MISSING), ("masked", UNIT_MASKED)):
        if unit.load_state == word:
            yield kind.found(shown, unit=unit.name)
            return
    if unit.load_state != "loaded":
        yield UNIT_BROKEN.found(shown, unit=unit.name)
    kinds = {"inactive": UNIT_STOPPED, "deactivating": UNIT_STOPPED, "failed": UNIT_FAILED, "activating": UNIT_STARTING}
    if unit.active_state in kinds and not unit.sub_state.startswith("auto-restart"):  # of which the checks of crash loops tell
        yield kinds[unit.active_state].found(shown, *failed, unit=unit.name, state=f"{unit.active_state} ({unit.sub_state})")
    if unit.active_state == "active" and unit.file_state == "disabled":
        yield UNIT_DISABLED.found(seen(source, "UnitFileState=disabled"), unit=unit.name)


def _files(look: UnitLook) -> Iterator[Finding]:
    unit = look.unit.name
    if look.dropin is None:
        yield DROPIN_MISSING.found(seen("drop-ins", " ".join(look.unit.dropin_paths) or "none"), unit=unit)
    if look.behind_disk:
        yield RELOAD_DUE.found(seen(f"systemctl show {unit}", f"DropInPaths={' '.join(look.unit.dropin_paths)}"), unit=unit)
    for conflict in look.effective.conflicts:
        evidence = (setting(conflict.path, conflict.key, conflict.value), seen("drop-in", conflict.sentence()))
        kind = OVERRIDDEN if conflict.wins else SHADOWED
        yield kind.found(*evidence, key=conflict.key, path=conflict.path, unit=unit)


def _restart(look: UnitLook) -> Iterator[Finding]:
    for kind, reasons in ((RESTART_DUE, look.restart.due), (PENDING, look.restart.pending)):
        for reason in reasons:
            yield kind.found(seen(f"/proc/{look.unit.main_pid}", reason), unit=look.unit.name, reason=reason)


def _values(look: UnitLook) -> Iterator[Finding]:
    for key, value in sorted(look.environment.items()):
        if value is not None:
            yield from _value(look, key, value)


def _value(look: UnitLook, key: str, value: str) -> Iterator[Finding]:
    winner = look.winners.get(key)
    path = winner.path if winner else f"/proc/{look.unit.main_pid}/environ"
    evidence = setting(path, key, value)
    meaning = misread(key, value)
    meant = meant_by(key)
    if meaning:
        yield MISREAD.found(evidence, key=key, value=masked(key, value), meaning=meaning.told, wanted=meaning.wanted, path=path)
    elif meant:
        yield MISSPELT.found(evidence, key=key, meant=meant, path=path)
    elif key == "OLLAMA_KEEP_ALIVE":
        yield from _keep_alive(value, evidence)


def _keep_alive(value: str, evidence: Evidence) -> Iterator[Finding]:
    keep_alive = read_keep_alive(value)
    if keep_alive.is_forever:
        yield FOR_EVER.found(evidence, value=value)
    elif keep_alive.nanoseconds == 0:
        yield AT_ONCE.found(evidence, value=value)
    elif _WITHOUT_UNIT.fullmatch(read(value)) and keep_alive.as_timedelta().total_seconds() < _ALARMING:
        yield SECONDS.found(evidence, value=value, length=str(keep_alive))
