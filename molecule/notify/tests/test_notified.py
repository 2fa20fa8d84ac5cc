# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told what, and when."""

from __future__ import annotations

import re

from conftest import ENDPOINT, NOTIFIER, PATH, Told
from shared.gpu import PASS, PINS, eventually

MINUTE = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"


def titles(told: Told) -> list[str]:
    return [re.sub(MINUTE, "TIME", message["title"]) for message in told.messages()]


def test_a_model_that_left_and_came_back_is_told_once(told: Told) -> None:
    told.unload("tiny-a")
    assert told.make_pass() == 0
    eventually(lambda: len(told.messages()), 1)
    eventually(told.is_quiet)
    sender = told.show(NOTIFIER, "InvocationID")
    assert [told.make_pass(), told.make_pass()] == [0, 0]
    assert told.pending() == ""
    assert (titles(told), told.show(NOTIFIER, "InvocationID")) == (
        [f"Ollama on {told.name}: left and came back: tiny-a:latest (unloaded_by_client), at TIME"],
        sender,
    )


def test_a_cold_host_is_told_and_a_warm_one_again(told: Told) -> None:
    told.post("POST", "/api/copy", source="tiny-a", destination="kept")
    told.post("DELETE", "/api/delete", model="tiny-a")
    assert [told.make_pass(), told.make_pass()] == [1, 1]
    eventually(lambda: len(told.messages()), 1)
    told.post("POST", "/api/copy", source="kept", destination="tiny-a")
    told.post("DELETE", "/api/delete", model="kept")
    assert told.make_pass() == 0
    eventually(lambda: len(told.messages()), 2)
    assert [message["type"] for message in told.messages()] == ["failure", "success"]
    cold, warm = titles(told)
    assert cold.startswith(f"Ollama on {told.name}: not warm: tiny-a:latest")
    assert cold.endswith(", since TIME")
    assert warm.startswith(f"Ollama on {told.name}: warm: tiny-a:latest")
    assert "tiny-a is not installed on the server" in told.messages()[0]["message"]


def test_a_hold_and_its_end_are_told_with_who_and_why(told: Told) -> None:
    told.run("ollama-warmup hold 1h --reason 'new GPU'")
    eventually(lambda: len(told.messages()), 1)
    told.run("ollama-warmup release")
    eventually(lambda: len(told.messages()), 2)
    assert titles(told) == [f"Ollama on {told.name}: {word}, at TIME" for word in ("hold", "release")]
    assert "reason new GPU" in told.messages()[0]["message"]


def test_a_dead_endpoint_costs_the_pass_nothing_and_gets_one_message_when_it_is_back(told: Told) -> None:
    told.run(f"systemctl stop {ENDPOINT}")
    cursor = told.cursor()
    for model in ("tiny-a", "embed"):
        told.unload(model)
        assert told.make_pass() == 0
    assert set(PINS) <= told.pinned()
    eventually(lambda: "event=notification_failed" in told.journal(cursor, NOTIFIER))
    assert told.show(NOTIFIER, "ActiveState", "NRestarts") == ["active", "0"]
    assert told.show(PATH, "ActiveState", "Result") == ["active", "success"]
    sender = told.show(NOTIFIER, "InvocationID")
    told.run(f"systemctl start {ENDPOINT}")
    eventually(told.is_quiet)
    told.run("journalctl --sync")
    lines = [line for line in told.journal(cursor, NOTIFIER).splitlines() if line.startswith("event=")]
    assert lines[0] == 'event=notification_failed url=0 reason="it did not answer, or refused" retry="with growing delay"'
    assert [line.split(" failures")[0] for line in lines[1:]] == ["event=notification_sent url=0"]
    assert (len(told.messages()), told.show(NOTIFIER, "InvocationID")) == (1, sender)
    text = told.messages()[0]["message"]
    assert [model for model in ("tiny-a:latest", "embed:latest") if f"drift detected: {model}" in text] == ["tiny-a:latest", "embed:latest"]


def test_what_waits_survives_a_reboot(told: Told) -> None:
    told.run(f"systemctl stop {ENDPOINT}")
    tried = told.host.run("ollama-warmup notify --test")
    refused = "ollama_warmup_notify_urls[0]: not sent: it did not answer, or refused; it is tried again for a day\n"
    assert (tried.rc, tried.stdout) == (1, refused)
    eventually(lambda: told.show(NOTIFIER, "ActiveState"), ["active"])
    told.reboot()
    eventually(lambda: told.show(NOTIFIER, "ActiveState"), ["active"])
    told.run(f"systemctl start {ENDPOINT}")
    eventually(told.is_quiet)
    assert "notify --test was called" in " ".join(message["message"] for message in told.messages())


def test_systemd_calls_the_exposure_low(told: Told) -> None:
    line = next(line for line in told.run(f"systemd-analyze security --no-pager {NOTIFIER}").splitlines() if "Overall" in line)
    assert float(line.split(":")[1].split()[0]) <= 2.0


def test_the_agent_is_cut_off_from_every_address_but_its_own_machine(told: Told) -> None:
    assert set(told.show(PASS, "IPAddressDeny")[0].split()) == {"::/0", "0.0.0.0/0"}
