# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading answers: every one that a real server gave, and nothing that one would not give."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.answers import read_card, read_resident, read_tags
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive, KeepAliveError
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import CacheShape
from hypothesis import given
from hypothesis import strategies as st
from support import recordings

NAME = "tiny-a:latest"
DIGEST = "ab" * 32
PS_ENTRY = {
    "name": NAME,
    "model": NAME,
    "size": 325632,
    "digest": DIGEST,
    "details": {"families": None},
    "expires_at": "2318-12-02T09:47:16.978231264Z",
    "size_vram": 0,
    "context_length": 4096,
}
TAGS_ENTRY = {"name": NAME, "model": NAME, "size": 325632, "digest": DIGEST, "modified_at": "2026-08-22T08:00:00Z"}
SHOW = {
    "modelfile": f"# FROM tiny-a:latest\n\nFROM /models/blobs/sha256-{DIGEST}\nTEMPLATE x\n",
    "capabilities": ["completion", "tools"],
    "model_info": {"general.architecture": "llama", "llama.context_length": 32768},
}


@pytest.mark.parametrize("exchange", recordings.exchanges("/api/ps", 200), ids=str)
def test_a_recorded_list_of_resident_models_is_read_whole(exchange: recordings.Exchange) -> None:
    found = read_resident(exchange.json)
    assert [str(entry.name) for entry in found] == [entry["name"] for entry in exchange.json["models"]]
    assert [entry.digest for entry in found] == [entry["digest"] for entry in exchange.json["models"]]
    assert [entry.context_length for entry in found] == [entry["context_length"] for entry in exchange.json["models"]]


@pytest.mark.parametrize("exchange", [found for found in recordings.exchanges("/api/tags", 200) if found.method == "GET"], ids=str)
def test_a_recorded_list_of_installed_models_is_read_whole(exchange: recordings.Exchange) -> None:
    found = read_tags(exchange.json)
    assert [str(entry.name) for entry in found] == [entry["name"] for entry in exchange.json["models"]]
    assert [entry.remote for entry in found] == ["remote_host" in entry for entry in exchange.json["models"]]


@pytest.mark.parametrize("exchange", recordings.exchanges("/api/show", 200), ids=str)
def test_a_recorded_card_tells_weights_capabilities_and_training_context(exchange: recordings.Exchange) -> None:
    card = read_card(exchange.json)
    embeds = exchange.body["model"].startswith("embed")
    assert card.generates is not embeds
    assert card.training_context == {"embed": 512, "big": 8192}.get(exchange.body["model"], 32768)
    assert card.blob == "0a" * 32


def test_the_recordings_hold_all_kinds_of_answers() -> None:
    """Otherwise the tests above would prove nothing."""
    listed = [entry for exchange in recordings.exchanges("/api/ps", 200) for entry in exchange.json["models"]]
    assert len(listed) > 200
    assert {entry["name"] for entry in listed} >= {"tiny-a:latest", "big:latest", "embed:latest"}
    assert len(recordings.exchanges("/api/show", 200)) >= 6


def keep_alive_values() -> list[tuple[Any, Any]]:
    """What the real servers were sent as keep_alive, and what they then listed: a placeholder, None if nothing."""
    rows = []
    for version in recordings.VERSIONS:
        sent: Any = None
        for step in recordings.steps(version, "keep_alive_values"):
            result = step.get("result", {})
            if step.get("path") == "/api/generate" and result["status"] == 200:
                sent = step["body"]["keep_alive"]
            elif step.get("path") == "/api/ps" and result["status"] == 200 and sent is not None:
                models = result["json"]["models"]
                rows.append((sent, models[0]["expires_at"] if models else None))
                sent = None
    return rows


@pytest.mark.parametrize(("sent", "listed"), keep_alive_values(), ids=repr)
def test_a_keep_alive_means_to_us_what_it_meant_to_the_real_server(sent: Any, listed: str | None) -> None:
    if sent == 1e10:  # overflows, so that the server unloads: refused
        with pytest.raises(KeepAliveError):
            KeepAlive.parse(sent)
        return
    keep_alive = KeepAlive.parse(sent)
    if listed is None:
        assert keep_alive.nanoseconds <= 10**9  # 0, or 1 s that passed before the look
    elif listed == "@forever":
        assert keep_alive.is_forever
    else:
        assert keep_alive.nanoseconds // 10**9 == int(listed[len("@in:") : -1])


def with_(entry: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"models": [{**entry, **changes}]}


def without(entry: dict[str, Any], key: str) -> dict[str, Any]:
    return {"models": [{name: value for name, value in entry.items() if name != key}]}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({}, "'models' is no list"),
        ({"models": None}, "'models' is no list"),
        ({"models": {}}, "'models' is no list"),
        ({"models": [None]}, "'models' is no list of objects"),
        ({"models": [[]]}, "'models' is no list of objects"),
        (without(PS_ENTRY, "name"), "model name None"),
        (with_(PS_ENTRY, name=""), "model name ''"),
        (with_(PS_ENTRY, name=7), "model name 7"),
        (with_(PS_ENTRY, name="a b"), "the model 'a b'"),
        (without(PS_ENTRY, "digest"), "digest None"),
        (with_(PS_ENTRY, digest="ab" * 31), "is not 64 hexadecimal digits"),
        (with_(PS_ENTRY, digest=f"sha256:{DIGEST}"), "is not 64 hexadecimal digits"),
        (with_(PS_ENTRY, digest=7), "digest 7"),
        (without(PS_ENTRY, "expires_at"), "expires_at: None"),
        (with_(PS_ENTRY, expires_at="soon"), "expires_at: 'soon'"),
        (with_(PS_ENTRY, expires_at=1755849600), "expires_at: 1755849600"),
        (with_(PS_ENTRY, size="325632"), "size '325632' is not a number of bytes"),
        (with_(PS_ENTRY, size=-1), "size -1"),
        (with_(PS_ENTRY, size=1.5), "size 1.5"),
        (with_(PS_ENTRY, size=2**63), "size 9223372036854775808"),
        (with_(PS_ENTRY, size=float("inf")), "size inf"),
        (with_(PS_ENTRY, size_vram=True), "size_vram True"),
        (with_(PS_ENTRY, size_vram=None), "size_vram None"),
        (with_(PS_ENTRY, context_length="4096"), "context_length '4096' is not a number of tokens"),
        (with_(PS_ENTRY, context_length=4096.5), "context_length 4096.5"),
        (with_(PS_ENTRY, context_length=-1), "context_length -1"),
        (with_(PS_ENTRY, context_length=True), "context_length True"),
    ],
)
def test_a_list_of_resident_models_of_another_shape_is_refused_by_name(data: Any, complaint: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_resident(data)
    assert complaint in str(refused.value)


def test_servers_before_0_10_list_no_context() -> None:
    assert read_resident(without(PS_ENTRY, "context_length"))[0].context_length is None
    assert read_resident(with_(PS_ENTRY, context_length=0))[0].context_length is None


def test_one_broken_entry_is_enough_to_refuse_the_list() -> None:
    with pytest.raises(InvalidValue):
        read_resident({"models": [PS_ENTRY, {**PS_ENTRY, "digest": ""}]})


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"models": "x"}, "'models' is no list"),
        (without(TAGS_ENTRY, "digest"), "digest None"),
        (with_(TAGS_ENTRY, name=[]), "model name []"),
        (with_(TAGS_ENTRY, size="big"), "size 'big'"),
    ],
)
def test_a_list_of_installed_models_of_another_shape_is_refused_by_name(data: Any, complaint: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_tags(data)
    assert complaint in str(refused.value)


@pytest.mark.parametrize("stub", [{"remote_host": "https://ollama.com:443"}, {"remote_model": "gpt-oss:120b"}])
def test_a_stub_for_the_cloud_is_told_by_its_remote_host_or_model(stub: dict[str, str]) -> None:
    assert read_tags(with_(TAGS_ENTRY, **stub))[0].remote is True
    assert read_tags(with_(TAGS_ENTRY, remote_host="", remote_model=None))[0].remote is False


def test_a_card_is_read() -> None:
    card = read_card(SHOW)
    assert (card.blob, card.capabilities, card.training_context) == (DIGEST, {"completion", "tools"}, 32768)


@pytest.mark.parametrize(
    ("change", "blob"),
    [
        ({"modelfile": "FROM qwen3:8b\n"}, None),
        ({"modelfile": None}, None),
        ({"modelfile": f"# FROM /x/sha256-{DIGEST}\n"}, None),
        ({"modelfile": f"FROM @sha256:{DIGEST}\n"}, DIGEST),
        ({"modelfile": f"FROM /a b/blobs/sha256-{DIGEST}\nFROM /b/blobs/sha256-{'cd' * 32}\n"}, DIGEST),  # then its projector
        ({"modelfile": f"FROM C:\\models\\blobs\\sha256-{DIGEST}\r\n"}, DIGEST),
        ({"modelfile": f"FROM /models/blobs/sha256-{DIGEST}0\n"}, None),
    ],
)
def test_the_weights_are_those_of_the_first_from(change: dict[str, Any], blob: str | None) -> None:
    assert read_card({**SHOW, **change}).blob == blob


@pytest.mark.parametrize(
    ("capabilities", "generates"),
    [
        (["completion"], True),
        (["embedding"], False),
        (["completion", "embedding"], True),
        ([], True),
        (None, True),  # not told before 0.6.4
        (["vision", "tools", "completion"], True),
    ],
)
def test_only_a_model_that_merely_embeds_does_not_generate(capabilities: Any, generates: bool) -> None:
    assert read_card({**SHOW, "capabilities": capabilities}).generates is generates


@pytest.mark.parametrize(
    "change", [{"modelfile": 7}, {"capabilities": "completion"}, {"capabilities": {"a": 1}}, {"model_info": [1]}, {"model_info": "llama"}]
)
def test_a_card_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        read_card({**SHOW, **change})


@pytest.mark.parametrize("info", [None, {}, {"general.architecture": "llama"}, {"general.architecture": 7, "llama.context_length": 5}])
def test_a_card_may_not_tell_the_training_context(info: Any) -> None:
    assert read_card({**SHOW, "model_info": info}).training_context is None


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
JSON = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)), max_leaves=12
)
READERS = {"ps": (read_resident, PS_ENTRY), "tags": (read_tags, TAGS_ENTRY)}


@given(st.sampled_from(sorted(READERS)), st.dictionaries(st.text(max_size=12) | st.just("models"), JSON, max_size=5))
def test_no_object_makes_a_reader_raise_anything_else(kind: str, data: dict[str, Any]) -> None:
    read, _entry = READERS[kind]
    try:
        assert isinstance(read(data), tuple)
    except InvalidValue as refusal:
        assert "\n" not in str(refusal)


@given(st.data())
def test_no_change_of_one_field_makes_a_reader_raise_anything_else(data: st.DataObject) -> None:
    read, entry = READERS[data.draw(st.sampled_from(sorted(READERS)))]
    key = data.draw(st.sampled_from(sorted(entry)))
    try:
        assert isinstance(read(with_(entry, **{key: data.draw(JSON)}))[0].name, ModelName)
    except InvalidValue as refusal:
        assert "\n" not in str(refusal)


@given(st.sampled_from(sorted(SHOW)), JSON)
def test_no_change_of_a_card_makes_the_reader_raise_anything_else(key: str, value: Any) -> None:
    try:
        assert read_card({**SHOW, key: value}).blob in (DIGEST, None)
    except InvalidValue as refusal:
        assert "\n" not in str(refusal)


def test_a_long_value_is_cut_within_the_sentence() -> None:
    with pytest.raises(InvalidValue) as refused:
        read_resident(with_(PS_ENTRY, digest="x" * 10**6))
    assert len(str(refused.value)) < 300


def test_the_entry_that_the_others_are_made_from_is_sound() -> None:
    (entry,) = read_resident(json.loads(json.dumps({"models": [PS_ENTRY]})))
    assert entry.expiry.moment == datetime(2318, 12, 2, 9, 47, 16, 978231, timezone.utc)
    assert (entry.size, entry.size_vram, entry.context_length) == (325632, 0, 4096)


SIZED = {"general.architecture": "x", "x.block_count": 2, "x.embedding_length": 64, "x.attention.head_count": 4, "x.attention.head_count_kv": 2}


@pytest.mark.parametrize("exchange", recordings.exchanges("/api/show", 200), ids=str)
def test_a_recorded_card_tells_how_much_its_cache_takes(exchange: recordings.Exchange) -> None:
    card = read_card(exchange.json)
    expected = {"big": CacheShape(24576, 24576), "embed": CacheShape(256, 64)}
    assert card.cache == expected.get(exchange.body["model"], CacheShape(256, 256))
    assert card.architecture == ("bert" if exchange.body["model"] == "embed" else "llama")


@pytest.mark.parametrize(
    ("info", "shape"),
    [
        ({}, CacheShape(true=128, reckoned=128)),
        ({"x.attention.key_length": 32, "x.attention.value_length": 8}, CacheShape(true=160, reckoned=128)),
        ({"x.attention.head_count_kv": None}, None),  # a list, which /api/show leaves out
        ({"x.attention.head_count_kv": [2, 2]}, None),
        ({"x.attention.head_count": 0}, None),
        ({"x.block_count": None}, None),
        ({"x.embedding_length": "64"}, None),
        ({"general.architecture": None}, None),
    ],
)
def test_what_the_cache_takes_for_each_token(info: dict[str, Any], shape: CacheShape | None) -> None:
    assert read_card({**SHOW, "model_info": {**SIZED, **info}}).cache == shape


def test_without_a_number_of_kv_heads_the_scheduler_reckons_one_and_the_cache_has_all() -> None:
    info = {key: value for key, value in SIZED.items() if not key.endswith("_kv")}
    assert read_card({**SHOW, "model_info": info}).cache == CacheShape(true=256, reckoned=64)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("num_ctx                        4096\nnum_gpu                        0", (4096, 0)),
        ('stop                           "num_ctx 3"\nnum_gpu                        -1', (None, -1)),
        ("num_ctx                        many", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_modelfiles_own_parameters(parameters: str | None, expected: tuple[int | None, int | None]) -> None:
    card = read_card({**SHOW, "parameters": parameters})
    assert (card.num_ctx, card.num_gpu) == expected
