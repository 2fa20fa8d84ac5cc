# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wall clock that jumps, or a machine that sleeps for hours: the server's timers go by the monotonic clock."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.observer import Observer
from support.fake_server import FakeServer, serving
from support.values import policy

MINUTE = 60.0
HOUR = 60 * MINUTE
WARM = {"name": "a", "policy": "warm", "keep_alive": "40m"}


class Host:
    """A server that keeps what is past its expiry by the wall clock, and both clocks."""

    def __init__(self, declared: Any) -> None:
        self.server: FakeServer = serving(["a"])
        self.policy = policy(declared)
        self.monotonic = 1000.0
        self.observer = Observer(self.server, self.policy, clock=lambda: self.monotonic)  # type: ignore[arg-type]

    def request(self, keep_alive: str) -> None:
        """What sets the expiry anew."""
        found = self.server.hold("a", keep_alive)
        self.server.finish_request("a")
        found.busy = True

    def drift(self) -> tuple[str, ...]:
        return make_plan(self.policy, self.observer.look()).verdicts[0].drift

    def wait(self, seconds: float) -> None:
        self.monotonic += seconds
        self.jump(seconds)

    def jump(self, seconds: float) -> None:
        self.server.clock.seconds += seconds


def undisturbed(drift: tuple[str, ...]) -> tuple[str, ...]:
    """That processes are not seen is all the same here."""
    return tuple(word for word in drift if word != "liveness_unknown")


@pytest.mark.parametrize("hours", [5, -5, 24 * 365])
def test_a_clock_that_jumps_changes_nothing_about_a_model(hours: int) -> None:
    host = Host(WARM)
    host.request("40m")
    assert undisturbed(host.drift()) == ()
    host.jump(hours * HOUR)
    assert undisturbed(host.drift()) == ()
    host.wait(39 * MINUTE)
    assert undisturbed(host.drift()) == ()


@pytest.mark.parametrize("hours", [0, 5, -5])
def test_what_stays_past_its_timer_is_stuck_whatever_the_clock_did(hours: int) -> None:
    host = Host(WARM)
    host.request("40m")
    host.drift()
    host.jump(hours * HOUR)
    host.wait(41 * MINUTE)
    assert undisturbed(host.drift()) == ("busy",)
    host.wait(10 * MINUTE)
    assert undisturbed(host.drift()) == ("stuck",)


def test_an_expiry_that_nobody_saw_before_the_jump_is_given_the_declared_time() -> None:
    host = Host(WARM)
    host.request("40m")
    host.drift()
    host.request("39m")
    host.jump(5 * HOUR)
    assert undisturbed(host.drift()) == ()
    host.wait(41 * MINUTE)
    assert undisturbed(host.drift()) == ("busy",)
    host.wait(10 * MINUTE)
    assert undisturbed(host.drift()) == ("stuck",)


def test_a_short_jump_leaves_a_model_that_is_long_past_its_expiry_stuck() -> None:
    host = Host(WARM)
    host.request("40m")
    host.drift()
    host.request("39m")
    host.jump(5 * MINUTE)
    host.wait(56 * MINUTE)
    assert undisturbed(host.drift()) == ("stuck",)


def test_a_pin_that_a_client_shortened_before_the_jump_is_still_about_to_leave() -> None:
    host = Host("a")
    host.request("40m")
    assert undisturbed(host.drift()) == ("expiring",)
    host.jump(5 * HOUR)
    assert undisturbed(host.drift()) == ("expiring",)


def test_a_request_after_the_jump_is_believed() -> None:
    host = Host(WARM)
    host.request("40m")
    host.drift()
    host.jump(5 * HOUR)
    host.request("2h")
    assert undisturbed(host.drift()) == ("overstaying",)


def test_who_looks_for_the_first_time_goes_by_the_expiry() -> None:
    host = Host(WARM)
    host.request("40m")
    host.jump(5 * HOUR)
    assert undisturbed(host.drift()) == ("stuck",)


def test_nothing_is_remembered_of_what_is_there_for_ever() -> None:
    host = Host("a")
    host.request("-1")
    host.drift()
    assert host.observer.sightings == {}
