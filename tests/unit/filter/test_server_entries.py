# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of instances: what each gets, and what is refused."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._server_entries import server_entries

RIGHT = "write a list of names or mappings, such as [{name: qwen3:8b}]"
NVIDIA = ["GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", "MIG-11111111-2222-3333-4444-555555555555"]
AMD = ["GPU-1234567890abcdef"]
FLAT = {
    "server": {"keep_alive": "45m", "gpu": "auto", "start": True, "environment": {"OLLAMA_DEBUG": 1}},
    "warmup": {"interval": "3m", "jitter": 7, "load_timeout": "10m", "ready_timeout": "2m", "gate_timeout": "1m", "user": "warm", "python": "/usr/bin/python3"},
    "model": {"models": [], "pull": False, "pull_state": "present", "pull_insecure": False, "prune": "none"},
}  # fmt: skip


def judge(*entries: Any, role: str = "server", flat: Any = None, **around: Any) -> dict[str, Any]:
    return server_entries(list(entries), role, {**FLAT[role], **(flat or {})}, around)


def settings(*entries: Any, role: str = "server", **others: Any) -> list[dict[str, Any]]:
    found = judge(*entries, role=role, **others)
    assert found["problems"] == []
    return [instance["settings"] for instance in found["instances"]]


def environments(*entries: Any, **others: Any) -> list[dict[str, str]]:
    found = judge(*entries, **others)
    assert found["problems"] == []
    return [instance["judged"]["environment"] for instance in found["instances"]]


def problem(*entries: Any, **others: Any) -> str:
    (sentence,) = judge(*entries, **others)["problems"]
    return sentence


def test_each_has_its_unit_and_address() -> None:
    found = judge({"name": "default"}, {"name": "b", "port": 11436}, {"name": "c", "host": "0.0.0.0:11437"}, {"name": "d", "host": "[::1]:9"})
    assert found["problems"] == []
    assert [(one["name"], one["unit"], one["url"]) for one in found["instances"]] == [
        ("default", "ollama.service", "http://127.0.0.1:11434"),
        ("b", "ollama@b.service", "http://127.0.0.1:11436"),
        ("c", "ollama@c.service", "http://127.0.0.1:11437"),
        ("d", "ollama@d.service", "http://[::1]:9"),
    ]
    assert [one["judged"]["environment"]["OLLAMA_HOST"] for one in found["instances"]] == [
        "127.0.0.1:11434", "127.0.0.1:11436", "0.0.0.0:11437", "[::1]:9",
    ]  # fmt: skip


def test_a_port_goes_with_the_host_s_address_and_as_text_too() -> None:
    first, second = environments({"name": "a", "port": "11440"}, {"name": "b", "port": 11441, "host": "10.0.0.1"}, host="0.0.0.0:11434")
    assert (first["OLLAMA_HOST"], second["OLLAMA_HOST"]) == ("0.0.0.0:11440", "10.0.0.1:11441")


def test_the_default_one_is_the_server_of_the_host_whatever_its_unit() -> None:
    assert judge({"name": "default"}, unit="llm.service")["instances"][0]["unit"] == "llm.service"


def test_own_settings_come_before_those_of_the_host() -> None:
    first, second = environments(
        {"name": "a", "server": {"keep_alive": "1h", "num_parallel": 2, "environment": {"OLLAMA_DEBUG": 0, "X": "y"}, "models": "/a"}},
        {"name": "b", "port": 11435},
    )
    assert first == {
        "OLLAMA_KEEP_ALIVE": "3600s", "OLLAMA_NUM_PARALLEL": "2", "OLLAMA_HOST": "127.0.0.1:11434", "OLLAMA_DEBUG": "0", "X": "y", "OLLAMA_MODELS": "/a",
    }  # fmt: skip
    assert second == {"OLLAMA_KEEP_ALIVE": "2700s", "OLLAMA_HOST": "127.0.0.1:11435", "OLLAMA_DEBUG": "1"}


@pytest.mark.parametrize(
    ("devices", "gpu", "written"),
    [
        (NVIDIA, "auto", {"CUDA_VISIBLE_DEVICES": ",".join(NVIDIA)}),
        (AMD, "auto", {"ROCR_VISIBLE_DEVICES": AMD[0]}),
        ([1], "amd", {"ROCR_VISIBLE_DEVICES": "1"}),
        (AMD, "none", {"ROCR_VISIBLE_DEVICES": AMD[0]}),
        (["0", "2"], "nvidia", {"CUDA_VISIBLE_DEVICES": "0,2"}),
        ([], "auto", {"CUDA_VISIBLE_DEVICES": "-1", "ROCR_VISIBLE_DEVICES": "-1"}),
        (None, "auto", {}),
    ],
)
def test_devices(devices: Any, gpu: str, written: dict[str, str]) -> None:
    (environment,) = environments({"name": "a", "devices": devices, "server": {"gpu": gpu}})
    assert {key: value for key, value in environment.items() if "VISIBLE" in key} == written


@pytest.mark.parametrize("devices", [NVIDIA, AMD, []])
def test_vulkan_does_not_find_hidden_devices_again(devices: Any) -> None:
    entry = {"name": "a", "devices": devices}
    own = {"server": {"environment": {"OLLAMA_VULKAN": 1}}}
    of_the_host = {"environment": {"OLLAMA_VULKAN": "true"}}
    said = [*environments(entry), *environments({**entry, **own}), *environments(entry, flat=of_the_host), *environments({"name": "a"})]
    assert [environment.get("OLLAMA_VULKAN") for environment in said] == ["0", "1", "true", None], "what is said comes first"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"devices": ["GPU-0"]}, "instance a: device 'GPU-0' is not the UUID of a GPU: give the UUIDs that 'nvidia-smi -L' or 'rocminfo' shows"),
        ({"devices": "0"}, "instance a: devices '0' is not a list"),
        ({"devices": [True]}, "holds what is no device"),
        ({"devices": [0]}, "instance a: devices 0 do not tell whose they are"),
        ({"devices": [*NVIDIA, *AMD]}, "do not tell whose they are"),
        ({"devices": NVIDIA, "server": {"environment": {"CUDA_VISIBLE_DEVICES": "0"}}}, "set by devices and again in server.environment"),
        ({"port": 0}, "instance a: port 0 is not a port: give a number from 1 to 65535"),
        ({"port": "eleven"}, "port 'eleven' is not a port"),
        ({"port": True}, "port True is not a port"),
        ({"host": "a b"}, "instance a: 'a b' is not an address to listen on"),
        ({"host": 7}, "host 7 is not an address"),
        ({"prt": 1}, "instance a: the key 'prt' is unknown: known are name, host, port"),
        ({"server": []}, ""),
        ({"server": [1]}, "instance a: server is [1], not a mapping"),
        ({"server": {"host": "x"}}, "instance a: server.host is unknown, or belongs to the whole host"),
        ({"warmup": {"user": "x"}}, "warmup.user is unknown, or belongs to the whole host"),
        ({"models": [7]}, "models is [7], not a list of models: write a list of names or mappings"),
        ({"server": {"num_parallel": 0}}, "instance a: ollama_server_num_parallel is 0, not a whole number"),
        ({"server": {"environment": 3}}, "instance a: ollama_server_environment is 3, not a mapping"),
        ({"name": "a/b"}, "entry 1 of ollama_server_instances has the name 'a/b': use a word"),
        ({"name": None}, "has the name None"),
        ({"name": "-a"}, "has the name '-a'"),
    ],
)
def test_an_entry_that_is_none(entry: dict[str, Any], words: str) -> None:
    found = judge({"name": "a", **entry})
    assert [words in sentence for sentence in found["problems"]] == ([True] if words else [])
    assert bool(found["instances"]) is not bool(words)


MOST = 2**31 - 1


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"server": {"restart": "nevr"}}, "server.restart is 'nevr', not one of auto, now, never"),
        ({"server": {"gpu": "nvida"}}, "server.gpu is 'nvida', not one of auto, nvidia, amd, none"),
        ({"server": {"gpu": None}}, "server.gpu is None, not one of auto, nvidia, amd, none"),
        ({"server": {"oom_policy": ["stop"]}}, "server.oom_policy is ['stop'], not one of auto, continue, stop, kill"),
        ({"server": {"start": "maybe"}}, "server.start is 'maybe', none of auto, true and false"),
        ({"server": {"ready_timeout": "soon"}}, f"server.ready_timeout is 'soon', not a whole number from 0 to {MOST}"),
        ({"server": {"ready_timeout": True}}, f"server.ready_timeout is True, not a whole number from 0 to {MOST}"),
        ({"server": {"gpu_timeout": 601}}, "server.gpu_timeout is 601, not a whole number from 0 to 600"),
        ({"server": {"gpu_timeout": -1}}, "server.gpu_timeout is -1, not a whole number from 0 to 600"),
        ({"model": {"prune": "everything"}}, "model.prune is 'everything', not one of none, unlisted"),
        ({"model": {"replaced": "foo"}}, "model.replaced is 'foo', not one of unload, keep"),
        ({"model": {"pull_state": "absent"}}, "model.pull_state is 'absent', not one of present, latest"),
        ({"model": {"timeout": "x"}}, f"model.timeout is 'x', not a whole number from 1 to {MOST}"),
        ({"model": {"timeout": 0}}, f"model.timeout is 0, not a whole number from 1 to {MOST}"),
        ({"model": {"stall_timeout": 0.5}}, f"model.stall_timeout is 0.5, not a number of seconds from 1 to {MOST}"),
        ({"model": {"progress_interval": "nan"}}, f"model.progress_interval is 'nan', not a number of seconds from 0 to {MOST}"),
        ({"model": {"models": [7]}}, f"model.models is [7], not a list of models: {RIGHT}, as in ollama_model_models"),
        ({"model": {"models": None}}, f"model.models is None, not a list of models: {RIGHT}, as in ollama_model_models"),
        ({"warmup": {"prove": "perhaps"}}, "warmup.prove is 'perhaps', neither true nor false"),
    ],
)
@pytest.mark.parametrize("role", FLAT)
def test_an_own_setting_that_its_role_would_refuse_of_a_variable(own: dict[str, Any], words: str, role: str) -> None:
    assert problem({"name": "a", **own}, role=role) == f"instance a: {words}", "whichever role is the first to ask"


def test_own_settings_of_every_kind_are_told_at_once() -> None:
    own = {"server": {"restart": "nevr", "gpu": "nvida", "oom_policy": "maybe", "ready_timeout": "soon"}, "model": {"prune": "everything", "models": None}}
    assert len(judge({"name": "a", **own})["problems"]) == 6


def test_texts_that_mean_a_number_or_a_switch_become_one() -> None:
    (server,) = settings({"name": "a", "server": {"gpu_timeout": "60", "ready_timeout": 0, "start": "False"}})
    assert (server["gpu_timeout"], server["ready_timeout"], server["start"]) == (60, 0, False)
    (model,) = settings({"name": "a", "model": {"pull": "no", "stall_timeout": "1.5", "retries": "0"}}, role="model")
    assert (model["pull"], model["stall_timeout"], model["retries"]) == (False, 1.5, 0)
    (warmup,) = settings({"name": "a", "warmup": {"strict": "True", "watch": False}}, role="warmup")
    assert (warmup["strict"], warmup["watch"]) == (True, False)


@pytest.mark.parametrize(
    ("role", "around", "flat", "variable"),
    [
        *((role, {"resident": [7]}, {}, "ollama_warmup_models") for role in FLAT),
        ("model", {"resident": {"name": "x"}}, {}, "ollama_warmup_models"),
        ("model", {}, {"models": [["x"]]}, "ollama_model_models"),
    ],
)
def test_a_list_of_the_host_that_holds_no_models(role: str, around: dict[str, Any], flat: dict[str, Any], variable: str) -> None:
    shown = around.get("resident") or flat["models"]
    found = judge({"name": "a"}, {"name": "b", "port": 1}, role=role, flat=flat, **around)
    assert (found["problems"], found["instances"]) == ([f"{variable} is {shown!r}, not a list of models: {RIGHT}"], [])


@pytest.mark.parametrize("models", [["x", "y:8b"], "x,y:8b", [{"name": "x"}, "y:8b"]])
def test_models_of_the_host_and_of_an_entry_may_be_names(models: Any) -> None:
    names = [{"name": "x"}, {"name": "y:8b"}]
    of_host, own = settings({"name": "a"}, {"name": "b", "port": 1, "models": models}, role="warmup", resident=models)
    assert (of_host["models"], own["models"]) == (names, names)
    found = judge({"name": "a", "model": {"models": models}}, role="model")
    assert found["instances"][0]["judged"]["models"] == names


def test_models_that_nobody_declared_are_null_for_every_instance_without_its_own() -> None:
    found = judge({"name": "a"}, {"name": "b", "port": 1, "models": []}, role="warmup", resident=None)
    assert [instance["judged"]["policy"]["models"] for instance in found["instances"]] == [None, []]


@pytest.mark.parametrize(("raw", "role"), [("a", "server"), ({"name": "a"}, "server"), (1, "server"), ("a", "model")])
def test_what_is_no_list(raw: Any, role: str) -> None:
    (sentence,) = server_entries(raw, role, FLAT[role])["problems"]
    assert "not a list" in sentence


@pytest.mark.parametrize("raw", [None, "", []])
def test_a_host_without_a_list_has_one_server(raw: Any) -> None:
    around = {"unit": "llm.service", "host": "0.0.0.0:9", "resident": "a,b", "max_loaded_models": 7}
    (server,) = server_entries(raw, "server", {**FLAT["server"], "models": "/srv/m", "start": "no"}, around)["instances"]
    declared = server["declared"]
    assert (server["name"], server["unit"], server["models"]) == ("default", "llm.service", [{"name": "a"}, {"name": "b"}])
    assert (declared["grouped"], declared["folder"], declared["start"], declared["models"]) == (False, "/srv/m", "false", server["models"])
    assert declared["environment"] == {
        "OLLAMA_KEEP_ALIVE": "2700s", "OLLAMA_HOST": "0.0.0.0:9", "OLLAMA_MAX_LOADED_MODELS": "7", "OLLAMA_MODELS": "/srv/m", "OLLAMA_DEBUG": "1",
    }  # fmt: skip


def test_what_is_wrong_with_the_only_server_is_told() -> None:
    found = server_entries([], "server", {**FLAT["server"], "keep_alive": "soon"})
    assert (found["instances"], found["problems"][0].startswith("ollama_server_keep_alive: keep_alive 'soon' is not a duration")) == ([], True)


def test_an_entry_that_is_no_mapping() -> None:
    assert problem("a", {"name": "b"}) == "entry 1 of ollama_server_instances is 'a', not a mapping: write {name: a, port: 11435}"


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ({"name": "b"}, {"port": 11435}, "two instances are named b: give one of them another name"),
        ({}, {}, "instances a and b would both listen on 127.0.0.1:11434: give one of them another port"),
        ({"host": "localhost:9"}, {"port": 9}, "instances a and b would both listen on localhost:9 (127.0.0.1:9)"),
        ({"host": "0.0.0.0"}, {"host": "10.1.2.3"}, "both listen on 0.0.0.0:11434 (10.1.2.3:11434)"),
        ({"host": "[::]"}, {}, "both listen on [::]:11434 (127.0.0.1:11434)"),
        ({"host": "[::1]"}, {"host": "[0:0:0:0:0:0:0:1]"}, "both listen on [::1]:11434"),
        ({"devices": NVIDIA}, {"port": 9, "devices": [NVIDIA[0].upper()]}, "would both use the GPU gpu-8932f937"),
    ],
)
def test_what_two_cannot_share(one: dict[str, Any], other: dict[str, Any], words: str) -> None:
    assert words in problem({"name": "a", **one}, {"name": "b", **other})


def test_what_two_may_share() -> None:
    assert judge({"name": "a", "host": "10.0.0.1"}, {"name": "b", "host": "10.0.0.2"}, {"name": "c", "host": "[::1]"})["problems"] == []


def test_every_problem_is_told_and_nothing_is_given() -> None:
    found = judge({"name": "a", "port": -1}, {"name": "b"}, {"name": "c", "server": {"keep_alive": "1d"}})
    assert len(found["problems"]) == 3
    assert found["instances"] == []


def test_servers_of_one_folder_do_not_prune_what_the_other_fetches() -> None:
    found = judge(
        {"name": "a"}, {"name": "b", "port": 1}, {"name": "c", "port": 2, "server": {"models": "/srv/c"}},
        {"name": "d", "port": 3, "server": {"environment": {"OLLAMA_NOPRUNE": 0}}},
    )  # fmt: skip
    judged = [instance["judged"] for instance in found["instances"]]
    assert [one["defaults"].get("OLLAMA_NOPRUNE") for one in judged] == ["1", "1", None, "1"]
    assert [one["environment"].get("OLLAMA_NOPRUNE") for one in judged] == [None, None, None, "0"], "what is said comes first"


@pytest.mark.parametrize(
    ("own", "around", "most"),
    [
        ({"models": [{"name": "x"}, {"name": "y"}]}, {}, None),
        ({}, {"resident": [{"name": "x"}]}, None),
        ({"models": []}, {"resident": [{"name": "x"}], "max_loaded_models": 2}, 2),
        ({"models": [{"name": "x"}]}, {"max_loaded_models": 7}, 7),
        ({"models": [{"name": "x"}]}, {"max_loaded_models": "7"}, "7"),
        ({"server": {"max_loaded_models": 5}}, {"max_loaded_models": 7}, 5),
        ({"server": {"max_loaded_models": None}}, {"max_loaded_models": 7}, None),
        ({"models": [{"name": "x"}]}, {"max_loaded_models": 1}, 1),
        ({"models": [{"name": "x"}]}, {"max_loaded_models": 0}, 0),
        ({"models": [{"name": "x"}]}, {"max_loaded_models": "0"}, "0"),
        ({"models": [{"name": "x"}]}, {"max_loaded_models": ""}, None),
        ({"models": []}, {"max_loaded_models": 0}, 0),
    ],
)
def test_the_number_of_loaded_models(own: dict[str, Any], around: dict[str, Any], most: Any) -> None:
    entry = {"name": "a", **own}
    assert settings(entry, **around)[0]["max_loaded_models"] == most
    assert settings(entry, role="warmup", **around)[0]["max_loaded_models"] == most


def test_the_agent_of_each_has_its_own_models_and_settings() -> None:
    found = judge(
        {"name": "a", "models": [{"name": "x", "num_ctx": 512}], "warmup": {"interval": "2m", "strict": True}},
        {"name": "b", "port": 11435},
        role="warmup",
        resident=[{"name": "y"}],
    )
    assert found["problems"] == []
    first, second = (instance["judged"] for instance in found["instances"])
    assert ([model["name"] for model in first["policy"]["models"]], first["policy"]["strict"], first["interval"]) == (["x"], True, 120)
    assert ([model["name"] for model in second["policy"]["models"]], second["policy"]["strict"], second["interval"]) == (["y"], False, 180)


def test_more_pins_than_places_are_refused_for_that_instance() -> None:
    entry = {"name": "a", "models": [{"name": "x"}, {"name": "y"}], "server": {"max_loaded_models": 1}}
    (sentence,) = judge(entry, role="warmup")["problems"]
    assert sentence.startswith("instance a: ")


def test_a_gate_on_its_own_server_is_refused() -> None:
    assert "is the server itself" in problem({"name": "a", "models": ["x"], "warmup": {"gates": [{"unit": "ollama@a.service"}]}}, role="warmup")


def test_each_has_its_own_models_on_the_disk() -> None:
    found = judge(
        {"name": "a", "models": [{"name": "x"}], "model": {"pull": True}, "server": {"models": "/a"}},
        {"name": "b", "port": 1, "models": [{"name": "y"}], "model": {"models": [{"name": "z"}], "prune": "unlisted"}},
        role="model",
    )
    first, second = (instance["judged"] for instance in found["instances"])
    assert ([model["name"] for model in first["models"]], first["kept"]) == (["x"], [])
    assert ([model["name"] for model in second["models"]], second["kept"]) == (["z"], ["y"])


def test_what_another_of_the_same_folder_has_is_not_pruned() -> None:
    found = judge(
        {"name": "a", "models": [{"name": "x"}], "model": {"pull": True, "prune": "unlisted"}},
        {"name": "b", "port": 1, "models": [{"name": "y"}], "model": {"models": [{"name": "z"}, {"name": "gone", "state": "absent"}]}},
        {"name": "c", "port": 2, "models": [{"name": "w"}], "server": {"models": "/c"}},
        role="model",
    )
    assert found["instances"][0]["judged"]["kept"] == ["z", "y"]


def test_the_start_of_a_server_is_a_switch_even_as_text() -> None:
    assert [one["start"] for one in settings({"name": "a", "server": {"start": "false"}}, {"name": "b", "port": 1})] == [False, True]


def test_a_host_without_a_list_has_one_server_for_each_role() -> None:
    flat = {**FLAT["model"], "models": ["a"], "pull": True, "unit": "llm.service", "url": ""}
    (store,) = judge(role="model", flat=flat, resident=["b"])["instances"]
    assert (store["name"], store["unit"], [model["name"] for model in store["judged"]["models"]]) == ("default", "llm.service", ["a", "b"])
    (agent,) = judge(role="warmup", flat={"models": "a,b", "unit": "llm.service"})["instances"]
    assert (agent["follows_unit"], agent["models"]) == (True, [{"name": "a"}, {"name": "b"}])
    (server,) = judge(unit="llm.service", resident=["a"])["instances"]
    assert (server["unit"], server["declared"]["models"], server["declared"]["grouped"]) == ("llm.service", [{"name": "a"}], False)


def test_what_hinders_an_upgrade_is_told_of_every_server() -> None:
    entries = [{"name": "a", "server": {"restart": "never"}}, {"name": "b", "port": 11435}]
    around = {"state": "present", "install": "missing", "keep_releases": "many"}
    found = judge(*entries, flat={"restart": "auto"}, **around)
    assert found["upgrade_obstacles"] == ["the restart of ollama@a.service is never, but an upgrade restarts servers: set it to auto"]
    assert judge(flat={"restart": "auto"}, **around)["upgrade_obstacles"] == []


def test_two_servers_are_not_asked_at_one_place() -> None:
    first, second = {"name": "a", "port": 1, "warmup": {"ready_listen": [7001]}}, {"name": "b", "port": 2, "warmup": {"ready_agent_listen": [7001]}}
    assert problem(first, second, role="warmup") == (
        "instances a and b would both answer load balancers on port 7001: give each its own in warmup.ready_listen and warmup.ready_agent_listen"
    )
    apart = {"name": "b", "port": 2, "warmup": {"ready_agent_listen": [7002]}}
    assert judge(first, apart, role="warmup")["problems"] == []


def test_a_place_of_the_host_s_is_not_for_two_servers() -> None:
    entries = [{"name": "a", "port": 1}, {"name": "b", "port": 2}]
    assert "both answer load balancers on port 7001" in problem(*entries, role="warmup", flat={"ready_listen": ["10.0.0.5:7001"]})


def test_a_server_of_compose_is_beside_those_that_systemd_runs() -> None:
    image = "registry.example.org/ollama:1"
    entry = {"name": "b", "port": 11436, "server": {"deployment": "compose", "container_image": image, "models": "/srv/b", "ready_timeout": 5}}
    found = judge({"name": "a", "port": 11435}, entry, resident=["qwen3:8b"])
    (composed,) = found["composed"]
    assert [one["unit"] for one in found["instances"]] == ["ollama@a.service"]
    assert (composed["unit"], composed["container_image"], composed["folder"], composed["ready_timeout"]) == ("ollama-b.service", image, "/srv/b", 5)
    assert (composed["environment"]["OLLAMA_HOST"], composed["models"], composed["start"]) == ("127.0.0.1:11436", [{"name": "qwen3:8b"}], "true")
    assert "ollama-b.service" in found["upgrade_obstacles"][0] and list(found["composed_settings"]) == ["ollama-b.service"]


@pytest.mark.parametrize("role", ["warmup", "model"])
def test_a_server_of_compose_is_known_by_its_address(role: str) -> None:
    listed = judge({"name": "a", "port": 11435}, {"name": "b", "port": 11436, "server": {"deployment": "compose"}}, role=role, resident=[])
    assert [(one["unit"], one["url"], one["follows_unit"]) for one in listed["instances"]] == [
        ("ollama@a.service", "http://127.0.0.1:11435", True),
        ("ollama-b.service", "http://127.0.0.1:11436", False),
    ]
    flat = {**FLAT[role], "unit": "ollama.service"}
    for given, url in (({}, "http://127.0.0.1:11434"), ({"host": "0.0.0.0:11500"}, "http://127.0.0.1:11500"), ({"host": "no address"}, "")):
        (one,) = server_entries([], role, flat, {"deployment": "compose", "resident": [], "unit": "ollama.service", **given})["instances"] or [{"url": ""}]
        assert one["url"] == url
    (named,) = server_entries([], role, {**flat, "url": "http://10.0.0.1:1"}, {"deployment": "compose", "resident": []})["instances"]
    assert named["url"] == "http://10.0.0.1:1"
    (other,) = server_entries([], role, {**flat, "unit": "other.service"}, {"deployment": "compose", "resident": [], "unit": "ollama.service"})["instances"]
    assert (other["url"], other["follows_unit"]) == ("", True)


@pytest.mark.parametrize(("deployments", "refused"), [(("compose", "compose"), True), (("compose", "systemd"), False)])
def test_a_release_is_installed_for_a_server_that_runs_it(deployments: tuple[str, ...], refused: bool) -> None:
    ways = {"systemd": {}, "compose": {"deployment": "compose", "container_image": "registry.example.org/ollama:1"}}
    entries = [{"name": f"s{port}", "port": port, "server": ways[way]} for port, way in enumerate(deployments, 11435)]
    found = server_entries(entries, "server", FLAT["server"], {"install": "missing"})["problems"]
    assert any("ollama_server_install is missing" in sentence for sentence in found) is refused


def test_two_servers_of_compose_have_two_projects() -> None:
    entries = [{"name": "a", "port": 11435}, {"name": "A", "port": 11436}]
    assert judge(*entries)["problems"] == []
    for entry in entries:
        entry["server"] = {"deployment": "compose", "container_image": "registry.example.org/ollama:1"}
    assert "instances a and A would share one project of Compose, whose name has no capitals" in problem(*entries)


def test_no_server_of_compose_has_the_name_of_another_unit_of_ours() -> None:
    templates = sorted((pathlib.Path(__file__).parents[3] / "roles").glob("*/templates/ollama-*.service.j2"))
    assert len(templates) > 5
    for name in (template.name.removeprefix("ollama-").removesuffix(".service.j2") for template in templates):
        entry = {"name": name, "port": 11435}
        assert judge(entry)["problems"] == []  # ollama@NAME.service
        entry["server"] = {"deployment": "compose", "container_image": "registry.example.org/ollama:1"}
        assert f"would be called ollama-{name}.service, which is another unit of this collection" in problem(entry)


def test_what_compose_cannot_have_is_refused() -> None:
    flat = {**FLAT["server"], "deployment": "compose", "podman_args": ["--cgroups=disabled"]}
    (found,) = server_entries([], "server", flat, {})["problems"]
    assert "ollama_server_podman_args is set, but ollama_server_deployment is compose" in found
    (found,) = server_entries([], "server", {**FLAT["server"], "deployment": "compose", "oom_policy": "stop"}, {})["problems"]
    assert found.startswith("ollama_server_oom_policy is stop, but ollama_server_deployment is compose")
    (found,) = server_entries([], "server", {**FLAT["server"], "deployment": "compose"}, {"install": "missing"})["problems"]
    assert "whose server comes with its image: leave it at never" in found
    assert server_entries([], "server", {**FLAT["server"], "deployment": "compose", "environment": {"TOKEN": "a$b"}}, {})["problems"] == []
    (found,) = server_entries([], "server", {**FLAT["server"], "docker_host": "tcp://10.0.0.1:2375"}, {})["problems"]
    assert found == "ollama_server_docker_host is 'tcp://10.0.0.1:2375', not a socket of this host: write one such as unix:///run/podman/podman.sock"


@pytest.mark.parametrize(
    ("flat", "host", "warned"),
    [
        ({}, None, []),
        ({"gpu_timeout": 30}, "127.0.0.1:11500", []),
        ({"gpu_timeout": "60"}, None, ["ollama_server_gpu_timeout is 60, which does not count for ollama.service"]),
        ({}, "0.0.0.0", ["ollama.service listens beyond loopback (OLLAMA_HOST is 0.0.0.0)"]),
        ({"environment": {"OLLAMA_NOWHERE": "1"}}, None, ["ollama_server_environment: "]),
    ],
)
def test_what_is_not_for_compose_as_for_a_unit_is_warned_of(flat: dict[str, Any], host: str | None, warned: list[str]) -> None:
    (composed,) = server_entries([], "server", {**FLAT["server"], "deployment": "compose", **flat}, {"host": host})["composed"]
    assert len(composed["warnings"]) == len(warned), composed["warnings"]
    assert all(sentence.startswith(start) for sentence, start in zip(composed["warnings"], warned, strict=True))
