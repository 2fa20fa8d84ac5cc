# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sockets listen on TCP, and whose they are, from /proc. Needs no privilege, but for those of another user's process."""

from __future__ import annotations

import ipaddress
import os
import struct
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass

_LISTEN = "0A"
_ESTABLISHED = "01"


@dataclass(frozen=True)
class ListeningSocket:
    """`host` is 0.0.0.0 or `::` for every interface; `uid` is the user who opened it, `inode` names it."""

    host: str
    port: int
    uid: int
    inode: str


def listening_sockets(proc: str = "/proc") -> Iterator[ListeningSocket]:
    """Every one. `proc` may be the folder of a process, whose network may be another. Raises `OSError` where /proc does not tell."""
    for fields in _rows(proc):
        if fields[3] == _LISTEN:
            host, port = fields[1].split(":")
            yield ListeningSocket(_address(host), int(port, 16), int(fields[7]), fields[9])


def connections_to(ports: Container[int], proc: str = "/proc") -> Iterator[str]:
    """A name for every connection to one of these ports: both its ends. Raises `OSError` where /proc does not tell."""
    for fields in _rows(proc):
        if fields[3] == _ESTABLISHED and int(fields[1].rpartition(":")[2], 16) in ports:
            yield f"{fields[1]} {fields[2]}"


def open_sockets(pid: int, proc: str = "/proc") -> Iterator[str]:
    """The inodes of the sockets that a process has open, as far as it is there and may be asked."""
    folder = f"{proc}/{pid}/fd"
    with suppress(OSError):  # it ended meanwhile, or is another user's
        for name in os.listdir(folder):
            with suppress(OSError):
                target = os.readlink(f"{folder}/{name}")
                if target.startswith("socket:["):
                    yield target[8:-1]


def _rows(proc: str) -> Iterator[list[str]]:
    """The fields of each socket. `proc` is /proc, or the folder of a process in it, whose network may be another."""
    for name in ("tcp", "tcp6"):
        path = f"{proc}/net/{name}"
        if name == "tcp" or os.path.exists(path):  # else a kernel without IPv6
            with open(path, encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
            yield from (fields for fields in rows if len(fields) > 9)


def _address(text: str) -> str:
    """The kernel prints words of four bytes in the machine's own order."""
    packed = b"".join(struct.pack("=I", int(text[start : start + 8], 16)) for start in range(0, len(text), 8))
    address = ipaddress.ip_address(packed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
