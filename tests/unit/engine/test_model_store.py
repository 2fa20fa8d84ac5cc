# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfers over a real socket: success only with the last line, and one sentence for everything else."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import client as engine
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.store import ModelStore, TransferBroken, TransferRefused
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.transfer import Progress
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from support.raw_server import RawServer, answer, answering, head

MODEL = ModelName.parse("registry.example:5000/library/tiny-a:v1")
NDJSON = head("Content-Type: application/x-ndjson", "Connection: close")
QUICK = engine.Deadlines(connect=5, answer=5)


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


MANIFEST = line(status="pulling manifest")
SUCCESS = line(status="success")


def pulled(server: RawServer, stall: float = 30.0) -> list[Progress]:
    told: list[Progress] = []
    ModelStore(server.url, QUICK, stall).pull(MODEL, True, told.append)
    return told


def failure(server: RawServer, stall: float = 30.0) -> engine.ServerFailure:
    with pytest.raises(engine.ServerFailure) as failed:
        pulled(server, stall)
    assert "\n" not in str(failed.value)
    return failed.value


def test_a_pull_tells_every_line_and_ends_with_success() -> None:
    with answering(NDJSON, MANIFEST, line(status="pulling x", total=10, completed=4), SUCCESS) as server:
        assert pulled(server) == [Progress("pulling manifest"), Progress("pulling x", 4, 10), Progress("success")]
        head_line, _gap, body = server.requests[0].partition(b"\r\n\r\n")
    assert head_line.startswith(b"POST /api/pull ")
    assert json.loads(body) == {"model": str(MODEL), "insecure": True}


def test_lines_may_be_cut_anywhere() -> None:
    whole = MANIFEST + line(status="pulling x", total=10, completed=4) + SUCCESS
    with answering(NDJSON, *(whole[at : at + 7] for at in range(0, len(whole), 7))) as server:
        assert [progress.status for progress in pulled(server)] == ["pulling manifest", "pulling x", "success"]


def test_an_error_within_a_200_fails() -> None:
    with answering(NDJSON, MANIFEST, line(error="pull model manifest: file does not exist")) as server:
        failed = failure(server)
    assert isinstance(failed, TransferRefused)
    assert failed.said == "pull model manifest: file does not exist"


@pytest.mark.parametrize("lines", [[], [MANIFEST], [MANIFEST, line(status="writing manifest")], [SUCCESS, MANIFEST]])
def test_without_a_final_success_it_has_failed(lines: list[bytes]) -> None:
    with answering(NDJSON, *lines) as server:
        assert isinstance(failure(server), TransferBroken)


def test_a_line_that_cannot_be_read() -> None:
    with answering(NDJSON, MANIFEST, b"<html>\n") as server:
        assert isinstance(failure(server), engine.ServerGarbled)


def test_a_line_without_end() -> None:
    with answering(NDJSON, *[b"x" * 65536] * 32) as server:
        assert "a line of more than" in str(failure(server))


def test_an_error_before_the_first_line_has_its_status() -> None:
    with answering(answer('{"error":"invalid model name"}', status="400 Bad Request")) as server:
        failed = failure(server)
    assert isinstance(failed, engine.ServerRefused)
    assert (failed.status, failed.said) == (400, "invalid model name")


def test_a_chunked_answer_that_is_cut_is_broken() -> None:
    with answering(head("Transfer-Encoding: chunked"), b"1c\r\n" + MANIFEST[:10]) as server:
        assert isinstance(failure(server), engine.ServerGarbled)


def test_lines_that_say_the_same_for_too_long_are_a_stall() -> None:
    same = line(status="pulling x", total=10, completed=4)
    with answering(NDJSON, *[same] * 10_000, pause=0.01) as server:
        failed = failure(server, stall=0.3)
    assert isinstance(failed, engine.ServerSilent)
    assert "nothing moved" in str(failed)
    assert "pulling x: 40 % of 10 B" in str(failed)


def test_silence_is_a_stall() -> None:
    with answering(NDJSON, MANIFEST, SUCCESS, pause=2) as server:
        assert isinstance(failure(server, stall=0.2), engine.ServerSilent)


def test_nobody_there() -> None:
    with pytest.raises(engine.ServerUnreachable):
        ModelStore("http://127.0.0.1:9", QUICK).pull(MODEL, False, lambda _progress: None)


def test_an_upload_tells_how_far_it_is() -> None:
    told: list[Progress] = []
    with answering(answer("", status="201 Created")) as server:
        ModelStore(server.url, QUICK).put_blob("a" * 64, io.BytesIO(b"x" * 3_000_000), 3_000_000, told.append)
        request = server.requests[0]
    assert request.startswith(b"POST /api/blobs/sha256:" + b"a" * 64)
    assert request.endswith(b"x" * 100)
    assert len(request.partition(b"\r\n\r\n")[2]) == 3_000_000
    assert told[-1] == Progress("uploading", 3_000_000, 3_000_000)


def test_an_upload_that_is_refused() -> None:
    with answering(answer('{"error":"digest mismatch"}', status="400 Bad Request")) as server, pytest.raises(engine.ServerRefused, match="digest mismatch"):
        ModelStore(server.url, QUICK).put_blob("a" * 64, io.BytesIO(b"x"), 1, lambda _progress: None)


@pytest.mark.parametrize(("status", "there"), [("200 OK", True), ("404 Not Found", False)])
def test_whether_a_blob_is_there(status: str, there: bool) -> None:
    with answering(head("Content-Length: 0", "Connection: close", status=status)) as server:
        assert ModelStore(server.url, QUICK).has_blob("a" * 64) is there
