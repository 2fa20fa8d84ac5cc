# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the server: taken as Ollama takes them, or refused with a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.address import (
    Address,
    AddressError,
    check_address,
    effective_address,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.env_values import misread
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.ollama_variables import FIRST, GONE, doubt, meant_by
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.settings import judge


@pytest.mark.parametrize(
    ("name", "raw", "key", "written"),
    [
        ("keep_alive", "45m", "OLLAMA_KEEP_ALIVE", "2700s"),
        ("keep_alive", -1, "OLLAMA_KEEP_ALIVE", "-1"),
        ("keep_alive", "-1", "OLLAMA_KEEP_ALIVE", "-1"),
        ("keep_alive", "300", "OLLAMA_KEEP_ALIVE", "300s"),
        ("keep_alive", 0, "OLLAMA_KEEP_ALIVE", "0s"),
        ("max_loaded_models", 4, "OLLAMA_MAX_LOADED_MODELS", "4"),
        ("max_loaded_models", "4", "OLLAMA_MAX_LOADED_MODELS", "4"),
        ("max_loaded_models", 0, "OLLAMA_MAX_LOADED_MODELS", "0"),
        ("num_parallel", 3, "OLLAMA_NUM_PARALLEL", "3"),
        ("context_length", 8192, "OLLAMA_CONTEXT_LENGTH", "8192"),
        ("host", "[::1]:11500", "OLLAMA_HOST", "[::1]:11500"),
        ("models", "/srv/my models", "OLLAMA_MODELS", "/srv/my models"),
        ("load_timeout", "10m", "OLLAMA_LOAD_TIMEOUT", "600s"),
        ("flash_attention", True, "OLLAMA_FLASH_ATTENTION", "1"),
        ("flash_attention", False, "OLLAMA_FLASH_ATTENTION", "0"),
        ("flash_attention", "off", "OLLAMA_FLASH_ATTENTION", "0"),
        ("kv_cache_type", "q8_0", "OLLAMA_KV_CACHE_TYPE", "q8_0"),
        ("max_queue", 64, "OLLAMA_MAX_QUEUE", "64"),
        ("origins", ["https://a.example", "app://*"], "OLLAMA_ORIGINS", "https://a.example,app://*"),
    ],
)
def test_a_setting_is_written_as_the_server_takes_it(name: str, raw: Any, key: str, written: str) -> None:
    assert judge({name: raw}) == {"environment": {key: written}, "problems": [], "warnings": []}


@pytest.mark.parametrize("raw", [None, ""])
def test_what_is_not_set_is_not_written(raw: Any) -> None:
    settings = {"max_loaded_models": raw, "host": raw, "flash_attention": raw, "origins": raw}
    assert judge({**settings, "keep_alive": None}, {"A": None}) == {"environment": {}, "problems": [], "warnings": []}


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        *(("keep_alive", raw) for raw in ["1d", "forever", "", True, [], 1e10, "30 minutes"]),
        *(("max_loaded_models", raw) for raw in [-1, "-1", 1.5, True, "many", 2**31, "²"]),
        *(("num_parallel", raw) for raw in [0, "auto"]),
        *(("context_length", raw) for raw in ["4k", -5]),
        *(("host", raw) for raw in ["https://0.0.0.0", "1.2.3.4:99999", "a b", ":", "http://h/path", "http://0.0.0.0", 11434]),
        *(("host", raw) for raw in ["1.2.3", "1.2.3.4:0", "u@h", "::1:http"]),
        *(("models", raw) for raw in ["models", "~/models", 5]),
        *(("load_timeout", raw) for raw in ["1d", False]),
        *(("flash_attention", raw) for raw in ["auto", 2]),
        *(("kv_cache_type", raw) for raw in ["q4", "F16", 8]),
        *(("max_queue", raw) for raw in [0, "none"]),
        *(("origins", raw) for raw in [["example.org"], ["https://a,b"], ["*://*"], "chat", 5]),
    ],
)
def test_a_wrong_setting_is_refused_by_name(name: str, raw: Any) -> None:
    judged = judge({name: raw})
    (problem,) = judged["problems"]
    assert problem.startswith(f"ollama_server_{name}")
    assert str(raw) in problem
    assert judged["environment"] == {}


def test_every_problem_is_told_at_once() -> None:
    judged = judge({"keep_alive": "1d", "max_queue": 0}, {"A-B": 1, "A": "x\ny", "B": []})
    assert len(judged["problems"]) == 5


@pytest.mark.parametrize("extra", [["A=1"], "A=1", 5])
def test_an_environment_that_is_no_mapping_is_refused(extra: Any) -> None:
    (problem,) = judge({}, extra)["problems"]
    assert problem.startswith("ollama_server_environment is ")


def test_a_key_given_twice_is_refused_naming_both() -> None:
    (problem,) = judge({"keep_alive": "45m"}, {"OLLAMA_KEEP_ALIVE": "45m"})["problems"]
    assert problem == (
        "OLLAMA_KEEP_ALIVE is set by ollama_server_keep_alive and again in ollama_server_environment: keep one of them"
    )


def test_a_known_key_in_the_map_is_judged_like_its_variable() -> None:
    assert judge({"keep_alive": None}, {"OLLAMA_KEEP_ALIVE": "90m"})["environment"] == {"OLLAMA_KEEP_ALIVE": "5400s"}
    (problem,) = judge({"keep_alive": None}, {"OLLAMA_KEEP_ALIVE": "1d"})["problems"]
    assert problem.startswith("ollama_server_environment.OLLAMA_KEEP_ALIVE: keep_alive '1d'")


def test_the_map_takes_texts_numbers_and_switches() -> None:
    extra = {"OLLAMA_DEBUG": True, "B": 2, "A": "x y", "OLLAMA_ORIGINS": "app://*"}
    assert list(judge({}, extra)["environment"].items()) == [
        ("A", "x y"),
        ("B", "2"),
        ("OLLAMA_DEBUG", "1"),
        ("OLLAMA_ORIGINS", "app://*"),
    ]


@pytest.mark.parametrize(
    ("text", "url", "beyond"),
    [
        ("", "http://127.0.0.1:11434", False),
        ("0.0.0.0", "http://127.0.0.1:11434", True),
        ("[::]:80", "http://[::1]:80", True),
        ("::", "http://[::1]:11434", True),
        ("::1", "http://[::1]:11434", False),
        (":1234", "http://127.0.0.1:1234", True),
        ("10.1.2.3:1234", "http://10.1.2.3:1234", True),
        ("127.8.8.8", "http://127.8.8.8:11434", False),
        ("localhost:99", "http://localhost:99", False),
        ("gpu1", "http://gpu1:11434", True),
        ("http://gpu1", "http://gpu1:80", True),
        ("https://gpu1/x", "http://gpu1:443", True),
        ('"127.0.0.1:70000"', "http://127.0.0.1:11434", False),
    ],
)
def test_the_address_is_the_one_that_the_server_makes_of_it(text: str, url: str, beyond: bool) -> None:
    address = effective_address(text)
    assert (address.url, address.beyond_loopback) == (url, beyond)


@pytest.mark.parametrize("text", ["127.0.0.1", "0.0.0.0:11500", "[::1]:1", "::1", "gpu-1.example:80", "http://10.0.0.1:80"])
def test_a_good_address_is_taken(text: str) -> None:
    check_address(text)
    assert effective_address(text) != Address("", 0)


def test_tls_is_not_promised() -> None:
    with pytest.raises(AddressError, match="Ollama speaks plain http only"):
        check_address("https://10.0.0.1")


@pytest.mark.parametrize(
    ("raw", "port"),
    [("http://0.0.0.0", 80), ("http://0.0.0.0/", 80), ("http://0.0.0.0:", 80), ("http://gpu1", 80)],
)
def test_an_address_that_means_a_port_that_nobody_meant_is_refused_and_the_port_named(raw: str, port: int) -> None:
    (problem,) = judge({"host": raw})["problems"]
    assert f"{raw!r} means port {port}: write " in problem
    assert misread("OLLAMA_HOST", raw), "the doctor has the same judge"


@pytest.mark.parametrize(
    "raw", ["http://0.0.0.0:11434/", "0.0.0.0:", "gpu_box:11434", "gpu1", "10-0-0-7.example:1", ":11434", "0.0.0.0", "[::]:11500", "http://[::1]:11434"]
)
def test_addresses_that_are_fine(raw: str) -> None:
    assert judge({"host": raw}) == {"environment": {"OLLAMA_HOST": raw}, "problems": [], "warnings": []}
    assert misread("OLLAMA_HOST", raw) is None, "the doctor has the same judge"


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        ("OLLAMA_SCHED_SPREAD", "off"),
        ("OLLAMA_NOPRUNE", "nope"),
        ("OLLAMA_GPU_OVERHEAD", "1G"),
        ("OLLAMA_GPU_OVERHEAD", -1),
        ("OLLAMA_MAX_TRANSFER_STREAMS", 1.5),
        ("OLLAMA_DEBUG", "verbose"),
    ],
)
def test_what_the_doctor_calls_misread_is_refused(key: str, raw: Any) -> None:
    (problem,) = judge({}, {key: raw})["problems"]
    assert problem.startswith(f"ollama_server_environment.{key} is {raw!r}, which the server does not read as it is meant")
    assert misread(key, str(raw))


@pytest.mark.parametrize(
    ("key", "raw", "written"),
    [("OLLAMA_SCHED_SPREAD", False, "0"), ("OLLAMA_SCHED_SPREAD", "T", "T"), ("OLLAMA_GPU_OVERHEAD", 2**40, str(2**40)), ("OLLAMA_DEBUG", 2, "2")],
)
def test_what_the_server_reads_is_written_as_it_is(key: str, raw: Any, written: str) -> None:
    assert judge({}, {key: raw}) == {"environment": {key: written}, "problems": [], "warnings": []}


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("OLLAMA_NUM_CTX", "OLLAMA_CONTEXT_LENGTH is (ollama_server_context_length)"),
        ("OLLAMA_PORT", "OLLAMA_HOST is (ollama_server_host)"),
        ("OLLAMA_NUM_THREADS", "the parameter num_thread of a model is"),
        ("OLLAMA_NUM_THREAD", "the parameter num_thread of a model is"),
        ("OLLAMA_NUM_GPU", "the parameter num_gpu of a model is"),
        ("OLLAMA_MAX_VRAM", "OLLAMA_GPU_OVERHEAD is"),
        ("OLLAMA_KEEPALIVE", "OLLAMA_KEEP_ALIVE is (ollama_server_keep_alive)"),
        ("OLLAMA_MAX_LOADED_MODEL", "OLLAMA_MAX_LOADED_MODELS is (ollama_server_max_loaded_models)"),
        ("OLLAMA_FLASH_ATTN", "OLLAMA_FLASH_ATTENTION is (ollama_server_flash_attention)"),
        ("Ollama_Origins", "OLLAMA_ORIGINS is (ollama_server_origins)"),
        ("OLLAMA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES (NVIDIA) or ROCR_VISIBLE_DEVICES (AMD) is"),
    ],
)
def test_a_variable_that_no_server_reads_is_refused_and_the_right_one_named(key: str, meant: str) -> None:
    (problem,) = judge({}, {key: 8})["problems"]
    assert problem == f"ollama_server_environment.{key} is no variable of Ollama's: {meant}"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("OLLAMA_SOMETHING_NEW", "OLLAMA_SOMETHING_NEW is no variable that Ollama is known to read; a newer release"),
        ("OLLAMA_MULTIUSER_CACHE", "OLLAMA_MULTIUSER_CACHE is read by no Ollama from 0.30 on"),
    ],
)
def test_a_variable_that_not_every_server_reads_is_a_warning(key: str, words: str) -> None:
    judged = judge({}, {key: 1, "CUDA_VISIBLE_DEVICES": "0", "OLLAMA_DEBUG": 1})
    assert judged["problems"] == []
    assert [warning.startswith(f"ollama_server_environment: {words}") for warning in judged["warnings"]] == [True]


def test_no_variable_is_known_and_called_wrong_at_once() -> None:
    assert [key for key in (*FIRST, *GONE) if meant_by(key)] == []
    assert {key for key in FIRST if doubt(key)} == set(FIRST) & set(GONE)
