# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP beyond what the recordings hold: connections, uploads, origins, odd requests."""

from __future__ import annotations

import hashlib
import socket
from typing import Any

import pytest
from ollama_stub.access import AccessPolicy
from running_stand_in import StandIn

LOCAL = ["http://localhost", "http://localhost:*", "https://*.example.org", "app://*"]


@pytest.fixture
def running(stand_in: StandIn) -> StandIn:
    stand_in.run()
    return stand_in


def exchange(server: StandIn, sent: bytes) -> bytes:
    """Send bytes on one connection and read until it closes."""
    with socket.create_connection(server.caller.address) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_connection_is_used_again(running: StandIn) -> None:
    one = b"GET /api/version HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    received = exchange(running, one + one + last)
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.endswith(b"Ollama is running")


def test_answer_has_the_servers_clock(running: StandIn) -> None:
    received = exchange(running, b"GET / HTTP/1.0\r\n\r\n")
    assert b"\r\nDate: " in received


def test_what_is_not_http_is_dropped(running: StandIn) -> None:
    assert exchange(running, b"\x16\x03\x01 hello\r\n\r\n") == b""
    assert running.caller.send("GET", "/").result["status"] == 200


def test_chunked_upload_after_100_continue(running: StandIn) -> None:
    digest = f"sha256:{hashlib.sha256(b'hello world').hexdigest()}"
    head = f"POST /api/blobs/{digest} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
    head += "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    received = exchange(running, head.encode() + b"6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created")
    assert (running.home / "models" / "blobs" / digest.replace(":", "-")).read_bytes() == b"hello world"


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("sha256:" + "0" * 64, b"x", 400, "digest mismatch, expected"),
        ("sha256:abc", b"x", 400, "invalid digest format"),
    ],
)
def test_refused_upload(running: StandIn, path: str, body: bytes, status: int, error: str) -> None:
    blobs = running.home / "models" / "blobs"
    before = sorted(blobs.iterdir())
    result = running.caller.send("POST", f"/api/blobs/{path}", body).result
    assert (result["status"], result["json"]["error"][: len(error)]) == (status, error)
    assert sorted(blobs.iterdir()) == before


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"model": "tiny-a", "prompt": "x", "format": "xml"}, 500, 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object'),
        ({"model": "tiny-a", "top_logprobs": 21}, 400, "top_logprobs must be between 0 and 20"),
        ({"model": "tiny-a", "think": True}, 400, '"tiny-a" does not support thinking'),
        ({"model": "tiny-a", "suffix": "x"}, 400, "registry.ollama.ai/library/tiny-a:latest does not support insert"),
        ({"model": "tiny-a", "options": {"use_mmap": 1}}, 500, 'option "use_mmap" must be of type boolean'),
        ({"model": "tiny-a", "options": {"stop": ["a", 1]}}, 500, 'option "stop" must be of an array of strings'),
        ({"model": "x:local:cloud"}, 400, 'use either :local or :cloud, not both: "x:local:cloud"'),
        ({"model": "tiny-a:local"}, 200, None),
    ],
)  # fmt: skip
def test_generate_errors(running: StandIn, body: dict[str, Any], status: int, error: str | None) -> None:
    result = running.post("/api/generate", stream=False, **body)
    assert (result["status"], result["json"].get("error")) == (status, error)


def test_trailing_slash_is_redirected(running: StandIn) -> None:
    assert running.caller.send("GET", "/api/tags/").result["status"] == 301


@pytest.mark.parametrize(
    ("stream", "kind", "end"),
    [(True, "text/event-stream", "data: [DONE]\n\n"), (False, "application/json", "}")],
)
def test_openai_answer(running: StandIn, stream: bool, kind: str, end: str) -> None:
    messages = [{"role": "user", "content": "w1"}]
    for path, question in (("/v1/chat/completions", {"messages": messages}), ("/v1/completions", {"prompt": "w1"})):
        result = running.post(path, model="tiny-a", max_tokens=4, stream=stream, **question)
        assert (result["status"], result["content_type"]) == (200, kind)
        assert (result["text"] if stream else "}").endswith(end)


@pytest.mark.parametrize(
    ("listening_on", "headers", "status"),
    [
        ("127.0.0.1", {"host": "localhost:11434"}, None),
        ("127.0.0.1", {"host": "[::1]:11434"}, None),
        ("127.0.0.1", {"host": "gpu.local"}, None),
        ("127.0.0.1", {"host": "8.8.8.8"}, 403),
        ("127.0.0.1", {"host": "192.0.2.1"}, 403),  # documentation addresses are not private to Go
        ("127.0.0.1", {"host": "fd00::1"}, None),
        ("127.0.0.1", {"host": "evil.example.com"}, 403),
        ("0.0.0.0", {"host": "evil.example.com"}, None),
        ("0.0.0.0", {"host": "a", "origin": "http://evil.example.com"}, 403),
        ("127.0.0.1", {"host": "localhost", "origin": "http://localhost:3000"}, None),
        ("127.0.0.1", {"host": "localhost", "origin": "https://x.example.org"}, None),
        ("127.0.0.1", {"host": "localhost", "origin": "chrome-extension://abc"}, None),
        ("127.0.0.1", {"host": "localhost:1", "origin": "http://localhost:1"}, None),
    ],
)
def test_access(listening_on: str, headers: dict[str, str], status: int | None) -> None:
    refusal = AccessPolicy(listening_on, LOCAL).refusal("GET", headers)
    assert (refusal.status if refusal else None) == status


def test_preflight_of_an_allowed_origin() -> None:
    headers = {"host": "localhost:11434", "origin": "app://x"}
    answer = AccessPolicy("127.0.0.1", LOCAL).refusal("OPTIONS", headers)
    assert answer is not None
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "app://x")
