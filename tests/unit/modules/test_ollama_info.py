# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server holds, through the module's real entry point and scripted exchanges."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_info
from support.ansible_module import Entrance
from support.scripted_http import Exchange, ScriptedServer
from support.values import digest

VERSION = Exchange("GET /api/version", None, 200, {"version": "0.32.15"})
TAGS = Exchange(
    "GET /api/tags",
    None,
    200,
    {
        "models": [
            {"name": "b:latest", "digest": digest("b"), "size": 7},
            {"name": "a:latest", "digest": digest("a"), "size": 5},
            {"name": "gpt-oss:120b-cloud", "digest": digest("c"), "size": 0, "remote_host": "https://ollama.com:443"},
        ]
    },
)
LISTED = {
    "name": "b:latest",
    "digest": digest("b"),
    "size": 1000,
    "size_vram": 250,
    "expires_at": "2318-12-02T11:47:16.978231264+02:00",
    "context_length": 4096,
}
PS = Exchange("GET /api/ps", None, 200, {"models": [LISTED]})


@pytest.fixture
def entrance(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> Entrance:
    return Entrance(ollama_info.main, monkeypatch, capsys, tmp_path)


@pytest.mark.parametrize("check", [False, True])
def test_it_tells_what_the_server_holds_and_changes_nothing(entrance: Entrance, server: ScriptedServer, check: bool) -> None:
    server.expect(VERSION, PS, TAGS)
    result = entrance.succeed(url=f"{server.url}/", check=check)
    assert (result["changed"], result["url"], result["version"]) == (False, server.url, "0.32.15")
    assert result["installed"] == [
        {"name": "a:latest", "digest": digest("a"), "size": 5, "cloud": False},
        {"name": "b:latest", "digest": digest("b"), "size": 7, "cloud": False},
        {"name": "gpt-oss:120b-cloud", "digest": digest("c"), "size": 0, "cloud": True},
    ]
    assert result["resident"] == [
        {
            "name": "b:latest",
            "digest": digest("b"),
            "expires_at": "2318-12-02T09:47:16.978231Z",
            "forever": True,
            "context_length": 4096,
            "size": 1000,
            "size_vram": 250,
            "processor": "75%/25% CPU/GPU",
        }
    ]


def test_an_old_server_is_told_about_too(entrance: Entrance, server: ScriptedServer) -> None:
    old = {key: value for key, value in LISTED.items() if key != "context_length"}
    server.expect(Exchange("GET /api/version", None, 200, {"version": "0.9.6"}), Exchange("GET /api/ps", None, 200, {"models": [old]}), TAGS)
    result = entrance.succeed(url=server.url)
    assert (result["version"], result["resident"][0]["context_length"]) == ("0.9.6", None)


def test_a_server_that_does_not_answer_is_one_sentence(entrance: Entrance) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    assert entrance.fail(url=url) == f"no Ollama server answers at {url}: Connection refused"


def test_a_server_of_another_kind_is_one_sentence(entrance: Entrance, server: ScriptedServer) -> None:
    server.expect(Exchange("GET /api/version", None, 200, {"product": "nginx"}))
    assert entrance.fail(url=server.url) == f"{server.url}/api/version holds no version: is this an Ollama server?"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"url": "gpu-1:11434"}, "url 'gpu-1:11434' is not the address of an HTTP server: write it as http://127.0.0.1:11434"),
        ({"url": "http://me:secret@gpu-1"}, "url of 'gpu-1' holds a user name, which would end up in logs"),
        ({"answer_timeout": 0}, "answer_timeout 0 is not between 0 and 86400 seconds: give a number of seconds above 0"),
        ({"connect_timeout": 1e9}, "connect_timeout 1e+09 is not between 0 and 86400 seconds"),
        ({"connect_timeout": "nan"}, "connect_timeout nan is not between 0 and 86400 seconds"),
    ],
)
def test_a_bad_option_is_one_sentence(entrance: Entrance, options: dict[str, Any], sentence: str) -> None:
    assert sentence in entrance.fail(**options)
