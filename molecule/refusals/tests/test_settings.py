# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each bad setting gets its sentence (the value, what is wrong, what would be right), and nothing was touched.

Every case is a host of the inventory. All go through the playbook at once, and all but one are the same machine, whose unit
has a file that wins over the drop-in, and whose server is of a release that is too old; that comes out once the settings are right.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from shared.machine import Machine, Outcome

OVERRIDE = "/etc/systemd/system/ollama.service.d/site.conf"
DURATION = "use seconds (300), a duration such as '30m' or '1h30m', or -1 for ever"
PERIOD = "use seconds (300), a duration such as '30m' or '1h30m'"


@dataclasses.dataclass(frozen=True)
class Case:
    """Variables of a host, and the sentences it gets, in this order."""

    variables: dict[str, Any]
    sentences: list[str]


MODELS = [
    (
        {"name": "a", "keep_alive": "5m"},
        "model 'a': keep_alive '5m' on a pin is finite, so that it would run out between two passes: leave it out (or -1), or say policy 'warm'",
    ),
    ({"name": "b", "keep_alive": "1d"}, f"model 'b': keep_alive '1d' is not a duration (hours are the longest unit the server knows): {DURATION}"),
    ({"name": "c", "keep_alive": "forever"}, f"model 'c': keep_alive 'forever' is not a duration: {DURATION}"),
    ({"name": "d", "keep_alive": True}, f"model 'd': keep_alive True is a boolean, not a duration: {DURATION}"),
    ({"name": "e", "keep_alive": ""}, f"model 'e': keep_alive '' is empty: {DURATION}"),
    ({"name": "f", "policy": "warm"}, "model 'f': policy 'warm' needs a finite keep_alive, such as '30m'"),
    ({"name": "g", "policy": "warm", "keep_alive": -1}, "model 'g': keep_alive -1 does not fit policy 'warm': give a finite one above 0, or say policy 'pin'"),
    ({"name": "h:20b-cloud"}, "model 'h:20b-cloud' runs in the cloud and is never in this server's memory: take it off the list"),
    ({"name": "i", "num_ctx": "many"}, "model 'i': num_ctx 'many' is not a whole number of at least 4"),
    (
        {"name": "j", "context_length": 4096},
        "model 'j' has the unknown key 'context_length': known are name, policy, keep_alive, num_ctx, required, min_gpu_percent, slow_load_seconds",
    ),
    ({"name": "k", "policy": "hot"}, "model 'k': policy 'hot' is not one of pin, warm"),
    ({"name": "l", "required": "perhaps"}, "model 'l': required 'perhaps' is not a boolean: write true or false"),
    ({"name": "A:latest"}, "model 'A:latest' is declared twice (as A:latest): keep one"),
]
CASES = {
    "models": Case({"ollama_warmup_models": [model for model, dummy in MODELS]}, [f"ollama_warmup_models: {sentence}" for dummy, sentence in MODELS]),
    "more_pins_than_places": Case(
        {"ollama_warmup_models": [{"name": "a"}, {"name": "b"}], "ollama_server_max_loaded_models": 1},
        ["ollama_warmup_models: 2 pins do not fit under OLLAMA_MAX_LOADED_MODELS=1: raise it above the number of pins, or pin fewer models"],
    ),
    "agent": Case(
        {
            "ollama_warmup_context_mismatch": "ignore",
            "ollama_warmup_release": "drop",
            "ollama_warmup_interval": "soon",
            "ollama_warmup_jitter": "1d",
            "ollama_warmup_load_timeout": 0,
        },
        [
            "ollama_warmup_context_mismatch is 'ignore', not one of report, reload",
            "ollama_warmup_release is 'drop', not one of expire, unload, keep",
            f"ollama_warmup_interval 'soon' is not a duration: {PERIOD}",
            f"ollama_warmup_jitter '1d' is not a duration (hours are the longest unit the server knows): {PERIOD}",
            "ollama_warmup_load_timeout 0 is not between 1 s and a day: give seconds (240) or a duration such as '4m'",
        ],
    ),
    "too_seldom": Case(
        {"ollama_warmup_interval": "4m30s", "ollama_warmup_jitter": "25s"},
        [
            "ollama_warmup_interval 270 s and ollama_warmup_jitter 25 s let 305 s pass between two looks, but a client that sends the server's"
            " default keep_alive lets a model go after 300 s: shorten them, or set ollama_warmup_allow_long_interval"
        ],
    ),
    "gates": Case(
        {
            "ollama_warmup_models": ["tiny-a"],
            "ollama_warmup_gates": [{"unit": "ollama.service"}, {"unit": "my-api"}, {"unit": "a.service", "mode": "maybe"}],
            "ollama_warmup_gate_timeout": "25h",
        },
        [
            "ollama_warmup_gates: gate 'ollama.service' is the server itself, whose models are waited for: name a unit that uses them",
            "ollama_warmup_gates: gate 'my-api' is not the name of a unit that can wait: use the whole name of a service, such as my-api.service",
            "ollama_warmup_gates: gate 'a.service': mode 'maybe' is not one of require, want",
            "ollama_warmup_gate_timeout '25h' is not between 1 s and a day: give seconds (240) or a duration such as '4m'",
        ],
    ),
    "server": Case(
        {
            "ollama_server_keep_alive": "forever",
            "ollama_server_host": "http//:x",
            "ollama_server_num_parallel": 2,
            "ollama_server_environment": {"CUDA_VISIBLE_DEVICES": "0\n1", "OLLAMA_NUM_PARALLEL": 4},
            "ollama_server_gpu_timeout": 900,
        },
        [
            f"ollama_server_keep_alive: keep_alive 'forever' is not a duration: {DURATION}",
            "ollama_server_host: 'http//:x' is not an address to listen on: use ADDRESS or ADDRESS:PORT, such as 127.0.0.1:11434 or [::1]:11434",
            "ollama_server_environment: the value of CUDA_VISIBLE_DEVICES holds the control character '\\n': an environment line of"
            " a unit can carry one line of text only",
            "OLLAMA_NUM_PARALLEL is set by ollama_server_num_parallel and again in ollama_server_environment: keep one of them",
            "ollama_server_gpu_timeout is 900, not a whole number of seconds from 0 to 600",
        ],
    ),
    "bare": Case(
        {},
        [
            "ollama.service is not-found on this host: install Ollama with its vendor's installer (which makes ollama.service),"
            " unmask the unit, or name the right one in ollama_server_unit."
        ],
    ),
    "overruled": Case(
        {"ollama_server_keep_alive": "30m"},
        [
            "OLLAMA_KEEP_ALIVE: /etc/default/ollama sets '-1', which wins over '1800s' of the drop-in."
            " Change it there, or take the role's variable off the inventory to leave it to that file."
        ],
    ),
    "too_old": Case(
        {"ollama_server_keep_alive": None},
        ["ollama.service is Ollama 0.9.6 on this host, whose /api/ps does not tell a model's context: upgrade it to 0.10 or newer."],
    ),
    "choices": Case(
        {"ollama_server_restart": "maybe", "ollama_server_oom_policy": "shrug"},
        [
            "ollama_server_oom_policy is 'shrug', not one of auto, continue, stop, kill",
            "ollama_server_restart is 'maybe', not one of auto, now, never",
        ],
    ),
    "every_role_at_once": Case(
        {
            "ollama_warmup_modles": ["tiny-a"],
            "ollama_warmup_strict": "perhaps",
            "ollama_server_rocm": "nonsense",
            "ollama_server_host": "http://0.0.0.0",
            "ollama_server_environment": {"OLLAMA_NUM_CTX": 8192},
            "ollama_model_pull": "y",
        },
        [
            "ollama_warmup_modles is no variable of keepwarm.ollama: ollama_warmup_models is meant; write that, or list ollama_warmup_modles in"
            " keepwarm_known_variables if it is yours",
            "ollama_warmup_strict is 'perhaps', neither true nor false",
            "ollama_server_rocm is 'nonsense', neither true nor false",
            "ollama_server_host: 'http://0.0.0.0' means port 80: write 0.0.0.0:11434, or the port that is meant",
            "ollama_server_environment.OLLAMA_NUM_CTX is no variable of Ollama's: OLLAMA_CONTEXT_LENGTH is (ollama_server_context_length)",
            "ollama_model_pull is 'y', neither true nor false",
        ],
    ),
}


@pytest.fixture(scope="module", autouse=True)
def unfit(gpu1: Machine) -> Iterator[None]:
    """The machine as it is before anything is tried: an old server, a file that wins, a model in use."""
    gpu1.run(f"mkdir -p {OVERRIDE.rpartition('/')[0]}")
    gpu1.run(f"printf '[Service]\\nEnvironment=OLLAMA_STUB_VERSION=0.9.6\\nEnvironmentFile=/etc/default/ollama\\n' > {OVERRIDE}")
    gpu1.run("echo OLLAMA_KEEP_ALIVE=-1 > /etc/default/ollama")
    gpu1.restart_server()
    gpu1.post("/api/generate", model="big", keep_alive="2h")
    yield
    gpu1.run(f"rm {OVERRIDE} /etc/default/ollama")
    gpu1.restart_server()


@pytest.fixture(scope="module")
def before(unfit: None, gpu1: Machine, bare: Machine) -> list[list[str]]:
    return [gpu1.state(), bare.state()]


@pytest.fixture(scope="module")
def outcome(before: list[list[str]], gpu1: Machine, bare: Machine, site: Callable[..., Outcome]) -> Outcome:
    machine = {name: bare.name if name == "bare" else gpu1.name for name in CASES}
    hosts = {name: {"ansible_host": machine[name], **case.variables} for name, case in CASES.items()}
    return site(hosts, "--extra-vars", '{"keepwarm_serial": "100%", "keepwarm_max_fail_percentage": 100}')


@pytest.mark.parametrize("name", CASES)
def test_a_bad_setting_gets_its_sentence(outcome: Outcome, name: str) -> None:
    assert outcome.messages[name] == ". ".join(CASES[name].sentences)


def test_no_host_was_let_through(outcome: Outcome) -> None:
    assert outcome.status != 0
    assert outcome.messages.keys() == CASES.keys()
    assert outcome.changed == []


def test_nothing_was_touched(outcome: Outcome, before: list[list[str]], gpu1: Machine, bare: Machine) -> None:
    assert [gpu1.state(), bare.state()] == before
