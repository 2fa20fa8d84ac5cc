# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A made-up /proc."""

from __future__ import annotations

import ipaddress
import pathlib
import struct

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.processes import living_runners

A, B = "a1" * 32, "b2" * 32
UNIT = "ollama.service"
V2 = "0::/system.slice/ollama.service\n"
SERVE = ("/usr/local/bin/ollama", "serve")
INIT = "0::/init.scope\n"


def llama_server(blob: str) -> tuple[str, ...]:
    """The command line since 0.30."""
    return ("/usr/local/lib/ollama/llama-server", "--model", f"/m/blobs/sha256-{blob}", "--port", "40001", "--host", "127.0.0.1", "--no-webui")


def ollama_runner(blob: str) -> tuple[str, ...]:
    """The command line before."""
    return ("/usr/local/bin/ollama", "runner", "--ollama-engine", "--model", f"/m/blobs/sha256-{blob}", "--port", "40001")


class Proc:
    """A made-up /proc."""

    def __init__(self, root: pathlib.Path, init: str | None = INIT) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        if init is not None:
            self.add(1, 0, ("/sbin/init",), cgroup=init)

    def add(
        self,
        pid: int,
        parent: int,
        arguments: tuple[str, ...],
        *,
        cgroup: str = V2,
        state: str = "S",
        name: str = "ollama",
        cpu: tuple[int, int] = (0, 0),
    ) -> None:
        """A process; a zombie's command line is empty."""
        home = self.root / str(pid)
        home.mkdir()
        (home / "cgroup").write_text(cgroup)
        times = [str(ticks) for ticks in cpu]
        rest = " ".join(["0"] * 9 + times + ["0"] * 6 + [str(pid * 100)] + ["0"] * 30)
        (home / "stat").write_text(f"{pid} ({name}) {state} {parent} {rest}\n")
        (home / "cmdline").write_bytes(b"" if state == "Z" else b"".join(argument.encode() + b"\0" for argument in arguments))

    def alive(self, blob: str, unit: str = UNIT) -> bool | None:
        runners = living_runners(unit, str(self.root))
        return runners.alive(blob) if runners else None

    def network(self, pid: int, *sockets: str) -> None:
        """What the process's /proc/PID/net/tcp has: lines of `socket_line`."""
        folder = self.root / str(pid) / "net"
        folder.mkdir(exist_ok=True)
        heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
        (folder / "tcp").write_text("\n".join([heading, *sockets, ""]))

    def user(self, pid: int, uid: int) -> None:
        """Whom the process runs as."""
        (self.root / str(pid) / "status").write_text(f"Name:\tollama\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")


def listening(port: int, inode: int, uid: int = 0, host: str = "0.0.0.0") -> str:
    """A line of /proc/net/tcp."""
    return f"   0: {_hexadecimal(host, port)} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 {uid:5} 0 {inode} 1 0000000000000000 100 0 0 10 0"


def established(port: int, peer: str, inode: int = 999) -> str:
    """The same of a connection to that port."""
    host, remote = peer.split(":")
    return f"   1: {_hexadecimal('10.88.0.5', port)} {_hexadecimal(host, int(remote))} 01 00000000:00000000 00:00000000 00000000     0 0 {inode} 1 0"


def _hexadecimal(host: str, port: int) -> str:
    return f"{struct.unpack('=I', ipaddress.ip_address(host).packed)[0]:08X}:{port:04X}"
