# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's settings, judged on the controller."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._warmup_settings import warmup_settings as judge

GOOD: dict[str, Any] = {
    "url": "http://[::1]:11500",
    "unit": "ollama@two.service",
    "user": "keeper",
    "python": "/opt/venv-3.9/bin/python3",
    "models": [{"name": "a"}, {"name": "b", "policy": "warm", "keep_alive": "1h"}],
    "undeclared_keep_alive": None,
    "max_loaded_models": None,
    "context_mismatch": "reload",
    "strict": False,
    "release": "unload",
    "interval": "3m",
    "jitter": 12,
    "allow_long_interval": False,
    "load_timeout": "10m",
    "ready_timeout": "90",
    "reload_budget": "12",
    "restart_server": "when_stuck",
    "restart_server_after": "5m",
    "restart_server_period": "2h",
    "gates": [{"unit": "my-api.service"}, {"unit": "batch@.service", "mode": "want"}],
    "gate_timeout": "2m",
    "ready_listen": [11436, "[fd00:0::5]:11436"],
    "ready_agent_listen": ["10.0.0.5:11438"],
}


def test_good_settings_come_back_in_seconds() -> None:
    found = judge(GOOD)
    assert found.pop("policy")["models"][1]["keep_alive"] == "3600s"
    assert found == {
        "problems": [],
        "interval": 180.0,
        "jitter": 12.0,
        "load_timeout": 600.0,
        "ready_timeout": 90.0,
        "gates": [{"unit": "my-api.service", "mode": "require"}, {"unit": "batch@.service", "mode": "want"}],
        "gate_timeout": 120.0,
        "start_timeout": 90 + 3 * 600 + 60,
        "reload_budget": 12,
        "context_reloads": 3,
        "metrics": None,
        "restart_server_after": 300.0,
        "restart_server_period": 7200.0,
        "proof_age": 222.0,
        "ready_listen": ["0.0.0.0:11436", "[fd00::5]:11436"],
        "ready_agent_listen": ["10.0.0.5:11438"],
        "ready_agent_port": 11438,
    }


def test_a_default_for_slow_loads_holds_for_every_model_that_has_none_of_its_own() -> None:
    models = [{"name": "a"}, {"name": "b", "slow_load_seconds": "2.5"}]
    assert [model["slow_load_seconds"] for model in judge({**GOOD, "models": models, "slow_load_seconds": 20})["policy"]["models"]] == [20.0, 2.5]


def test_metrics_come_with_what_alerts_are_told_from() -> None:
    found = judge({**GOOD, "metrics": True, "metrics_directory": "/srv/text.files"})
    assert found["metrics"] == {"textfile_directory": "/srv/text.files", "period": 180 + 12 + 1, "longest_pass": found["start_timeout"]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"url": "127.0.0.1:11434"}, "url '127.0.0.1:11434' is not the address of an HTTP server"),
        ({"url": "http://[::1:80", "watch": True}, "url 'http://[::1:80' is not an address"),
        ({"reload_budget": 0}, "reload_budget 0 is not a whole number of reloads an hour from 1 to 1000"),
        ({"reload_budget": True}, "reload_budget True is not a whole number"),
        ({"context_reloads": "2.5"}, "context_reloads '2.5' is not a whole number of reloads an hour from 1 to 1000"),
        ({"slow_load_seconds": "1m"}, "slow_load_seconds '1m' is not a number of seconds above 0 and up to 86400"),
        ({"unit": "ollama"}, "unit 'ollama' is not the name of a service: use a name such as ollama.service"),
        ({"unit": "a.service b.service"}, "unit 'a.service b.service' is not the name of a service"),
        ({"user": "Keeper"}, "user 'Keeper' is not the name of a system user: use lower-case letters, digits, '_' and '-'"),
        ({"python": "python3"}, "python 'python3' is not the path of a Python interpreter: use one such as /usr/bin/python3"),
        ({"python": "/usr/bin/python3 -B"}, "python '/usr/bin/python3 -B' is not the path"),
        ({"interval": "4 minutes"}, "interval '4 minutes' is not a duration: use seconds (300), a duration such as '30m' or '1h30m'"),
        ({"interval": "0.5s"}, "interval '0.5s' is not between 1 s and a day: give seconds (240) or a duration such as '4m'"),
        ({"interval": -1}, "interval -1 is not between 1 s and a day"),
        ({"jitter": None}, "jitter None is a null, not a duration"),
        ({"load_timeout": "25h"}, "load_timeout '25h' is not between 1 s and a day"),
        ({"ready_timeout": True}, "ready_timeout True is a boolean, not a duration"),
        ({"restart_server": "always"}, "restart_server 'always' is neither of never and when_stuck"),
        ({"restart_server_after": 0}, "restart_server_after 0 is not between 1 s and a day"),
        ({"restart_server_period": "2d"}, "restart_server_period '2d' is not a duration"),
        ({"models": [{"name": "a", "policy": "hot"}]}, "models: model 'a': policy 'hot' is not one of pin, warm"),
        ({"max_loaded_models": 0, "release": "drop"}, "release 'drop' is not one of expire, unload, keep"),
        ({"metrics": True, "metrics_directory": "textfiles"}, "metrics_directory 'textfiles' is not the path of a folder: use one such as /var"),
        ({"metrics": True, "metrics_directory": '/a"b'}, "metrics_directory '/a\"b' is not the path of a folder"),
        ({"metrics": True, "metrics_directory": "/"}, "metrics_directory '/' is not the path of a folder"),
        ({"ready_listen": "11436"}, "ready_listen is '11436', not a list: write a port such as 11436, or an address with one"),
        ({"ready_listen": ["gpu1:11436"]}, "ready_listen has 'gpu1:11436': write a port such as 11436"),
        ({"ready_listen": [70000]}, "ready_listen has 70000: write a port"),
        ({"ready_listen": [True]}, "ready_listen has True: write a port"),
        ({"ready_listen": ["300.0.0.1:80"]}, "ready_listen has '300.0.0.1:80': write a port"),
        ({"ready_agent_listen": [1, 2]}, "ready_agent_listen has more than one port: HAProxy asks on one"),
        ({"ready_agent_listen": ["127.0.0.1:11436"]}, "ready_agent_listen has a port of ollama_warmup_ready_listen: an agent-check"),
        (
            {"ready_listen": [11436, "10.0.0.5:11436"]},
            "ready_listen has 0.0.0.0:11436 and 10.0.0.5:11436, of which only one can be open: take one",
        ),
        ({"ready_listen": ["[::]:7", 7]}, "ready_listen has [::]:7 and 0.0.0.0:7, of which only one"),
        ({"ready_agent_listen": [7, 7]}, "ready_agent_listen has 0.0.0.0:7 and 0.0.0.0:7, of which only one"),
        ({"interval": "4m", "jitter": "50s"}, "interval 240 s and ollama_warmup_jitter 50 s let 300 s pass between two looks, but a client"),
    ],
)
def test_each_problem_is_a_sentence(change: dict[str, Any], sentence: str) -> None:
    found = judge({**GOOD, **change})
    assert list(found) == ["problems"]
    assert [problem[: len("ollama_warmup_") + len(sentence)] for problem in found["problems"]] == [f"ollama_warmup_{sentence}"]


def test_a_sentence_names_the_variable_to_set_by_its_full_name() -> None:
    (problem,) = judge({**GOOD, "interval": "5m"})["problems"]
    assert problem.endswith("shorten them, or set ollama_warmup_allow_long_interval")


def test_an_instance_s_settings_are_called_as_in_its_entry() -> None:
    found = judge({**GOOD, "interval": "5m", "models": ["a"]}, of_instance=True)["problems"]
    assert [problem.split(" ")[0] for problem in found] == ["warmup.interval"]
    assert found[0].endswith("set warmup.allow_long_interval")
    (model,) = judge({**GOOD, "models": ["a b"]}, of_instance=True)["problems"]
    assert model.startswith("models: model name 'a b'")


@pytest.mark.parametrize("models", ["a, b:8b", '["a", "b:8b"]', ["a", {"name": "b:8b"}]])
def test_models_may_be_names(models: Any) -> None:
    assert [model["name"] for model in judge({**GOOD, "models": models})["policy"]["models"]] == ["a", "b:8b"]


@pytest.mark.parametrize("models", [7, {"name": "a"}, "[a", [["a"]]])
def test_models_that_are_no_list_are_one_sentence(models: Any) -> None:
    (problem,) = judge({**GOOD, "models": models})["problems"]
    assert problem.startswith("ollama_warmup_models is ") and problem.endswith("write a list of names or mappings, such as [{name: qwen3:8b}]")


@pytest.mark.parametrize("nothing", [None, ""])
def test_models_that_nobody_declared_are_null(nothing: Any) -> None:
    assert judge({**GOOD, "models": nothing, "gates": []})["policy"]["models"] is None
    assert judge({**GOOD, "models": [], "gates": []})["policy"]["models"] == []


def test_a_gate_needs_declared_models() -> None:
    (problem,) = judge({**GOOD, "models": None})["problems"]
    assert "ollama_warmup_gates lets units wait until the declared models are resident, but ollama_warmup_models is null" in problem
    assert judge({**GOOD, "models": []})["problems"] == []


@pytest.mark.parametrize(("text", "on"), [("false", False), ("no", False), ("0", False), ("True", True), ("yes", True)])
def test_a_switch_may_be_a_text(text: str, on: bool) -> None:
    found = judge({**GOOD, "strict": text, "metrics": text, "metrics_directory": "/srv/x", "allow_long_interval": text})
    assert (found["policy"]["strict"], found["metrics"] is not None) == (on, on)
    assert (judge({**GOOD, "interval": "1h", "allow_long_interval": text})["problems"] == []) is on


def test_an_address_may_be_left_to_the_server() -> None:
    assert judge({**GOOD, "url": ""})["problems"] == []


def test_a_long_interval_may_be_allowed() -> None:
    assert judge({**GOOD, "interval": "1h", "allow_long_interval": True})["interval"] == 3600


def test_just_under_five_minutes_is_enough() -> None:
    assert judge({**GOOD, "interval": 269, "jitter": 20})["problems"] == []


def test_all_problems_come_at_once() -> None:
    assert len(judge({**GOOD, "models": ["x:cloud", ""], "interval": "", "jitter": "2d"})["problems"]) == 4
