# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a host: its page, its data, its exit status; of several instances every finding once; of secrets nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor import diagnosis
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.diagnosis import GROUPS
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.examination import Entry, ShellSetting
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.finding import Kind, seen, setting
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.page import page, report
from support.examinations import EPOCH, agent, healthy, journal, unit

SHELL = ShellSetting("/etc/environment", 1, "OLLAMA_KEEP_ALIVE", "-1")
STALE = agent({"ollama-warmup.timer": {"LoadState": "loaded", "ActiveState": "inactive"}})
OLD = (Entry(EPOCH - 7200, "CUDA error: first"), Entry(EPOCH - 7100, "CUDA error: last"))


def test_a_healthy_host_is_one_line_that_says_what_was_checked() -> None:
    told = report("gpu1", [healthy()])
    assert (told["healthy"], told["exit"]) == (True, 0)
    assert page(told) == (
        "gpu1: healthy (ollama.service at http://127.0.0.1:11434); checked: unit and environment, files of the unit, crash loop, shell variables,"
        " container, addresses and ports, GPU and driver, journal, senders of keep_alive, models, memory, agent"
    )


def test_a_problem_comes_before_a_warning_with_evidence_and_remedy() -> None:
    told = report("gpu1", [healthy(shell=(SHELL,), agent=STALE)])
    assert (told["healthy"], told["exit"]) == (False, 1)
    assert page(told).split("\n\n") == [
        "gpu1: 1 problem, 1 warning (ollama.service at http://127.0.0.1:11434)",
        "problem: ollama-warmup.timer is inactive: no pass is made by time (timer_inactive)\n"
        "  seen: systemctl show ollama-warmup.timer: ActiveState=inactive\n"
        "  remedy: systemctl enable --now ollama-warmup.timer",
        "warning: OLLAMA_KEEP_ALIVE in /etc/environment does nothing for ollama.service: a systemd service reads no file of shells or logins"
        " (shell_variable)\n"
        "  seen: /etc/environment:1: OLLAMA_KEEP_ALIVE=-1\n"
        "  remedy: declare it for the server (ollama_server_keep_alive), and take it out of /etc/environment",
        f"in memory of ollama.service: a:latest (1.0 kB, 100% GPU, for ever), b:latest (1.0 kB, 100% GPU, for ever)\nchecked: {', '.join(told['checked'])}",
    ]
    assert json.loads(json.dumps(told)) == told


def test_a_warning_alone_is_nothing_wrong_and_not_healthy() -> None:
    told = report("gpu1", [healthy(shell=(SHELL,))])
    assert (told["healthy"], told["exit"]) == (False, 0)


def test_a_note_leaves_a_host_healthy_and_shows_the_last_that_was_seen() -> None:
    told = report("gpu1", [healthy(journal=journal(earlier=OLD))])
    assert (told["healthy"], told["exit"]) == (True, 0)
    assert [line for line in page(told).splitlines() if line.startswith("  seen:")] == [
        "  seen: journalctl -u ollama.service, before its present start, 2026-08-22 06:01:40 UTC: CUDA error: last"
    ]


def test_what_could_not_be_looked_at_is_said_and_no_health_is_claimed() -> None:
    told = report("gpu1", [healthy(journal=None, unseen=("the journal: journalctl: No such file or directory",))])
    assert (told["healthy"], told["exit"]) == (False, 2)
    assert "nothing found, but not everything could be looked at" in page(told)
    assert "\nnot looked at: the journal: journalctl: No such file or directory\n" in page(told)


def test_with_a_problem_it_is_the_problem_that_counts() -> None:
    assert report("gpu1", [healthy(journal=None, agent=STALE, unseen=("the journal: gone",))])["exit"] == 1


def test_what_all_instances_share_is_told_once() -> None:
    looks = [healthy(instance=name, shell=(SHELL,)) for name in ("a", "b")]
    told = report("gpu1", [looks[0], replace(looks[1], agent=STALE)])
    assert [(finding["code"], finding["instance"]) for finding in told["findings"]] == [("timer_inactive", "b"), ("shell_variable", None)]
    assert "no pass is made by time [b] (timer_inactive)" in page(told)
    assert "[all instances] (shell_variable)" in page(told)
    assert [each["instance"] for each in told["instances"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("GET http://me:geheim@proxy:3128/", "GET http://********@proxy:3128/"),
        ("HF_TOKEN=hf_1234", "HF_TOKEN=********"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ********"),
        ("api_key: sk-12345 next", "api_key: ******** next"),
        ('{"api_key": "sk 12345", "x": 1}', '{"api_key": ********, "x": 1}'),
        (r'body="{\"api_key\": \"sk 12345\"}"', r'body="{\"api_key\": ********}"'),
        (r'"password": "a\"geheim", next', '"password": ********, next'),
        ('"token": "cut off in the mid', '"token": ********'),
        ("GET https://me:ge@heim@proxy:3128/?q", "GET https://********@proxy:3128/?q"),
        ("OLLAMA_HOST=me:geheim@127.0.0.1:11434", "OLLAMA_HOST=********@127.0.0.1:11434"),
        ("ollama@west.service: 10.0.0.7:80 of user@1000.service", "ollama@west.service: 10.0.0.7:80 of user@1000.service"),
        ('msg="runner started" key=OLLAMA_DEBUG value=1', 'msg="runner started" key=OLLAMA_DEBUG value=1'),
        ("a\nb\x1b[31m\udcff", "a b?[31m?"),
    ],
)
def test_no_line_gives_a_credential_away(text: str, hidden: str) -> None:
    assert seen("journal", text).text == hidden


def test_a_credential_is_hidden_before_a_line_is_cut() -> None:
    text = f"{'x' * 260} https://user:{'geheim' * 9}@mirror/"
    assert seen("journal", text).text == f"{'x' * 260} https://********@mirror/"


def test_what_is_wrong_and_what_to_do_give_no_credential_away() -> None:
    said = "pull https://user:geheim@mirror failed; token=geheim"
    kind = Kind("k", "problem", "{sentence}", "repeat {sentence}")
    found = kind.found(sentence=said)
    assert (found.what, found.remedy) == ("pull https://********@mirror failed; token=********", "repeat pull https://********@mirror failed; token=********")
    assert "geheim" not in json.dumps(report("gpu1", [healthy(agent=agent(problems=(said,)), unseen=(said,))]))


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": None, "server": None, "agent": agent(raw={"url": "http://me:geheim@127.0.0.1:11434"})},
        {"unit": unit(environment={"OLLAMA_HOST": "me:geheim@0.0.0.0:11434"}), "server": None},
    ],
)
def test_the_address_at_the_head_of_a_page_has_no_credential(changes: dict[str, Any]) -> None:
    told = report("gpu1", [healthy(**changes)])
    assert "geheim" not in f"{page(told)}{told}"


def test_a_check_that_failed_is_something_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_look: Any) -> Any:
        raise ValueError("api_key: geheim")

    monkeypatch.setattr(diagnosis, "GROUPS", (*GROUPS[:-1], GROUPS[-1]._replace(check=broken)))
    told = report("gpu1", [healthy(), healthy(instance="b")])
    assert (told["unseen"], told["exit"]) == (["the checks of agent failed: ValueError: api_key: ********"], 2)


def test_a_variable_that_is_a_secret_by_its_name_is_hidden_as_a_whole() -> None:
    assert setting("/etc/default/ollama", "OLLAMA_API_KEY", "x y z").text == "OLLAMA_API_KEY=********"
    look = healthy(unit=unit(environment={"OLLAMA_SECRET": "geheim", "HTTPS_PROXY": "http://me:geheim@proxy"}))
    assert "geheim" not in json.dumps(report("gpu1", [look]))


def test_a_host_without_unit_and_agent_has_a_page() -> None:
    bare = healthy(unit=None, server=None, policy=None, stores=(), journal=None, agent=agent(installed=False, raw={}), listeners=None)
    told = report("gpu1", [bare])
    assert [finding["code"] for finding in told["findings"]] == ["agent_missing"]
    assert page(told).startswith("gpu1: 1 problem (ollama.service at no known address)")
