# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journals of the server's unit and of the kernel say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .._base.text import utc
from .examination import Entry, Examination, JournalLook
from .finding import NOTE, PROBLEM, Evidence, Finding, Kind, seen
from .journal_patterns import (
    GPU_DISCOVERY,
    GPU_FAULT,
    GPU_LOST,
    GPU_UNREADABLE,
    KERNEL_PATTERNS,
    PATTERNS,
    RELOADED,
    RUNNER_DIED,
    Pattern,
    kind_of,
)
from .journal_patterns import KINDS as PATTERN_KINDS

CPU_ONLY = Kind(
    "cpu_only_start",
    PROBLEM,
    "{unit} found no GPU at its start, though this host has one ({gpu}): all models are on the CPU",
    "once the driver works (nvidia-smi, /dev/nvidia*, /dev/kfd): systemctl restart {unit}; ollama_server_gpu has a start wait for it",
)
INTEGRATED = Kind(
    "integrated_gpu_unused",
    NOTE,
    "{unit} found no GPU but an integrated one ({gpu}), which Ollama leaves alone by default: all models are on the CPU",
    "nothing; or OLLAMA_IGPU_ENABLE=1 (ollama_server_environment) to use it, which shares the machine's memory",
)
SILENT = Kind(
    "journal_silent",
    NOTE,
    "{unit} runs, but the journal holds no line of it: evictions, aborted loads and the like do not show",
    "look for StandardOutput= in systemctl cat {unit}, and for Storage= in journald.conf",
)
AFTER_SUSPEND = Kind(
    "gpu_lost_after_suspend",
    PROBLEM,
    "the host was suspended, and {unit} has no GPU since it resumed",
    "systemctl stop {unit}; rmmod nvidia_uvm && modprobe nvidia_uvm; systemctl start {unit}",
)
KINDS = (CPU_ONLY, INTEGRATED, SILENT, AFTER_SUSPEND, *PATTERN_KINDS)
_DEVICE = 'msg="inference compute"'
_ON_CPU = "library=cpu"
_DROPPED = "dropping integrated GPU"
_RESUMED = "PM: suspend exit"
_WITHOUT_GPU = frozenset({GPU_LOST, GPU_FAULT, GPU_UNREADABLE, GPU_DISCOVERY})
_AT_ONCE = 5.0  # seconds between a runner's end and the load that follows from it


def check(look: Examination) -> Iterator[Finding]:
    """What was logged, a finding for each kind of line; what was before the present start is a note at most."""
    journal = look.journal
    if journal is None:
        return
    yield from _silence(look, journal)
    yield from _cpu_only(look, journal)
    present = [*journal.startup, *(entry for entry in journal.current if entry not in journal.startup)]
    yield from _after_suspend(look, journal, present)
    found = list(_matched(look, present, PATTERNS, f"journalctl -u {look.unit_name}"))
    found += _matched(look, [entry for entry in journal.kernel if entry.time >= journal.began], KERNEL_PATTERNS, "journalctl -k")
    yield from found
    told = {finding.code for finding in found}
    yield from (finding for finding in _earlier(look, journal) if finding.code not in told)


def _earlier(look: Examination, journal: JournalLook) -> Iterator[Finding]:
    source, before = f"journalctl -u {look.unit_name}, before its present start", f"journalctl -k, before the present start of {look.unit_name}"
    found = list(_matched(look, journal.earlier, PATTERNS, source, NOTE))
    yield from found
    kernels = _matched(look, [entry for entry in journal.kernel if entry.time < journal.began], KERNEL_PATTERNS, before, NOTE)
    yield from (finding for finding in kernels if finding.code not in {each.code for each in found})


def _silence(look: Examination, journal: JournalLook) -> Iterator[Finding]:
    if look.unit and look.unit.process and not (journal.startup or journal.current or journal.earlier):
        yield SILENT.found(seen(f"journalctl -u {look.unit_name}", "no entries"), unit=look.unit_name)


def _cpu_only(look: Examination, journal: JournalLook) -> Iterator[Finding]:
    devices = [entry for entry in journal.startup if _DEVICE in entry.message]
    on_cpu = devices and all(_ON_CPU in entry.message for entry in devices)
    if on_cpu and look.gpu_expected:
        dropped = [entry for entry in journal.startup if _DROPPED in entry.message] if _may_be_integrated(look) else []
        kind = INTEGRATED if dropped else CPU_ONLY
        evidence = [_line(entry, f"journalctl -u {look.unit_name}") for entry in (*dropped[-1:], devices[-1])]
        yield kind.found(*evidence, seen("GPU", look.gpu_expected), unit=look.unit_name, gpu=look.gpu_expected)


def _may_be_integrated(look: Examination) -> bool:
    """Whether one that the server dropped is all there is to expect."""
    declared = look.policy is not None and any(model.min_gpu_percent for model in look.policy.models)
    return not declared and look.driver.vendors == {"amd"} and len(look.driver.cards.get("amd", ())) < 2


def _after_suspend(look: Examination, journal: JournalLook, present: Sequence[Entry]) -> Iterator[Finding]:
    """NVIDIA's module for CUDA may lose its state by a suspend, and finds it again only when it is loaded anew."""
    resumed = max((entry for entry in journal.kernel if _RESUMED in entry.message), key=lambda entry: entry.time, default=None)
    if resumed is None or "nvidia" not in look.driver.vendors:
        return
    since = [entry for entry in present if entry.time > resumed.time]
    lost = next((entry for entry in since if kind_of(entry.message) in _WITHOUT_GPU or (_DEVICE in entry.message and _ON_CPU in entry.message)), None)
    if lost:
        yield AFTER_SUSPEND.found(_line(resumed, "journalctl -k"), _line(lost, f"journalctl -u {look.unit_name}"), unit=look.unit_name)


def _matched(look: Examination, entries: Iterable[Entry], patterns: tuple[Pattern, ...], source: str, severity: str | None = None) -> Iterator[Finding]:
    by_kind: dict[Kind, list[Entry]] = {}
    for entry in entries:
        kind = kind_of(entry.message, patterns)
        if kind and not (kind == RELOADED and _just_died(by_kind, entry)):
            by_kind.setdefault(kind, []).append(entry)
    for kind, lines in by_kind.items():
        yield kind.found(*_first_and_last(lines, source), severity=severity, unit=look.unit_name, address=look.address, count=len(lines))


def _just_died(by_kind: Mapping[Kind, Sequence[Entry]], reload: Entry) -> bool:
    """A dead runner is loaded anew by the same line, for which no client's options are to blame (docs/ollama-semantics.md#crashed-runners)."""
    ends = by_kind.get(RUNNER_DIED, ())
    return bool(ends) and reload.time - ends[-1].time <= _AT_ONCE


def _first_and_last(lines: Sequence[Entry], source: str) -> list[Evidence]:
    return [_line(entry, source) for entry in dict.fromkeys((lines[0], lines[-1]))]


def _line(entry: Entry, source: str) -> Evidence:
    when = utc(entry.time)
    return seen(f"{source}, {when}", entry.message)
