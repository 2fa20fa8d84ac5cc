# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The notifier: sends what is pending to every address, and stays for as long as one has not got it.

Staying is what retries: were it to end with something left, systemd, which starts it whenever something is there, would start it
over and over. Each address has its own growing delay, so that a dead one holds up no other.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Callable

from .. import exits
from ..instance import Instance
from ..journal import NOTICE, WARNING, log
from . import endpoints
from .delivery_log import DeliveryLog, address_hash
from .fates import Fates
from .message import compose, news
from .pending import Entry, Pending

_FIRST_DELAY = 2.0  # seconds, doubled with every failure
_LONGEST_DELAY = 900.0
_POLL = 2.0  # seconds between two looks for news while an address is dead
_OLDEST = 86400.0  # seconds; what is older than a day is in the journal
_CREDENTIAL = "urls"

Say = Callable[..., None]


@dataclass
class Address:
    """`place` is its index in the role's variable, all that is ever told of it. Times are of the monotonic clock."""

    place: int
    url: str
    due: float = 0.0
    delay: float = _FIRST_DELAY
    failures: int = 0
    reason: str | None = None


class Sender:
    """`delivered` and `fates` outlive it. `origin` is the host's name and the instance's."""

    def __init__(self, pending: Pending, delivered: DeliveryLog, fates: Fates, urls: Sequence[str], origin: tuple[str, str], say: Say) -> None:
        self._pending = pending
        self._delivered = delivered
        self._fates = fates
        self._addresses = [Address(place, url) for place, url in enumerate(urls)]
        self._origin = origin
        self._say = say

    def run(self) -> None:
        """Return when nothing is left to send. Raises `OSError` for the folders."""
        while self.send_due():
            time.sleep(_POLL)

    def send_due(self) -> bool:
        """Try every address whose time it is; tells whether anything is left."""
        entries = self._current()
        for address in self._addresses:
            delivery = self._delivered.deliveries[address_hash(address.url)]
            left = [entry for entry in entries if entry.name not in delivery.sent]
            if left and time.monotonic() >= address.due:
                self._attempt(address, left)
            elif left and address.reason is not None:  # a test that came meanwhile shares the fate of what is put off
                self._fates.note(_tests(left), address.place, address.reason)
        done = [entry.name for entry in entries if all(entry.name in delivery.sent for delivery in self._delivered.deliveries.values())]
        self._pending.remove(done)
        self._delivered.forget_all_but({entry.name for entry in entries} - set(done))
        self._delivered.save()
        return len(done) < len(entries)

    def _current(self) -> list[Entry]:
        entries = self._pending.read()
        old = [entry.name for entry in entries if entry.at < time.time() - _OLDEST]
        self._pending.drop(old, "they are older than a day")
        return [entry for entry in entries if entry.name not in old]

    def _attempt(self, address: Address, left: Sequence[Entry]) -> None:
        delivery = self._delivered.deliveries[address_hash(address.url)]
        fresh, result = news(left, delivery.result)
        message = compose(fresh, *self._origin) if fresh else None
        reason = endpoints.send(address.url, message.kind, message.title, message.body) if message else None
        self._fates.note(_tests(left), address.place, reason)
        if reason is not None:
            self._put_off(address, reason)
            return
        delivery.sent |= {entry.name for entry in left}
        delivery.result = result
        self._delivered.save()  # before the next address, which may take minutes to fail
        if address.failures:
            self._say(NOTICE, "notification_sent", url=address.place, failures_before=address.failures)
        address.due, address.delay, address.failures, address.reason = 0.0, _FIRST_DELAY, 0, None

    def _put_off(self, address: Address, reason: str) -> None:
        if reason != address.reason:
            self._say(WARNING, "notification_failed", url=address.place, reason=reason, retry="with growing delay")
        address.failures += 1
        address.reason = reason
        address.due = time.monotonic() + address.delay
        address.delay = min(2 * address.delay, _LONGEST_DELAY)


def _tests(entries: Sequence[Entry]) -> list[str]:
    return [entry.name for entry in entries if any(event.name == "test" for event in entry.events)]


def notify(instance: Instance, environment: Mapping[str, str]) -> int:
    """What the unit runs, with the folders that systemd names in the environment; returns an exit status."""
    credentials, state = environment.get("CREDENTIALS_DIRECTORY"), environment.get("STATE_DIRECTORY")
    if credentials is None or state is None:
        print(f"ollama-warmup: only {instance.notifier} can send, which alone knows where to: systemctl start {instance.notifier}", file=sys.stderr)
        return exits.BAD_CONFIGURATION
    say = partial(log, stream=endpoints.silence(2))
    try:
        _send(instance, credentials, state, say)
    except OSError as error:
        say(WARNING, "notifier_failed", path=error.filename, reason=error.strerror)
        return exits.NOT_RESIDENT
    return exits.WARM


def _send(instance: Instance, credentials: str, state: str, say: Say) -> None:
    with open(os.path.join(credentials, _CREDENTIAL), encoding="utf-8") as file:
        urls = [line for line in file.read().split("\n") if line and not line.startswith("#")]
    pending = Pending(instance.notifications, say)
    if not urls:
        pending.drop([entry.name for entry in pending.read()], "no address is set")
        return
    Sender(pending, DeliveryLog(state, urls), Fates(state, len(urls)), urls, (socket.gethostname(), instance.name), say).run()
