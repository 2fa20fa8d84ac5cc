# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers load balancers on sockets that systemd has opened. It may do nothing else: it reads the readiness file, and has no network of its own."""

from __future__ import annotations

import os
import selectors
import socket
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from keepwarm._base.readers import InvalidValue

from .answers import Ask, agent_answer, http_answer

IDLE = 600.0
"""Seconds after which nobody asks any more; systemd starts it again for the next one."""
_PATIENCE = 5.0  # seconds for a client to say what it wants
_LONGEST_HEAD = 8192  # bytes
_AT_ONCE = 64
_FIRST = 3  # sd_listen_fds(3)


def inherited(environment: Mapping[str, str]) -> list[socket.socket]:
    """The sockets that systemd hands over (sd_listen_fds(3)). Raises `InvalidValue` where it hands over none."""
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit() or not int(count):
        raise InvalidValue("no socket was handed over: ollama-warmup-ready.socket starts this, nobody else")
    return [socket.socket(fileno=_FIRST + place) for place in range(int(count))]


class Responder:
    """`agent_port` is where HAProxy's agent-check is answered; on all other ports HTTP is."""

    def __init__(self, sockets: Iterable[socket.socket], agent_port: int | None, ask: Ask, idle: float = IDLE) -> None:
        self._sockets, self._agent_port, self._ask, self._idle = list(sockets), agent_port, ask, idle
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def serve(self) -> None:
        """Until nobody has asked for a while."""
        with selectors.DefaultSelector() as selector:
            for one in self._sockets:
                one.setblocking(False)
                selector.register(one, selectors.EVENT_READ)
            while True:
                ready: Sequence[selectors.SelectorKey] = [key for key, _events in selector.select(self._idle)]
                if not ready:
                    return
                for key in ready:
                    self._accept(key.fileobj)

    def _accept(self, listening: object) -> None:
        if not isinstance(listening, socket.socket):
            return
        with suppress(OSError):
            connection, _address = listening.accept()
            if not self._free.acquire(blocking=False):
                connection.close()
                return
            is_agent = listening.getsockname()[1] == self._agent_port
            threading.Thread(target=self._answer, args=(connection, is_agent), daemon=True).start()

    def _answer(self, connection: socket.socket, is_agent: bool) -> None:
        try:
            with connection, suppress(OSError):
                connection.settimeout(_PATIENCE)
                connection.sendall(agent_answer(self._ask(None)) if is_agent else http_answer(_head(connection), self._ask))
                connection.shutdown(socket.SHUT_WR)
        finally:
            self._free.release()


def _head(connection: socket.socket) -> bytes:
    """Up to its empty line; what is longer is cut off, since only its first line counts."""
    found = b""
    while len(found) < _LONGEST_HEAD and b"\r\n\r\n" not in found and b"\n\n" not in found:
        more = connection.recv(_LONGEST_HEAD)
        if not more:
            break
        found += more
    return found
