# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated hostile requests through the real nginx: what the server reads is what the judge has judged, and no model departs or is loaded anew.

With FULL=1 there are ten thousand, others at each run; KEEPWARM_SEED has those of a former run again.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import pathlib
import random
import socket
import ssl
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import CA, HERE, Gateway

sys.path.insert(0, str(HERE.parents[1] / "tests/unit/gateway"))
from hostile_requests import assert_kept, generated
from judge_rows import ANYBODY, CONTENTS, SETTINGS, row
from judges import decoder_in_go, judge_in_njs

FULL = bool(os.environ.get("FULL"))
BODIES = 1000 if FULL else 40  # ten cases of each
SEED = int(os.environ.get("KEEPWARM_SEED") or random.randrange(2**32)) if FULL else None
FOLDER = "/etc/nginx/ollama-gateway"
CONFIGURATION = "/etc/nginx/conf.d/ollama-gateway.conf"
PORT = 11999
RELOAD = "old=$(pgrep --parent $(cat /run/nginx.pid)); systemctl reload nginx; for one in $old; do while kill -0 $one 2> /dev/null; do sleep 0.05; done; done"
RUNNERS = "pgrep --list-full --full [l]lama-server"
PINS = {"pin": ("tiny-a", {}), "wide": ("tiny-c", {"num_ctx": 8192})}
ODD_HEADERS = (
    "Content-Encoding: gzip",
    "Content-Type: text/plain; charset=utf-16",
    "X-HTTP-Method-Override: DELETE",
    "Origin: http://evil.example",
    "Connection: close",
)
HEADERS = {"accept", "connection", "content-length", "content-type", "host", "user-agent", "x-forwarded-for"}


class Client:
    """A connection to the gateway, made anew when nginx has ended it; takes any bytes."""

    def __init__(self, gateway: Gateway, folder: pathlib.Path) -> None:
        (folder / "ca.pem").write_text(gateway.run(f"cat {CA}"))
        self._context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        self._address = gateway.address
        self._socket: ssl.SSLSocket | None = None

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        for _attempt in range(2):
            if self._socket is None:
                self._socket = self._context.wrap_socket(socket.create_connection((self._address, 11443), timeout=60), server_hostname=self._address)
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._socket.sendall(request)
                answer = http.client.HTTPResponse(self._socket)
                answer.begin()
                said = answer.read()
                if answer.will_close:
                    self.close()
                return answer.status, said
            self.close()
        raise AssertionError(f"no answer to {request!r}")

    def close(self) -> None:
        """The next request has another connection."""
        if self._socket:
            self._socket.close()
        self._socket = None


def framed(route: str, body: bytes, chance: random.Random) -> bytes:
    """The body as some client sends it: in one piece or in chunks, with headers and a path that mean the same, or nearly."""
    others = [route.replace("e", "%65", 1), f"/{route}", f"{route}?keep_alive=0", f"/api/tags/..{route[4:]}", f"{route}/", route.upper()]
    path = chance.choice([route] * len(others) + others)
    head = f"POST {path} HTTP/1.1\r\nHost: gateway.example\r\nAuthorization: Bearer laptop-0123456789abcdef\r\n"
    head += "".join(f"{header}\r\n" for header in ODD_HEADERS if chance.random() < 0.05)
    if chance.random() < 0.5:
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    cut = chance.randint(0, len(body))
    chunks = b"".join(f"{len(piece):x};keep_alive=0\r\n".encode() + piece + b"\r\n" for piece in (body[:cut], body[cut:]) if piece)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\nContent-Encoding: gzip\r\n\r\n"


@pytest.fixture(scope="module", name="cases")
def generated_cases() -> list[dict[str, Any]]:
    """Those of the unit tests, by the policies that this nginx has."""
    print(f"KEEPWARM_SEED={SEED}")
    return [{**case, "settings": SETTINGS} for case in generated(BODIES, SEED)]


@pytest.fixture(name="judging")
def judging_as_in_unit_tests(gateway: Gateway) -> Iterator[None]:
    """The models that the generated requests name are declared."""
    settings = {**SETTINGS, "routes": [], "clients": {"laptop": ANYBODY}}
    text = base64.b64encode(f"export default {json.dumps(settings)};\n".encode()).decode()
    gateway.run(f"cp -p {FOLDER}/keepwarm_settings.js {CONFIGURATION} /root/ && echo {text} | base64 --decode > {FOLDER}/keepwarm_settings.js; {RELOAD}")
    yield
    gateway.run(f"cp -p /root/keepwarm_settings.js {FOLDER}/ && cp -p /root/ollama-gateway.conf {CONFIGURATION}; {RELOAD}")
    gateway.warm()


@pytest.fixture(name="recorder")
def recorder_behind_nginx(gateway: Gateway, judging: None) -> Iterator[None]:
    """Instead of the server, what tells all that it was sent."""
    program = base64.b64encode((HERE / "files/recorder.py").read_bytes()).decode()
    gateway.run(f"echo {program} | base64 --decode > /root/recorder.py && systemd-run --quiet --unit=recorder python3 /root/recorder.py {PORT}")
    gateway.run(f"timeout 20 sh -c 'until ss -Hltn sport = :{PORT} | grep --quiet .; do sleep 0.1; done'")
    gateway.run(f"sed -i 's/127.0.0.1:11434/127.0.0.1:{PORT}/' {CONFIGURATION}; {RELOAD}")
    yield
    gateway.run("systemctl stop recorder.service")


def test_the_server_reads_what_nginx_has_judged(gateway: Gateway, recorder: None, cases: list[dict[str, Any]], tmp_path: pathlib.Path) -> None:
    client, chance = Client(gateway, tmp_path), random.Random(7)
    passed: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for case in cases:
        request = framed(case["route"], bytes.fromhex(case["body"]), chance)
        status, said = client.send(request)
        if status == 200:
            passed.append((case, {"request": request, **json.loads(said)}))
        else:
            assert status in (400, 403, 413, 415), (request, said)
            assert json.loads(said), request
    client.close()
    assert len(passed) > len(cases) / 10
    assert_read_as_judged(passed, tmp_path)


def assert_read_as_judged(passed: list[tuple[dict[str, Any], dict[str, Any]]], folder: pathlib.Path) -> None:
    """What arrived is what the judge makes of that request on that route, and Go reads in it what the judge took it for."""
    arrived = [{**row(bytes.fromhex(case["body"]), got["path"]), "settings": case["settings"]} for case, got in passed]
    sent = [{**case, "body": got["body"]} for case, (_case, got) in zip(arrived, passed)]
    go = decoder_in_go(folder)
    for case, (_case, got), verdict, meant, before in zip(arrived, passed, judge_in_njs(arrived), go(sent), go(arrived)):
        assert got["path"] in CONTENTS, got
        assert set(got["headers"]) <= HEADERS, got
        assert "status" not in verdict, (got, verdict)
        assert got["body"] == (case["body"] if verdict["body"] is None else verdict["body"]), (got, verdict)
        if not meant["error"]:
            assert_kept(case, verdict, meant, before)


def test_no_model_departs_or_is_loaded_anew(gateway: Gateway, judging: None, cases: list[dict[str, Any]], tmp_path: pathlib.Path) -> None:
    """Below /v1 no context can be asked for, which the documentation says: those requests are not among them."""
    for name, (source, options) in PINS.items():
        gateway.run(f"ollama cp {source} {name}")
        gateway.post("/api/generate", model=name, keep_alive=-1, options=options)
    gateway.run("ollama cp tiny-b warm:8b")
    before = set(gateway.run(RUNNERS).splitlines())
    client, chance = Client(gateway, tmp_path), random.Random(8)
    asked = [case for case in cases[:: 1 if FULL else 4] if not case["route"].startswith("/v1")]
    statuses = [client.send(framed(case["route"], bytes.fromhex(case["body"]), chance))[0] for case in asked]
    client.close()
    assert statuses.count(200) > len(asked) / 20
    kept = {name: expiry for name, expiry in gateway.resident().items() if name.partition(":")[0] in PINS}
    assert (sorted(kept), all(expiry > "2300" for expiry in kept.values())) == (["pin:latest", "wide:latest"], True)
    pins = [line for line in before if any(blob in line for blob in blobs(gateway))]
    assert len(pins) == len(PINS)
    assert set(pins) <= set(gateway.run(RUNNERS).splitlines()), "a runner of a pin is another one"


def blobs(gateway: Gateway) -> list[str]:
    """The weights of the pins."""
    return [gateway.run(f"ollama show --modelfile {name} | sed -n 's/^FROM .*sha256-//p'").strip() for name in PINS]
