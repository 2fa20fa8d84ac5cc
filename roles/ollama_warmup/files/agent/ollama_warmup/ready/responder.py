# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers load balancers on sockets that systemd has opened. It may do nothing else: it reads the readiness file, and has no network of its own.

One thread, which waits for nobody: a client that is slow costs a place, and loses it to the next one when all are taken.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial

from keepwarm._base.readers import InvalidValue

from .answers import Ask, agent_answer, http_answer

IDLE = 600.0
"""Seconds after which nobody asks any more; systemd starts it again for the next one."""
PATIENCE = 5.0
"""Seconds for a client to say what it wants, and to take the answer."""
AT_ONCE = 128
_LONGEST_HEAD = 8192  # bytes; only the first line counts, so what is longer is cut off
_LONGEST = 65536  # bytes that are taken from one client, so that it gets its answer before the connection is closed
_ENDS = (b"\r\n\r\n", b"\n\n")
_FIRST = 3  # sd_listen_fds(3)


def inherited(environment: Mapping[str, str]) -> list[socket.socket]:
    """The sockets that systemd hands over (sd_listen_fds(3)). Raises `InvalidValue` where it hands over none."""
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit() or not int(count):
        raise InvalidValue("no socket was handed over: ollama-warmup-ready.socket starts this, nobody else")
    return [socket.socket(fileno=_FIRST + place) for place in range(int(count))]


class Client:
    """One connection. deadline: by time.monotonic()."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        connection.setblocking(False)
        self.connection, self.deadline = connection, deadline
        self._head, self._received, self._is_answered = b"", 0, False

    def read(self, ask: Ask) -> bool:
        """What it has sent; whether more is to come. Raises `OSError`."""
        with suppress(BlockingIOError):
            more = self.connection.recv(_LONGEST_HEAD)
            self._received += len(more)
            if not self._is_answered:
                self._head += more
                if not more or len(self._head) >= _LONGEST_HEAD or any(end in self._head for end in _ENDS):
                    self.answer(http_answer(self._head, ask))
            return bool(more) and self._received < _LONGEST
        return True

    def answer(self, text: bytes) -> None:
        """It fits in any socket's buffer. What the client has still to say is read before the connection is closed, which would take the answer
        away from it (RFC 9112, 9.6). Raises `OSError`."""
        self._head, self._is_answered = b"", True
        self.connection.sendall(text)
        self.connection.shutdown(socket.SHUT_WR)


class Responder:
    """`agent_port` is where HAProxy's agent-check is answered; on all other ports HTTP is."""

    def __init__(self, sockets: Iterable[socket.socket], agent_port: int | None, ask: Ask, idle: float = IDLE, patience: float = PATIENCE) -> None:
        self._sockets, self._agent_port, self._ask, self._idle, self._patience = list(sockets), agent_port, ask, idle, patience
        self._selector = selectors.DefaultSelector()
        self._clients: dict[int, Client] = {}  # the oldest first

    def serve(self) -> None:
        """Until nobody has asked for a while."""
        for one in self._sockets:
            one.setblocking(False)
            self._selector.register(one, selectors.EVENT_READ, partial(self._accept, one))
        with self._selector:
            while self._clients or self._wait(self._idle):
                self._end_late()
                if self._clients:
                    self._wait(max(0.0, next(iter(self._clients.values())).deadline - time.monotonic()))

    def _wait(self, seconds: float) -> bool:
        """Whether anything has happened, which is then dealt with."""
        events = self._selector.select(seconds)
        for key, _event in events:
            key.data()
        return bool(events)

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):  # it is gone already
            connection, _address = listening.accept()
            self._begin(Client(connection, time.monotonic() + self._patience), listening.getsockname()[1] == self._agent_port)

    def _begin(self, client: Client, is_agent: bool) -> None:
        while len(self._clients) >= AT_ONCE:
            self._end(next(iter(self._clients)))
        place = client.connection.fileno()
        self._clients[place] = client
        self._selector.register(client.connection, selectors.EVENT_READ, partial(self._read, place))
        if is_agent:
            try:
                client.answer(agent_answer(self._ask(None)))
            except OSError:
                self._end(place)

    def _read(self, place: int) -> None:
        client = self._clients.get(place)
        if client is None:  # it has just lost its place
            return
        try:
            goes_on = client.read(self._ask)
        except OSError:
            goes_on = False
        if not goes_on:
            self._end(place)

    def _end(self, place: int) -> None:
        connection = self._clients.pop(place).connection
        self._selector.unregister(connection)
        connection.close()

    def _end_late(self) -> None:
        now = time.monotonic()
        for place in [place for place, client in self._clients.items() if client.deadline <= now]:
            self._end(place)
