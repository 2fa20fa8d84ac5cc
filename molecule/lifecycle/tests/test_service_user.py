# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the agent's user puts into its folders, root's commands are led nowhere by it, and wait for nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shared.gpu import PASS, STATE, Gpu, eventually

USER = "setpriv --reuid=ollama-warmup --regid=ollama-warmup --clear-groups"
WAKE = "/run/ollama-warmup/default/wake"
PRECIOUS = "/etc/precious"
MISSING = "/etc/nologin"


@pytest.fixture
def tampered(calm: Gpu) -> Iterator[Gpu]:
    """The host has its files back afterwards."""
    calm.run(f"echo precious > {PRECIOUS} && cp --preserve=all {STATE} {STATE}.kept")
    yield calm
    calm.run(f"rm --force {WAKE} {PRECIOUS} {MISSING} && mv {STATE}.kept {STATE} && systemctl start {PASS}")


@pytest.mark.parametrize("target", [MISSING, PRECIOUS])
def test_a_link_where_root_asks_for_a_pass_is_not_followed(tampered: Gpu, target: str) -> None:
    tampered.ask("tiny-a", "0s")
    eventually(lambda: "tiny-a:latest" not in tampered.listed())
    tampered.run(f"{USER} ln --symbolic --force {target} {WAKE}")
    assert tampered.host.run("timeout 30 ollama-warmup wait --timeout=1").rc in (0, 1)
    assert tampered.run(f"cat {PRECIOUS}; ls {MISSING} 2>/dev/null || true") == "precious"


def test_a_pipe_in_place_of_the_state_holds_nobody_up(tampered: Gpu) -> None:
    """Those that look for themselves find the host warm; the doctor says what it could not look at."""
    tampered.run(f"rm {STATE} && {USER} mkfifo {STATE}")
    ended = {command: tampered.host.run(f"timeout 60 ollama-warmup {command}") for command in ("status", "check", "doctor", "wait --timeout=1")}
    assert {command: done.rc for command, done in ended.items()} == {"status": 0, "check": 0, "doctor": 1, "wait --timeout=1": 0}
    assert ": healthy" not in ended["doctor"].stdout
    assert tampered.host.run("pgrep --full '[-]I /usr/local/bin/ollama-warmup'").stdout == ""
