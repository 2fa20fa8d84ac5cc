# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One spoilt answer each: it is read as what it says, or refused with one sentence; nothing else comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

import pytest
import reader
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import Deadlines, OllamaServer, ServerFailure
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from cases import CASES
from hypothesis import given, settings
from hypothesis import strategies as st
from json_text import render
from malformed import good, spoil
from support import recordings
from support.wire import Request, answered

NAME = ModelName.parse("tiny-a")
SHARE = CASES * 8 // 10 // 6
ASKS: Mapping[str, Callable[[OllamaServer], Any]] = {
    "/api/version": lambda server: server.version()[0],
    "/api/ps": lambda server: server.resident(),
    "/api/tags": lambda server: server.installed(),
    "/api/show": lambda server: server.card(NAME),
    "/api/generate": lambda server: server.load(NAME, True, KeepAlive.FOREVER, 4096),
    "/api/embed": lambda server: server.load(NAME, False, KeepAlive.FOREVER, None),
}


def recorded(path: str) -> list[Any]:
    """What real servers answered; to a load, as if it had been of our model."""
    found = [exchange.json for exchange in recordings.exchanges(path, 200) if exchange.json]
    if path in ("/api/generate", "/api/embed"):
        return [{**data, "model": str(NAME)} for data in found if data.get("done_reason") == "load" or data.get("embeddings") == []]
    return found


RECORDED = {path: recorded(path) for path in ASKS}


def ask(path: str, sent: bytes) -> Any:
    """What the engine made of it; the failure where it refused."""

    def answer(_request: Request) -> bytes:
        return sent

    with answered(answer):
        try:
            return ASKS[path](OllamaServer("http://127.0.0.1:11434", Deadlines(connect=60, answer=60, load=60)))
        except ServerFailure as failure:
            assert str(failure) and "\n" not in str(failure) and str(failure).isprintable()
            assert len(str(failure)) < 1000
            return failure


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # http.client leaves what it could not read to the garbage collector
@pytest.mark.parametrize("path", ASKS)
@settings(max_examples=SHARE)
@given(data=st.data())
def test_a_spoilt_answer_is_refused_or_says_what_is_taken(path: str, data: st.DataObject) -> None:
    sent = spoil(data.draw, data.draw(st.sampled_from(RECORDED[path])))
    found = ask(path, sent)
    if isinstance(found, ServerFailure):
        return
    JUDGES[path](found, reader.told(sent))


def judge_list(found: Any, told: Mapping[str, Any]) -> None:
    entries, now = found
    assert now.tzinfo is not None
    listed = told["models"]
    assert [entry.digest for entry in entries] == [entry["digest"] for entry in listed]
    for entry, raw in zip(entries, listed):
        assert entry.expiry.moment.tzinfo is not None
        assert entry.expiry.is_forever(now) is (int(raw["expires_at"][:4]) > 2100), "for ever is what the list says, not what a clock makes of it"
        assert (entry.size, entry.size_vram) == (raw.get("size", 0), raw.get("size_vram", 0))
        assert max(entry.size, entry.size_vram, entry.context_length or 0) < 2**63
        assert 0 <= entry.gpu_percent <= 100 and entry.processor


def judge_tags(found: Any, told: Mapping[str, Any]) -> None:
    assert [entry.digest for entry in found] == [entry["digest"] for entry in told["models"]]


def judge_card(found: Any, told: Mapping[str, Any]) -> None:
    assert found.blob is None or found.blob in told["modelfile"]
    assert found.training_context is None or 0 < found.training_context < 2**63
    for word in (*found.capabilities, found.architecture or ""):
        assert word.isprintable() and len(word) <= 60
    assert len(found.capabilities) <= 32


def judge_version(found: Any, told: Mapping[str, Any]) -> None:
    assert found.isprintable() and len(found) <= 60
    assert isinstance(told["version"], str)


def judge_load(_found: Any, told: Mapping[str, Any]) -> None:
    """Whatever counts as a load was said to be one, of this model."""
    assert told["model"] == str(NAME)
    assert told.get("done_reason") == "load" or isinstance(told.get("embeddings"), list)


JUDGES = {
    "/api/version": judge_version,
    "/api/ps": judge_list,
    "/api/tags": judge_tags,
    "/api/show": judge_card,
    "/api/generate": judge_load,
    "/api/embed": judge_load,
}


@pytest.mark.parametrize("path", ASKS)
def test_what_is_spoilt_was_good(path: str) -> None:
    """Or nothing of the above could fail."""
    taken = [ask(path, good(render(data).encode()).sent()) for data in RECORDED[path]]
    assert taken and not any(isinstance(found, ServerFailure) for found in taken)
