# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients may do, and that none of it makes a model cold."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from conftest import CA, Gateway

HI = {"model": "tiny-a", "prompt": "hi", "stream": False}
URL = "https://127.0.0.1:11443/api/generate"
STREAM = """
import json, ssl, sys, time, urllib.request
context = ssl.create_default_context(cafile="{ca}")
def ask(url, headers):
    request = urllib.request.Request(url + "/api/generate", json.dumps({{"model": "big", "prompt": "hi", "keep_alive": "7s"}}).encode(), headers)
    times, lines = [], []
    with urllib.request.urlopen(request, context=context if url.startswith("https") else None) as answer:
        for line in answer:
            times.append(time.monotonic())
            lines.append(json.loads(line).get("response"))
    return times[-1] - times[0], lines
print(json.dumps([ask("https://gateway.example:11443", {{"Authorization": "Bearer laptop-0123456789abcdef"}}), ask("http://127.0.0.1:11434", {{}})]))
"""

# Sends a request on one connection and prints the status of the answer, and its last line.
RAW = """
import socket, ssl
context = ssl.create_default_context(cafile="{ca}")
plain = socket.create_connection(("127.0.0.1", 11443), source_address=("{source}", 0))
connection = context.wrap_socket(plain, server_hostname="gateway.example") if {tls} else plain
connection.settimeout(5)
connection.sendall({sent})
answer = b""
while b"}}" not in answer and b" 204 " not in answer:
    answer += connection.recv(65536) or b" 204 }}"
print(answer.decode().split()[1])
print(answer.decode().strip().rpartition("\\n")[2])
"""
STALLED = b" /api/generate HTTP/1.1\r\nHost: gateway.example\r\nOrigin: https://chat.example\r\nContent-Length: 3000000\r\n\r\n{"


def raw(gateway: Gateway, sent: bytes, source: str = "127.0.0.1", tls: bool = True) -> tuple[int, str]:
    """Status and last line of what is answered to these bytes."""
    program = RAW.format(ca=CA, source=source, tls=tls, sent=repr(sent))
    status, said = gateway.run(f"python3 - <<'END'\n{program}END").strip().split("\n")
    return int(status), said


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        (None, "/api/version", 401),
        ("nobody", "/api/version", 401),
        ("laptop", "/api/version", 200),
        ("laptop", "/", 200),
        ("laptop", "/api/tags", 200),
        ("laptop", "/api/ps", 200),
        ("laptop", "/v1/models", 200),
        ("laptop", "/v1/models/tiny-a", 200),
        ("admin", "/api/status", 403),
        ("admin", "/metrics", 403),
        ("laptop", "/api/blobs/sha256:" + "0" * 64, 403),
    ],
)
def test_who_may_ask_for_what(gateway: Gateway, token: str | None, path: str, status: int) -> None:
    assert gateway.ask(path, token=token)[0] == status


def test_a_token_may_be_an_api_key(gateway: Gateway) -> None:
    assert gateway.ask("/api/version", token=None, options="--header 'X-API-Key: laptop-0123456789abcdef'")[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/generate", {**HI, "keep_alive": 0}, 200),
        ("/api/generate", {**HI, "keep_alive": "5m", "options": {"num_ctx": 1024, "num_batch": 64, "temperature": 0}}, 200),
        ("/api/generate", HI, 200),
        ("/api/generate", '{"model":"TINY-A:latest","prompt":"hi","stream":false,"keep_\\u0061live":"1s","shift":false}', 200),
        ("/api/chat", {"model": "tiny-a", "messages": [{"role": "user", "content": "hi"}], "stream": False, "keep_alive": "1s"}, 200),
        ("/api/embed", {"model": "embed", "input": "hi", "keep_alive": 0}, 200),
        ("/api/embeddings", {"model": "embed", "prompt": "hi", "keep_alive": "1ms"}, 200),
        ("/api/generate", {"model": "tiny-a", "keep_alive": 0}, 403),
        ("/api/chat", {"model": "tiny-a", "messages": [], "keep_alive": "0s"}, 403),
        ("/api/embed", {"model": "embed", "keep_alive": 0}, 403),
        ("/api/generate", {"model": "embed", "keep_alive": 0}, 403),
        ("/api/generate", '{"model":"tiny-a","Keep_Alive":0}', 400),
        ("/api/generate", '{"model":"tiny-a","\u212aeep_alive":0}', 400),
        ("/api/generate", '{"model":"tiny-a","keep_alive":-1,"keep_alive":0}', 400),
        ("/api/generate", '{"model":"tiny-a"}{"keep_alive":0}', 400),
        ("/api/generate", b'\xef\xbb\xbf{"model":"tiny-a","keep_alive":0}', 400),
        ("/api/generate", b'{"model":"tiny-a","prompt":"\xff"}', 400),
        ("/api/generate", "", 400),
        ("/api/generate", {"model": "tiny-a", "prompt": "x" * 5_000_000}, 413),
    ],
)
def test_no_request_makes_a_model_cold(gateway: Gateway, path: str, body: Any, status: int) -> None:
    if status == 413:  # a command line does not take so much
        gateway.run("head --bytes=5000000 /dev/zero > /tmp/large")
        for way in ("", "--header 'Transfer-Encoding: chunked'"):
            assert gateway.ask(path, options=f"--data-binary @/tmp/large {way}")[0] == 413
    else:
        answered, said = gateway.ask(path, body)
        assert (answered, answered == 200 or set(json.loads(said)) == {"error"}) == (status, True), said
    assert gateway.is_warm()


@pytest.mark.parametrize(("method", "source", "status"), [(b"POST", "127.0.0.1", 401), (b"POST", "127.0.0.99", 403), (b"OPTIONS", "127.0.0.1", 204)])
def test_who_may_not_come_in_is_answered_before_the_body_arrives(gateway: Gateway, method: bytes, source: str, status: int) -> None:
    assert raw(gateway, method + STALLED, source)[0] == status


@pytest.mark.parametrize(
    ("sent", "tls", "status"),
    [
        (b"nonsense\r\n\r\n", True, 400),
        (b"GET / HTTP/1.1\r\n\r\n", True, 400),
        (b"GET / HTTP/1.1\r\nHost: gateway.example\r\n\r\n", False, 400),
        (b"GET / HTTP/1.1\r\nHost: gateway.example\r\nX: " + b"x" * 9000 + b"\r\n\r\n", True, 400),
        (b"TRACE / HTTP/1.1\r\nHost: gateway.example\r\n\r\n", True, 405),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: gateway.example\r\n\r\n", True, 414),
        (b"POST / HTTP/1.1\r\nHost: gateway.example\r\nTransfer-Encoding: x\r\n\r\n", True, 501),
        (b"GET / HTTP/9.1\r\nHost: gateway.example\r\n\r\n", True, 505),
        (b"GET /keepwarm_400 HTTP/1.1\r\nHost: gateway.example\r\n\r\n", True, 403),
    ],
)
def test_what_nginx_refuses_itself_has_the_server_s_shape(gateway: Gateway, sent: bytes, tls: bool, status: int) -> None:
    answered, said = raw(gateway, sent, tls=tls)
    assert (answered, set(json.loads(said))) == (status, {"error"})


def test_a_line_break_behind_a_digest_is_no_blob(gateway: Gateway) -> None:
    assert gateway.ask("/api/blobs/sha256:" + "0" * 64 + "%0a", token="admin")[0] == 403


def test_an_encoded_body_is_refused(gateway: Gateway) -> None:
    assert gateway.ask("/api/generate", "x", options="--header 'Content-Encoding: gzip'")[0] == 415


def test_what_is_written_before_the_path_is_read_as_nginx_reads_it(gateway: Gateway) -> None:
    assert gateway.ask("/api/tags/../%67enerate?x=1", {"model": "tiny-a", "keep_alive": 0}, options="--path-as-is")[0] == 403
    assert gateway.is_warm()


def test_requests_behind_each_other_on_a_connection_are_judged_one_by_one(gateway: Gateway) -> None:
    bodies = ['{"model":"tiny-a","keep_alive":0,"prompt":"hi","stream":false}', '{"model":"tiny-a","keep_alive":0}', '{"model":"tiny-a"}']
    head = "POST /api/generate HTTP/1.1\\r\\nHost: gateway.example\\r\\nAuthorization: Bearer laptop-0123456789abcdef\\r\\nContent-Length: "
    sent = "".join(f"{head}{len(body)}\\r\\n{more}\\r\\n{body}" for body, more in zip(bodies, ("", "", "Connection: close\\r\\n")))
    said = gateway.run(f"(printf '{sent}'; sleep 2) | openssl s_client -quiet -CAfile {CA} -connect {gateway.address}:11443 2> /dev/null || true")
    assert re.findall(r"HTTP/1.1 (\d+)", said) == ["200", "403", "200"]
    assert gateway.is_warm()


@pytest.mark.parametrize(
    ("path", "body", "shape"),
    [("/v1/chat/completions", {"messages": []}, ["code", "message", "param", "type"]), ("/v1/messages", {}, ["message", "type"])],
)
def test_errors_below_v1_have_the_shape_that_clients_of_it_expect(gateway: Gateway, path: str, body: Any, shape: list[str]) -> None:
    status, said = gateway.ask(path, body)
    assert (status, sorted(json.loads(said)["error"])) == (400, shape)


def test_openai_s_way_works(gateway: Gateway) -> None:
    body = {"model": "embed", "input": "hi"}
    assert gateway.ask("/v1/embeddings", body)[0] == 200
    assert gateway.ask("/v1/embeddings", body, token="narrow")[0] == 200
    assert gateway.ask("/v1/embeddings", {**body, "model": "tiny-a"}, token="narrow")[0] == 403


def test_only_admins_change_what_is_on_the_disk(gateway: Gateway) -> None:
    body = {"source": "tiny-b", "destination": "copied"}
    assert gateway.ask("/api/copy", body)[0] == 403
    assert gateway.ask("/api/copy", body, token="admin")[0] == 200
    assert gateway.ask("/api/delete", {"model": "copied"}, options="--request DELETE")[0] == 403
    assert gateway.ask("/api/delete", {"model": "copied"}, token="admin", options="--request DELETE")[0] == 200


def test_weights_of_any_size_go_through_for_admins(gateway: Gateway) -> None:
    gateway.run("head --bytes=9000000 /dev/urandom > /tmp/weights")
    path = f"/api/blobs/sha256:{gateway.run('sha256sum /tmp/weights').split()[0]}"
    assert gateway.ask(path, token="laptop", options="--data-binary @/tmp/weights")[0] == 403
    assert gateway.ask(path, token="admin", options="--data-binary @/tmp/weights")[0] == 201


def test_a_client_s_rate_is_kept(gateway: Gateway) -> None:
    assert [gateway.ask("/api/version", token="hasty")[0] for dummy in range(3)] == [200, 200, 429]


def test_networks_that_are_denied_do_not_come_in(gateway: Gateway) -> None:
    refused = "--interface 127.0.0.99 --resolve gateway.example:11443:127.0.0.1"
    assert [gateway.ask("/api/version", token=token, options=refused)[0] for token in ("laptop", "nobody", None)] == [403, 403, 403]
    assert gateway.ask("/api/version", options="--resolve gateway.example:11443:127.0.0.1")[0] == 200


def test_browsers_come_in_from_the_origins_that_are_named(gateway: Gateway) -> None:
    asked = "--request OPTIONS --header 'Origin: https://{}.example' --dump-header -"
    status, said = gateway.ask("/api/chat", token=None, options=asked.format("chat"))
    assert (status, "Access-Control-Allow-Origin: https://chat.example" in said) == (204, True)
    assert gateway.ask("/api/chat", token=None, options=asked.format("other"))[0] == 403
    assert gateway.ask("/api/version", options="--header 'Origin: https://other.example'")[0] == 200


def test_an_answer_arrives_as_the_server_sends_it(gateway: Gateway) -> None:
    """The model says fifty words a second."""
    gateway.run(f"grep --quiet gateway.example /etc/hosts || echo {gateway.address} gateway.example >> /etc/hosts")
    through, direct = json.loads(gateway.run(f"python3 - <<'END'\n{STREAM.format(ca=CA)}END"))
    assert through[1] == direct[1]
    assert len(through[1]) > 10
    assert through[0] > 0.5 * direct[0] > 0.2


def test_a_client_that_goes_is_gone_for_the_server(gateway: Gateway) -> None:
    """The model would speak for twenty seconds; the server notes that it was left before."""
    since = gateway.run("date +%s").strip()
    body = json.dumps({"model": "big", "prompt": "hi", "stream": False, "options": {"num_predict": 1000}})
    gateway.run(f"curl --silent --insecure --max-time 5 --header 'Authorization: Bearer laptop-0123456789abcdef' {URL} --data '{body}' || test $? = 28")
    told = f"journalctl --quiet --unit=ollama.service --output=cat --since=@{since}"
    gateway.run(f"timeout 20 sh -c 'until {told} | grep --quiet 499; do sleep 0.1; done'")
    assert gateway.log()[-1]["status"] == "499"


def test_the_log_says_who_asked_for_what_and_nothing_of_what_was_said(gateway: Gateway) -> None:
    gateway.ask("/api/generate?q=a+secret", {**HI, "prompt": "a secret of mine", "keep_alive": 0})
    assert gateway.log()[-1]["path"] == "/api/generate"
    last = gateway.log()[-1]
    assert (last["client"], last["model"], last["reason"], last["status"]) == ("laptop", "registry.ollama.ai/library/tiny-a:latest", "keep_alive", "200")
    everything = gateway.run("cat /var/log/nginx/*")
    assert "a secret of mine" not in everything
    assert "a+secret" not in everything
    assert "0123456789abcdef" not in everything
