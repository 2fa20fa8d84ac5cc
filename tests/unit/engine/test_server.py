# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server over HTTP, against a real socket: what is sent, and that whatever comes back is an answer or one sentence."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import client as engine
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import recordings
from support.raw_server import RawServer, answer, answering, head

MODEL = ModelName.parse("tiny-a")
QUICK = engine.Deadlines(connect=0.3, answer=0.4, load=0.4)
UNHURRIED = engine.Deadlines(connect=10, answer=60, load=60)
ACKNOWLEDGED = answer('{"model":"tiny-a","response":"","done":true,"done_reason":"load"}')
EMPTY_LIST = answer('{"models":[]}')

Ask = Callable[[engine.OllamaServer], Any]
ASKS: dict[str, Ask] = {
    "version": lambda server: server.require_version(),
    "ps": lambda server: server.resident(),
    "tags": lambda server: server.installed(),
    "show": lambda server: server.card(MODEL),
    "load": lambda server: server.load(MODEL, True, KeepAlive.FOREVER, None),
    "embed": lambda server: server.load(MODEL, False, KeepAlive.FOREVER, None),
    "unload": lambda server: server.unload(MODEL),
}
every_request = pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)


def at(url: str, deadlines: engine.Deadlines = UNHURRIED) -> engine.OllamaServer:
    return engine.OllamaServer(url, deadlines)


def failure_of(ask: Ask, server: engine.OllamaServer) -> engine.ServerFailure:
    """The failure, which is one sentence. Anything else that is raised fails the test."""
    with pytest.raises(engine.ServerFailure) as failed:
        ask(server)
    assert "\n" not in str(failed.value)
    assert 0 < len(str(failed.value)) < 600
    return failed.value


def sent(request: bytes) -> tuple[str, Any]:
    """The request line's method and path, and the body."""
    lines, _gap, body = request.partition(b"\r\n\r\n")
    method, path, _protocol = lines.split(b"\r\n")[0].decode().split()
    return f"{method} {path}", json.loads(body) if body else None


@pytest.mark.parametrize(
    ("ask", "line", "body"),
    [
        (lambda server: server.load(MODEL, True, KeepAlive.FOREVER, None), "POST /api/generate", {"model": "tiny-a:latest", "keep_alive": -1}),
        (
            lambda server: server.load(MODEL, True, KeepAlive.parse("90s"), 2048),
            "POST /api/generate",
            {"model": "tiny-a:latest", "keep_alive": "90s", "options": {"num_ctx": 2048}},
        ),
        (
            lambda server: server.load(MODEL, False, KeepAlive.FOREVER, 512),
            "POST /api/embed",
            {"model": "tiny-a:latest", "keep_alive": -1, "options": {"num_ctx": 512}},
        ),
        (lambda server: server.unload(MODEL), "POST /api/generate", {"model": "tiny-a:latest", "keep_alive": 0}),
    ],
)
def test_a_load_carries_keep_alive_and_no_prompt(ask: Ask, line: str, body: dict[str, Any]) -> None:
    done = {"embeddings": []} if "embed" in line else {"done_reason": "unload" if body["keep_alive"] == 0 else "load"}
    with answering(answer(json.dumps({"model": "tiny-a:latest", **done}))) as listener:
        ask(at(listener.url))
    assert [sent(request) for request in listener.requests] == [(line, body)]


@pytest.mark.parametrize(
    ("ask", "line", "body"),
    [
        (ASKS["ps"], "GET /base/api/ps", None),
        (ASKS["tags"], "GET /base/api/tags", None),
        (ASKS["show"], "POST /base/api/show", {"model": "tiny-a:latest"}),
        (ASKS["version"], "GET /base/api/version", None),
    ],
)
def test_a_question_goes_to_its_route_below_the_address(ask: Ask, line: str, body: Any) -> None:
    with answering(answer('{"models":[],"version":"0.32.15"}')) as listener:
        ask(at(f"{listener.url}/base/"))
    assert [sent(request) for request in listener.requests] == [(line, body)]


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with answering(EMPTY_LIST) as listener:
        assert at(listener.url).installed() == ()


@every_request
def test_a_redirect_is_not_followed(ask: Ask) -> None:
    with answering(ACKNOWLEDGED) as elsewhere, answering(answer("", f"Location: {elsewhere.url}", status="307 Moved")) as listener:
        failure = failure_of(ask, at(listener.url))
    assert isinstance(failure, engine.ServerRefused)
    assert (failure.status, failure.said) == (307, "(no body)")
    assert elsewhere.requests == []


def test_another_connection_goes_to_the_same_server_with_the_same_deadlines() -> None:
    server = at("http://127.0.0.1:11434", QUICK)
    assert server.another() is not server
    assert (server.another().url, server.another().deadlines) == (server.url, QUICK)


KINDS = {404: engine.ModelNotFound, 503: engine.ServerBusy}
REFUSALS = [
    exchange
    for path in ("/api/generate", "/api/embed", "/api/show", "/api/version")
    for exchange in recordings.exchanges(path, 400, 403, 404, 405, 500, 501, 503)
]


@pytest.mark.parametrize("exchange", REFUSALS, ids=str)
def test_a_recorded_refusal_keeps_its_status_and_its_words(exchange: recordings.Exchange) -> None:
    body = exchange.text if exchange.json is None else json.dumps(exchange.json)
    words = exchange.json["error"] if exchange.json is not None else exchange.text.strip() or "(no body)"
    with answering(answer(body, status=f"{exchange.status} No")) as listener:
        failure = failure_of(ASKS["load"], at(listener.url))
    assert failure.__class__ is KINDS.get(exchange.status, engine.ServerRefused)
    assert isinstance(failure, engine.ServerRefused)
    assert (failure.status, failure.said) == (exchange.status, " ".join(words.split())[:300])
    assert failure.said in str(failure)


def test_the_recordings_hold_all_kinds_of_refusals() -> None:
    assert {exchange.status for exchange in REFUSALS} >= {400, 403, 404, 500, 503}


def acknowledgements() -> Iterator[Any]:
    """What real servers said, the name apart, which is that of the request."""
    for exchange in recordings.exchanges("/api/embed", 200) + recordings.exchanges("/api/generate", 200):
        said, body = exchange.json or {}, exchange.body
        if isinstance(body, dict) and body["model"] == said.get("model") and not body.get("prompt") and not body.get("input"):
            ask = "embed" if exchange.path == "/api/embed" else said["done_reason"]
            yield pytest.param(ask, {**said, "model": str(MODEL)}, id=str(exchange))


@pytest.mark.parametrize(("ask", "data"), list(acknowledgements()))
def test_a_recorded_load_is_acknowledged(ask: str, data: Any) -> None:
    with answering(answer(json.dumps(data))) as listener:
        assert ASKS[ask](at(listener.url)) is None


LOADED = {"model": "tiny-a:latest", "done_reason": "load"}


@pytest.mark.parametrize(
    ("ask", "data"),
    [
        ("load", {"model": "tiny-a:latest"}),
        ("load", {**LOADED, "model": "tiny-b:latest"}),
        ("load", {**LOADED, "model": None}),
        ("load", {**LOADED, "done_reason": "unload"}),
        ("load", {**LOADED, "done_reason": "length"}),
        ("unload", LOADED),
        ("embed", {"model": "tiny-a:latest", "embeddings": None}),
        ("embed", {"model": "tiny-a:latest", "embeddings": [[0.5]]}),
        ("embed", {"embeddings": []}),
    ],
)
def test_what_does_not_say_that_it_was_done_is_no_acknowledgement(ask: str, data: Any) -> None:
    with answering(answer(json.dumps(data))) as listener:
        failure = failure_of(ASKS[ask], at(listener.url))
    assert isinstance(failure, engine.ServerGarbled)
    assert f"the {'unload' if ask == 'unload' else 'load'} of tiny-a:latest was answered with" in str(failure)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('{"models":[],"models":[]}', "a key comes twice in one object"),
        ('{"models":[{"size":1,"size":2}]}', "a key comes twice in one object"),
        ('{"models":[],"x":NaN}', "NaN is no JSON number"),
        ('{"models":[],"x":-Infinity}', "-Infinity is no JSON number"),
    ],
)
def test_what_no_server_writes_is_not_guessed_at(body: str, complaint: str) -> None:
    with answering(answer(body)) as listener:
        failure = failure_of(ASKS["ps"], at(listener.url))
    assert isinstance(failure, engine.ServerGarbled)
    assert str(failure).endswith(complaint)


@every_request
def test_nobody_listens(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    failure = failure_of(ask, at(f"http://127.0.0.1:{port}"))
    assert failure.__class__ is engine.ServerUnreachable
    assert str(failure) == f"no Ollama server answers at http://127.0.0.1:{port}: Connection refused"


@every_request
def test_it_hangs_up_without_a_word(ask: Ask) -> None:
    with answering() as listener:
        assert failure_of(ask, at(listener.url)).__class__ is engine.ServerUnreachable


@every_request
def test_it_listens_and_says_nothing(ask: Ask) -> None:
    with answering(b"", b"", pause=60) as listener:
        assert failure_of(ask, at(listener.url, QUICK)).__class__ is engine.ServerSilent


def trickle(whole: bytes, from_: int) -> list[bytes]:
    """The rest byte by byte."""
    return [whole[:from_], *(whole[index : index + 1] for index in range(from_, len(whole)))]


LIST_OF_SPACES = b'{"models":[' + b" " * 100 + b"]}"
TRICKLES = {
    "its head": trickle(answer(LIST_OF_SPACES), 5),
    "a body of known length": trickle(answer(LIST_OF_SPACES), len(answer(LIST_OF_SPACES)) - 110),
    "a body that ends with the connection": trickle(head("Connection: close") + LIST_OF_SPACES, len(head("Connection: close"))),
    "a body in chunks": [
        head("Transfer-Encoding: chunked"),
        *(b"1\r\n%c\r\n" % byte for byte in LIST_OF_SPACES),
        b"0\r\n\r\n",
    ],
}


@pytest.mark.parametrize("pieces", TRICKLES.values(), ids=TRICKLES)
def test_a_trickle_does_not_outlast_the_deadline(pieces: list[bytes]) -> None:
    """Every byte is in time, the whole is a sound answer, and too late."""
    with answering(*pieces, pause=0.02) as listener:
        failure = failure_of(ASKS["tags"], at(listener.url, QUICK))
        assert listener.sent < len(pieces)
    assert failure.__class__ is engine.ServerSilent
    assert str(failure) == f"GET /api/tags at {listener.url} was not answered within 0.4 s"


@pytest.mark.parametrize("pieces", TRICKLES.values(), ids=TRICKLES)
def test_a_trickle_within_the_deadline_is_read(pieces: list[bytes]) -> None:
    with answering(*pieces) as listener:
        assert at(listener.url).installed() == ()


def test_after_a_silence_the_same_server_is_asked_anew() -> None:
    with answering(b"", b"", pause=60) as listener:
        server = at(listener.url, QUICK)
        failure_of(ASKS["tags"], server)
        listener.pieces = [EMPTY_LIST]
        assert server.installed() == ()


def test_a_body_without_end_is_given_up() -> None:
    class Endless:
        def __iter__(self) -> Iterator[bytes]:
            yield head("Connection: close")
            while True:
                yield b" " * 2**20

    with answering() as listener:
        listener.pieces = Endless()
        failure = failure_of(ASKS["tags"], at(listener.url))
    assert failure.__class__ is engine.ServerGarbled
    assert "longer than 4194304 bytes" in str(failure)


WHOLE = '{"models":[]}'
GARBLED = {
    "an empty body": answer(""),
    "no JSON": answer("<html>welcome to nginx</html>"),
    "truncated JSON": answer('{"models":['),
    "two JSON texts": answer("{}{}"),
    "a list": answer("[]"),
    "a number": answer("7"),
    "null": answer("null"),
    "not UTF-8": answer(b'{"models":["\xff\xfe"]}'),
    "UTF-16": answer(WHOLE.encode("utf-16")),
    "a deep nest": answer('{"models":' + "[" * 10**5 + "]" * 10**5 + "}"),
    "a number of ten thousand digits": answer('{"models":[{"size":' + "9" * 10**4 + "}]}"),
    "not a number": answer('{"models":[{"size":NaN}],"version":NaN,"modelfile":NaN}'),
    "less than its length says": head("Content-Length: 500") + b'{"models":[',
    "no gzip": answer("plainly not", "Content-Encoding: gzip"),
    "truncated gzip": answer(gzip.compress(WHOLE.encode())[:15], "Content-Encoding: gzip"),
    "a broken chunk": head("Transfer-Encoding: chunked") + b"zz\r\n{}\r\n",
    "a missing chunk": head("Transfer-Encoding: chunked") + b"d\r\n" + WHOLE.encode()[:5],
    "an error within a 200": answer('{"error":"pull model manifest: file does not exist"}'),
}


@pytest.mark.parametrize("pieces", GARBLED.values(), ids=GARBLED)
@every_request
def test_a_garbled_answer_is_called_so(ask: Ask, pieces: bytes) -> None:
    with answering(pieces) as listener:
        failure = failure_of(ask, at(listener.url))
    assert isinstance(failure, engine.ServerGarbled)
    assert listener.url in str(failure)


NO_HTTP = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a status line": b"HTTP/1.1 2",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a status that is no number": head(status="OK OK"),
    "two lengths": head("Content-Length: 13", "Content-Length: 12") + WHOLE.encode(),
    "a length that is no number": head("Content-Length: many") + b"no",
    "a line without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100000,
    "too many lines": head(*(f"X-{number}: y" for number in range(300))),
    "noughts": b"\0" * 5000,
}


@pytest.mark.parametrize("pieces", NO_HTTP.values(), ids=NO_HTTP)
@every_request
def test_what_is_not_http_is_a_failure(ask: Ask, pieces: bytes) -> None:
    with answering(pieces) as listener:
        assert listener.url in str(failure_of(ask, at(listener.url)))


def test_plain_http_where_tls_is_expected_is_a_failure() -> None:
    with answering(answer(WHOLE)) as listener:
        failure = failure_of(ASKS["ps"], at(listener.url.replace("http:", "https:")))
    assert isinstance(failure, engine.ServerUnreachable)


@pytest.fixture(scope="module")
def listener() -> Iterator[RawServer]:
    with answering() as server:
        yield server


whatever_answers = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
BODIES = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["models", "error", "model", "version", "name"]), inner),
        max_leaves=8,
    ).map(lambda data: json.dumps(data).encode()),
)


@given(status=st.sampled_from([200, 200, 200, 201, 204, 301, 400, 404, 500, 503, 999]), body=BODIES, kind=st.sampled_from(sorted(ASKS)))
def test_no_body_makes_it_raise_anything_else(listener: RawServer, status: int, body: bytes, kind: str) -> None:
    listener.pieces = [answer(body, status=f"{status} Whatever")]
    try:
        ASKS[kind](at(listener.url))
    except engine.ServerFailure as failure:
        assert "\n" not in str(failure)
    else:
        assert status == 200


@given(noise=st.binary(max_size=300), kept=st.integers(0, 60), kind=st.sampled_from(sorted(ASKS)))
def test_no_noise_makes_it_raise_anything_else(listener: RawServer, noise: bytes, kept: int, kind: str) -> None:
    listener.pieces = [answer(WHOLE)[:kept] + noise]
    try:
        ASKS[kind](at(listener.url))
    except engine.ServerFailure as failure:
        assert "\n" not in str(failure)


@pytest.mark.parametrize(
    ("date", "now"),
    [
        ("Sat, 22 Aug 2026 08:00:00 GMT", datetime(2026, 8, 22, 8, tzinfo=timezone.utc)),
        ("Sat, 22 Aug 2026 10:00:00 +0200", datetime(2026, 8, 22, 8, tzinfo=timezone.utc)),
        ("Sat, 22 Aug 2026 08:00:00 -0000", datetime(2026, 8, 22, 8, tzinfo=timezone.utc)),
        ("Wed, 22 Aug 2018 08:00:00 GMT", datetime(2018, 8, 22, 8, tzinfo=timezone.utc)),
    ],
)
def test_now_is_what_the_server_says(date: str, now: datetime) -> None:
    with answering(answer(WHOLE, f"Date: {date}")) as listener:
        assert at(listener.url).resident() == ((), now)


@pytest.mark.parametrize(
    "dates",
    [
        [],
        ["Date: "],
        ["Date: today"],
        ["Date: Sat, 22 Aug 99999 08:00:00 GMT"],
        ["Date: Sat, 32 Aug 2026 08:00:00 GMT"],
        ["Date: Sat, 22 Aug 2026 08:00:00 +9999999999999999"],
        ["Date: \xff\xfe"],
        ["Date: Thu, 01 Jan 1970 00:00:00 GMT"],  # or five minutes from now would be more than half a century
        ["Date: Sat, 22 Aug 2300 08:00:00 GMT"],
    ],
)
def test_without_a_date_now_is_ours(dates: list[str]) -> None:
    with answering(answer(WHOLE, *dates)) as listener:
        _resident, now = at(listener.url).resident()
    assert abs(now - datetime.now(timezone.utc)) < timedelta(minutes=5)


@given(date=st.text(st.characters(min_codepoint=32, max_codepoint=255, blacklist_characters="\x7f"), max_size=40))
def test_no_date_makes_it_raise(listener: RawServer, date: str) -> None:
    listener.pieces = [answer(WHOLE, f"Date: {date}")]
    assert at(listener.url).resident()[1].tzinfo is not None


@pytest.mark.parametrize("version", ["0.10", "0.10.0", "0.32.15", "0.33.0-rc2", "v0.11.4", "1.0", "0.0.0", "0.0.0-abcdef", "dirty", ""])
def test_a_version_from_0_10_on_is_served(version: str) -> None:
    with answering(answer(json.dumps({"version": version}))) as listener:
        assert at(listener.url).require_version() == version


@pytest.mark.parametrize("version", ["0.9.6", "0.1.48", "v0.9", "0.9.6-rc1"])
def test_an_older_one_is_refused_with_what_to_do(version: str) -> None:
    with answering(answer(json.dumps({"version": version}))) as listener:
        failure = failure_of(ASKS["version"], at(listener.url))
    assert failure.__class__ is engine.ServerTooOld
    assert f"Ollama {version}" in str(failure)
    assert "upgrade it to 0.10 or newer" in str(failure)


@pytest.mark.parametrize("data", [{}, {"version": None}, {"version": 0.32}, {"version": ["0.32"]}])
def test_a_server_without_a_version_is_no_ollama_server(data: Any) -> None:
    with answering(answer(json.dumps(data))) as listener:
        assert "is this an Ollama server?" in str(failure_of(ASKS["version"], at(listener.url)))


def test_a_version_of_ten_thousand_digits_is_a_version() -> None:
    with answering(answer(json.dumps({"version": "9" * 10**4 + ".1"}))) as listener:
        assert at(listener.url).require_version().startswith("999")


def test_a_long_refusal_is_cut() -> None:
    with answering(answer(json.dumps({"error": "x" * 10**5}), status="500 No")) as listener:
        assert len(failure_of(ASKS["load"], at(listener.url)).said) == 300  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", ["[" * 900 + "]" * 900, '{"error":' + "[" * 900 + "]" * 900 + "}", '{"error":{"message":"no"}}'])
def test_a_refusal_of_another_shape_is_a_refusal(body: str) -> None:
    with answering(answer(body, status="500 No")) as listener:
        assert failure_of(ASKS["load"], at(listener.url)).__class__ is engine.ServerRefused


def test_the_engine_needs_no_library() -> None:
    """So that a host can be asked before anything is installed on it, and a pass imports none."""
    program = (
        "import importlib, pkgutil, sys; sys.modules['requests'] = None\n"
        "from ansible_collections.keepwarm.ollama.plugins.module_utils import _residency as engine\n"
        "for found in pkgutil.walk_packages(engine.__path__, engine.__name__ + '.'): importlib.import_module(found.name)\n"
        "engine.server.client.OllamaServer(sys.argv[1]).installed()\n"
    )
    with answering(EMPTY_LIST) as listener:
        done = subprocess.run(
            [sys.executable, "-c", program, listener.url], capture_output=True, text=True, check=False, env={"PYTHONPATH": ":".join(sys.path)}
        )
    assert (done.returncode, done.stderr) == (0, "")
