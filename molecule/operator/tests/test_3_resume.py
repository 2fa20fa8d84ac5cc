# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that was asleep: its timer's clock stood still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shared.gpu import PASS, PINS, Gpu, eventually

SLEEPS = ["suspend", "hibernate", "hybrid-sleep", "suspend-then-hibernate"]


@pytest.fixture
def sleepless(calm: Gpu) -> Iterator[Gpu]:
    """A machine that only seems to sleep: this one is shared."""
    for sleep in SLEEPS:
        folder = f"/run/systemd/system/systemd-{sleep}.service.d"
        calm.run(f"mkdir --parents {folder} && printf '[Service]\\nExecStart=\\nExecStart=/bin/true\\n' > {folder}/test.conf")
    calm.run("systemctl daemon-reload")
    yield calm
    calm.run("rm -r /run/systemd/system/systemd-*.service.d && systemctl daemon-reload")


@pytest.mark.parametrize("sleep", SLEEPS)
def test_every_resume_begins_a_pass(sleepless: Gpu, sleep: str) -> None:
    before = sleepless.show(PASS, "InvocationID")
    sleepless.ask("tiny-a", "5m")
    sleepless.run(f"systemctl start {sleep}.target")
    eventually(lambda: sleepless.show(PASS, "InvocationID") != before)
    eventually(sleepless.pinned, set(PINS))
