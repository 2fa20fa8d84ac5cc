# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway as a whole: refuse what cannot be, write what differs, have nginx load it, and take it back where nginx does not."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .._base.files import read_bytes, replace_file
from .._base.layout import GATEWAY_RECORD
from .._base.systemctl import RunWith, SystemctlError
from .._base.text import one_line
from . import nginx
from .site import (
    CONFIGURATION,
    COUNTED,
    COUNTING,
    DROPIN,
    PROGRAM,
    Change,
    Contents,
    GatewayError,
    carry_out,
    changes,
    digest,
    link_changes,
    make_log,
    ours,
    refuse_others,
    undo,
)

_LIMIT = 4 << 20  # bytes
_MARGIN = 2.0  # seconds by which clocks of files and processes may differ


@dataclass(frozen=True)
class Wanted:
    """The contents of all files by path, the addresses to listen at, the certificate and its key, both empty without TLS, whom nginx' workers
    run as, and where node_exporter finds the metrics if requests are counted."""

    contents: Contents
    listen: list[tuple[str, int]]
    certificate: str = ""
    key: str = ""
    user: str = ""
    link: str = ""

    @property
    def shown_at(self) -> str:
        """The link that is to be there; empty for none."""
        return self.link if self.contents.get(PROGRAM) else ""


@dataclass(frozen=True)
class Done:
    """What was changed, or would be."""

    changes: list[Change]
    loaded: bool


def have(run: RunWith, wanted: Wanted, check_mode: bool) -> Done:
    """Have the gateway as wanted. Raises `GatewayError`, `SystemctlError`, `OSError`; nothing is changed then."""
    refuse(run, wanted)
    record = _record()
    due = changes(wanted.contents)
    loaded = any(change.path not in (PROGRAM, *COUNTED) for change in due) or not _is_loaded(run, wanted)
    due += link_changes(wanted.shown_at, [str(record.get("link", "")), wanted.link])
    if loaded and nginx.is_installed():
        nginx.refuse_wrong(run, wanted.contents)
    if (due or loaded) and not check_mode:
        make_log(wanted.user)
        made = _makes_folder(record, wanted.shown_at)
        _replace(run, due, loaded, wanted.listen)
        _note(wanted, made)
        _leave_folder(record, wanted.shown_at)
    return Done(due, loaded)


def _makes_folder(record: Mapping[str, Any], link: str) -> bool:
    """Whether the link's folder is there by us alone."""
    return bool(link) and (not os.path.isdir(os.path.dirname(link)) or (record.get("link") == link and record.get("made_folder") is True))


def _leave_folder(record: Mapping[str, Any], link: str) -> None:
    """Take away the folder of the former link, if it was made for it."""
    former = str(record.get("link", ""))
    if former not in ("", link) and record.get("made_folder") is True:
        with suppress(OSError):  # others use it by now
            os.rmdir(os.path.dirname(former))


def refuse(run: RunWith, wanted: Wanted) -> None:
    """What could not be served, whatever the configuration says. Raises `GatewayError`, `SystemctlError`, `OSError`."""
    refuse_others(wanted.contents)
    _refuse_certificate(wanted)
    nginx.refuse_taken(run, wanted.listen)


def remove(run: RunWith, check_mode: bool, link: str = "") -> Done:
    """Have no gateway. nginx stays, and serves what else it is configured for. `link` is where one may be of which no record tells."""
    record = _record()
    due = [*changes(dict.fromkeys(ours())), *link_changes("", [str(record.get("link", "")), link])]
    # The record outlives the files: a removal that was killed between may have left nginx with the configuration.
    is_served = os.path.exists(GATEWAY_RECORD) or any(change.path == CONFIGURATION for change in due)
    loaded = is_served and nginx.main_pid(run) > 0
    if (due or is_served) and not check_mode:
        _replace(run, due, loaded)
        _leave_folder(record, "")
        with suppress(FileNotFoundError):
            os.unlink(GATEWAY_RECORD)
        with suppress(OSError):  # other records are there
            os.rmdir(os.path.dirname(GATEWAY_RECORD))
    return Done(due, loaded)


def _replace(run: RunWith, due: Collection[Change], load: bool = True, listen: Collection[tuple[str, int]] = ()) -> None:
    """Raises `GatewayError` when all is as it was before."""
    done, ran, counted = [], nginx.main_pid(run) > 0, False
    try:
        if any(change.path == PROGRAM and change.after is None for change in due):
            counted = _stop_counting(run)
        for change in due:
            done.append(change)
            carry_out(change)
        _tell_systemd(run, done)
        if load:
            nginx.load(run, listen)
    except (GatewayError, SystemctlError, OSError) as error:
        _take_back(run, done, ran)
        if counted:
            run(["systemctl", "start", COUNTING[0]])
        raise GatewayError(f"nginx did not take the configuration, and the former one is back: {one_line(str(error))}") from error


def _stop_counting(run: RunWith) -> bool:
    """Whether its timer ran. A run of it would write its files anew after they were removed."""
    ran = run(["systemctl", "is-active", "--quiet", COUNTING[0]])[0] == 0
    run(["systemctl", "stop", *COUNTING])
    return ran


def _take_back(run: RunWith, done: list[Change], ran: bool) -> None:
    for change in reversed(done):
        undo(change)
    _tell_systemd(run, done)
    if ran:
        with suppress(GatewayError, SystemctlError):  # its first words are what the user has to know
            nginx.load(run)


def _tell_systemd(run: RunWith, done: Iterable[Change]) -> None:
    if any(change.path == DROPIN for change in done):
        run(["systemctl", "daemon-reload"])


def _refuse_certificate(wanted: Wanted) -> None:
    if not wanted.certificate:
        return
    for path in (wanted.certificate, wanted.key):
        if not os.path.isfile(path):
            raise GatewayError(f"{path} is no file of this host: put certificate and key there before the gateway")
    asked: list[str] = []

    def passphrase() -> str:
        asked.append(wanted.key)
        return ""

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(wanted.certificate, wanted.key, passphrase)
    except ssl.SSLError as error:
        raise GatewayError(_certificate_problem(wanted, error, bool(asked))) from error


def _certificate_problem(wanted: Wanted, error: ssl.SSLError, has_passphrase: bool) -> str:
    if has_passphrase:
        return f"the key {wanted.key} has a passphrase, for which nginx would ask at each start: give a key without one"
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the key {wanted.key} is not that of the first certificate in {wanted.certificate}"
    return f"{wanted.certificate} and {wanted.key} cannot be used as a certificate and its key, both PEM: {one_line(str(error))}"


def _loadable(wanted: Wanted) -> dict[str, bytes]:
    """All that nginx reads of the gateway, as it is on the disk."""
    paths = [*(path for path in wanted.contents if path != PROGRAM), *([wanted.certificate, wanted.key] if wanted.certificate else [])]
    return {path: read_bytes(os.path.realpath(path), _LIMIT) for path in paths}


def _is_loaded(run: RunWith, wanted: Wanted) -> bool:
    """Whether nginx runs with the files as they are: we had it load them, or it was started later than they were written."""
    if not nginx.main_pid(run):
        return False
    content = _loadable(wanted)
    newest = max(os.stat(os.path.realpath(path)).st_ctime for path in content)
    with suppress(OSError):
        if os.stat(GATEWAY_RECORD).st_mtime >= newest and _record().get("digest") == digest(content):
            return True
    return nginx.oldest_worker(run) > newest + _MARGIN


def _record() -> Mapping[str, Any]:
    """What the last run has noted: what nginx has loaded, where the link for node_exporter is, and whether its folder was made for it."""
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads(read_bytes(GATEWAY_RECORD, _LIMIT))
        return found if isinstance(found, dict) else {}
    return {}


def _note(wanted: Wanted, made_folder: bool) -> None:
    noted = {"digest": digest(_loadable(wanted)), "link": wanted.shown_at, "made_folder": made_folder}
    os.makedirs(os.path.dirname(GATEWAY_RECORD), 0o755, exist_ok=True)
    replace_file(GATEWAY_RECORD, json.dumps(noted).encode() + b"\n", mode=0o600)
