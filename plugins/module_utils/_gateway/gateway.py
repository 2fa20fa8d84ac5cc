# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway as a whole: refuse what cannot be, write what differs, have nginx load it, and take it back where nginx does not."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from .._base.files import read_bytes, replace_file
from .._base.layout import GATEWAY_RECORD
from .._base.systemctl import RunWith, SystemctlError
from .._base.text import one_line
from . import nginx
from .site import CONFIGURATION, COUNTED, DROPIN, PROGRAM, Change, Contents, GatewayError, carry_out, changes, digest, make_log, ours, refuse_others, undo

_LIMIT = 4 << 20  # bytes
_MARGIN = 2.0  # seconds by which clocks of files and processes may differ


@dataclass(frozen=True)
class Wanted:
    """The contents of all files by path, the addresses to listen at, the certificate and its key, both empty without TLS, and whom nginx' workers
    run as."""

    contents: Contents
    listen: list[tuple[str, int]]
    certificate: str = ""
    key: str = ""
    user: str = ""


@dataclass(frozen=True)
class Done:
    """What was changed, or would be."""

    changes: list[Change]
    loaded: bool


def have(run: RunWith, wanted: Wanted, check_mode: bool) -> Done:
    """Have the gateway as wanted. Raises `GatewayError`, `SystemctlError`, `OSError`; nothing is changed then."""
    refuse(run, wanted)
    due = changes(wanted.contents)
    loaded = any(change.path not in (PROGRAM, *COUNTED) for change in due) or not _is_loaded(run, wanted)
    if loaded and nginx.is_installed():
        nginx.refuse_wrong(run, wanted.contents)
    if (due or loaded) and not check_mode:
        make_log(wanted.user)
        _replace(run, due, loaded)
        _note(wanted)
    return Done(due, loaded)


def refuse(run: RunWith, wanted: Wanted) -> None:
    """What could not be served, whatever the configuration says. Raises `GatewayError`, `SystemctlError`, `OSError`."""
    refuse_others(wanted.contents)
    _refuse_certificate(wanted)
    nginx.refuse_taken(run, wanted.listen)


def remove(run: RunWith, check_mode: bool) -> Done:
    """Have no gateway. nginx stays, and serves what else it is configured for."""
    due = changes(dict.fromkeys(ours()))
    # The record outlives the files: a removal that was killed between may have left nginx with the configuration.
    is_served = os.path.exists(GATEWAY_RECORD) or any(change.path == CONFIGURATION for change in due)
    loaded = is_served and nginx.main_pid(run) > 0
    if (due or is_served) and not check_mode:
        _replace(run, due, loaded)
        with suppress(FileNotFoundError):
            os.unlink(GATEWAY_RECORD)
        with suppress(OSError):  # other records are there
            os.rmdir(os.path.dirname(GATEWAY_RECORD))
    return Done(due, loaded)


def _replace(run: RunWith, due: Iterable[Change], load: bool = True) -> None:
    """Raises `GatewayError` when all is as it was before."""
    done, ran = [], nginx.main_pid(run) > 0
    try:
        for change in due:
            done.append(change)
            carry_out(change)
        _tell_systemd(run, done)
        if load:
            nginx.load(run)
    except (GatewayError, SystemctlError, OSError) as error:
        _take_back(run, done, ran)
        raise GatewayError(f"nginx did not take the configuration, and the former one is back: {one_line(str(error))}") from error


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
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(wanted.certificate, wanted.key, lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise GatewayError(f"the key {wanted.key} is not that of the certificate {wanted.certificate}") from error
        raise GatewayError(f"{wanted.certificate} and {wanted.key} are not a certificate and its key, both PEM: {one_line(str(error))}") from error


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
    with suppress(OSError, ValueError, KeyError):
        noted = os.stat(GATEWAY_RECORD).st_mtime >= newest
        if noted and json.loads(read_bytes(GATEWAY_RECORD, _LIMIT))["digest"] == digest(content):
            return True
    return nginx.oldest_worker(run) > newest + _MARGIN


def _note(wanted: Wanted) -> None:
    os.makedirs(os.path.dirname(GATEWAY_RECORD), 0o755, exist_ok=True)
    replace_file(GATEWAY_RECORD, json.dumps({"digest": digest(_loadable(wanted))}).encode() + b"\n", mode=0o600)
