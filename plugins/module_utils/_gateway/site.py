# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the gateway on a host: what is wanted, what is there, and what a change comes to."""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from .._base.files import create_empty, read_bytes, replace_file, replace_link
from .._base.layout import GATEWAY_CONFIGURATION, GATEWAY_PROGRAM, GATEWAY_STATE, UNITS
from .._ownership.marks import is_marked, role_mark

NGINX = "/etc/nginx"
FOLDER = f"{NGINX}/ollama-gateway"
CONFIGURATION = GATEWAY_CONFIGURATION
TOKENS = f"{FOLDER}/tokens.map"
DROPIN = f"{UNITS}/nginx.service.d/ollama-gateway.conf"
PROGRAM = GATEWAY_PROGRAM
COUNTED = (f"{GATEWAY_STATE}/metrics.prom", f"{GATEWAY_STATE}/state.json")
"""What the program makes; node_exporter reads the first one through a link."""
COUNTING = ("ollama-gateway-metrics.timer", "ollama-gateway-metrics.service")
LOG = "/var/log/nginx/ollama-gateway.log"
MARK = role_mark("ollama_gateway")

_LIMIT = 4 << 20  # bytes; none of our files comes near it
_OUR_NAME = re.compile(r"keepwarm_[a-z_]+\.js|tokens\.map", re.ASCII)
_COUNT = b"ollama_gateway_requests_total"
_SECRET = re.compile(rb"^\S{20,} ", re.MULTILINE)
Contents = Mapping[str, "bytes | None"]


class GatewayError(Exception):
    """The gateway cannot be had as it was asked for; the message is one sentence."""


@dataclass(frozen=True)
class Change:
    """One file; None where there is none. `mode` is wanted of it. Of a link, `before` and `after` are where it leads."""

    path: str
    before: bytes | None
    after: bytes | None
    mode: int
    is_link: bool = False


def mode_of(path: str) -> int:
    """nginx reads the tokens as root when it loads its configuration; its workers never do."""
    return 0o600 if path == TOKENS else 0o644


def changes(wanted: Contents) -> list[Change]:
    """What differs from the wanted contents, in the order in which nginx may be started at any time; a file of ours that is not wanted goes.

    Raises `GatewayError`, `OSError`.
    """
    found = []
    kept = COUNTED if wanted.get(PROGRAM) else ()
    for path in sorted({*wanted, *ours()} - {*kept}):
        before, after = _content(path), wanted.get(path)
        if before != after or (after is not None and _mode(path) != mode_of(path)):
            found.append(Change(path, before, after, mode_of(path)))
    return sorted(found, key=_turn)


def link_changes(wanted: str, former: Iterable[str]) -> list[Change]:
    """The link for node_exporter at the place that is wanted, "" for none; those that were made at other places go."""
    target, found = COUNTED[0].encode(), []
    for path in sorted({wanted, *former} - {""}):
        before, after = _target(path), target if path == wanted else None
        if before != after and (path == wanted or before == target):
            found.append(Change(path, before, after, 0, is_link=True))
    return found


def _target(path: str) -> bytes | None:
    try:
        return os.fsencode(os.readlink(path))
    except OSError:  # there is none, or it is no link
        return None


def _turn(change: Change) -> int:
    """The configuration names the other files: they are written before it, and removed after it."""
    return 1 if change.path == CONFIGURATION else 2 if change.after is None else 0


def ours() -> Iterator[str]:
    """The files of ours that are there. Others in the folder, such as a key that somebody keeps there, are not ours to read or remove."""
    with suppress(FileNotFoundError):
        found = [os.path.join(FOLDER, name) for name in os.listdir(FOLDER) if _OUR_NAME.fullmatch(name)]
        yield from (path for path in found if os.path.isfile(path) and not os.path.islink(path))
    for path in (CONFIGURATION, DROPIN, PROGRAM):
        content = _content(path)
        if content is not None and is_marked(path, content, MARK):
            yield path
    for path in COUNTED:
        with suppress(OSError):  # others can write to the folder
            if _COUNT in read_bytes(path, _LIMIT):
                yield path


def refuse_others(wanted: Contents) -> None:
    """Raises `GatewayError` where somebody else's file stands in the way."""
    for path in (CONFIGURATION, DROPIN, PROGRAM):
        content = _content(path)
        if path in wanted and content is not None and not is_marked(path, content, MARK):
            raise GatewayError(f"{path} is not of this role: move it away, since the gateway's own file has that name")


def carry_out(change: Change) -> None:
    """Write or remove the file. Raises `OSError`."""
    if change.after is None:
        with suppress(FileNotFoundError):
            os.unlink(change.path)
        if change.path != CONFIGURATION and not change.is_link:  # those folders are others'
            with suppress(OSError):  # not ours, or not empty
                os.rmdir(os.path.dirname(change.path))
        return
    os.makedirs(os.path.dirname(change.path), 0o755, exist_ok=True)
    if change.is_link:
        replace_link(change.path, os.fsdecode(change.after))
    else:
        replace_file(change.path, change.after, mode=change.mode)


def make_log(user: str) -> None:
    """Have the log as logrotate makes it anew for this user of nginx' workers; nginx would let everybody read it. Raises `OSError`."""
    try:
        owner = pwd.getpwnam(user).pw_uid, grp.getgrnam("adm").gr_gid
    except KeyError:
        return
    os.makedirs(os.path.dirname(LOG), 0o755, exist_ok=True)
    create_empty(LOG, 0o640, owner)


def undo(change: Change) -> None:
    """Have the file as it was. Raises `OSError`."""
    carry_out(replace(change, before=change.after, after=change.before))


def shown(change: Change) -> dict[str, str]:
    """The change as a diff of Ansible's, without the hashes of tokens."""
    return {
        "before_header": change.path,
        "after_header": change.path,
        "before": _readable(change.path, change.before),
        "after": _readable(change.path, change.after),
    }


def digest(paths: Mapping[str, bytes]) -> str:
    """One word for all these contents."""
    whole = hashlib.sha256()
    for path, content in sorted(paths.items()):
        whole.update(f"{path}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _readable(path: str, content: bytes | None) -> str:
    if content is None:
        return ""
    text = _SECRET.sub(lambda found: b"HASH-" + _number(found[0]) + b" ", content) if path == TOKENS else content
    return text.decode("utf-8", "replace")


def _number(secret: bytes) -> bytes:
    """Tells that a token is another one, and nothing of it: the hash of a hash, cut short."""
    return hashlib.sha256(b"shown:" + secret).hexdigest()[:6].encode()


def _content(path: str) -> bytes | None:
    try:
        return read_bytes(path, _LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)
