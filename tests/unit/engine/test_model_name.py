# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model references: their normal form is the server's (types/model/name.go)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName, ModelNameError
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("qwen3", "qwen3:latest"),
        ("qwen3:8b", "qwen3:8b"),
        ("library/qwen3:8b", "qwen3:8b"),
        ("registry.ollama.ai/library/qwen3", "qwen3:latest"),
        ("Registry.Ollama.AI/Library/qwen3", "qwen3:latest"),
        ("someone/thing", "someone/thing:latest"),
        ("registry.ollama.ai/someone/thing:v1", "someone/thing:v1"),
        ("hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M", "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M"),
        ("hf.co/library/x", "hf.co/library/x:latest"),
        ("localhost:5000/team/model", "localhost:5000/team/model:latest"),
        ("localhost:5000/team/model:v2", "localhost:5000/team/model:v2"),
        ("  qwen3:8b ", "qwen3:8b"),
        ("_a", "_a:latest"),
        ("a.b-c_d:1.5b-q4_0", "a.b-c_d:1.5b-q4_0"),
        ("m" * 80, "m" * 80 + ":latest"),
    ],
)
def test_the_normal_form_has_a_tag_and_no_default_host_or_namespace(written: str, normal: str) -> None:
    assert str(ModelName.parse(written)) == normal


@pytest.mark.parametrize("other", ["QWEN3:8B", "Library/Qwen3:8b", "registry.ollama.ai/library/qwen3:8b", " qwen3:8b"])
def test_names_of_one_model_are_equal_and_hash_alike(other: str) -> None:
    assert ModelName.parse(other) == ModelName.parse("qwen3:8b")
    assert len({ModelName.parse(other), ModelName.parse("qwen3:8b")}) == 1


@pytest.mark.parametrize("other", ["qwen3", "qwen3:8b-q4", "team/qwen3:8b", "hf.co/library/qwen3:8b"])
def test_names_of_different_models_differ(other: str) -> None:
    assert ModelName.parse(other) != ModelName.parse("qwen3:8b")


def test_a_name_is_no_text() -> None:
    assert ModelName.parse("qwen3:8b") != "qwen3:8b"


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("", "model name '' is not a name"),
        ("  ", "model name '  ' is not a name"),
        (None, "model name None is not a name"),
        (7, "model name 7 is not a name"),
        (["a"], "model name ['a'] is not a name"),
        ("a@sha256:0123", "model name 'a@sha256:0123' holds a digest, which the server does not take"),
        ("a/b/c/d", "model name 'a/b/c/d' has 4 parts"),
        ("a b", "has the model 'a b', which the server refuses"),
        ("-a", "has the model '-a', which the server refuses"),
        ("a:", "model name 'a:'"),
        ("a:-b", "has the tag '-b', which the server refuses"),
        (":b", "has the model '', which the server refuses"),
        ("a//b", "has the namespace '', which the server refuses"),
        ("x.y/b", "has the namespace 'x.y', which the server refuses"),
        ("/a/b", "has the host '', which the server refuses"),
        ("m" * 81, "which the server refuses"),
        ("modèle", "has the model 'modèle', which the server refuses"),
        ("a\nb", "holds a line break or another control character"),
        ("qwen3:8b\n", "holds a line break or another control character: write it on one line"),
        ("qwen3:8b\x1b[0m", "holds a line break or another control character"),
        ("https://hf.co/a/b", "model name 'https://hf.co/a/b' has 5 parts"),
    ],
)
def test_what_the_server_would_refuse_is_refused_with_one_sentence(written: Any, complaint: str) -> None:
    with pytest.raises(ModelNameError) as refused:
        ModelName.parse(written)
    assert complaint in str(refused.value)
    assert repr(written) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "cloud"),
    [("gpt-oss:120b-cloud", True), ("x:cloud", True), ("x:CLOUD", True), ("cloud", False), ("cloud:8b", False), ("x:cloudy", False), ("x:8b", False)],
)
def test_the_tag_tells_a_cloud_model(written: str, cloud: bool) -> None:
    assert ModelName.parse(written).is_cloud is cloud


PART = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}\Z")
NAMESPACE = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_-]{0,79}\Z")
HOST = st.one_of(PART, st.builds("{}:{}".format, PART, st.integers(1, 65535)), st.just("registry.ollama.ai"))
PATH = st.one_of(PART, st.builds("{}/{}".format, NAMESPACE, PART), st.builds("{}/{}/{}".format, HOST, NAMESPACE, PART))
REFERENCE = st.one_of(PATH, st.builds("{}:{}".format, PATH, PART))


@given(REFERENCE)
def test_the_normal_form_names_the_same_model_and_is_its_own_normal_form(written: str) -> None:
    name = ModelName.parse(written)
    assert ModelName.parse(str(name)) == name
    assert str(ModelName.parse(str(name))) == str(name)


@given(REFERENCE)
def test_case_makes_no_difference(written: str) -> None:
    assert ModelName.parse(written.upper()) == ModelName.parse(written)


@given(st.one_of(st.text(), st.none(), st.integers(), st.binary(), st.lists(st.text())))
def test_whatever_is_written_is_taken_or_refused_with_one_sentence(written: Any) -> None:
    try:
        ModelName.parse(written)
    except ModelNameError as refusal:
        assert repr(written)[:97] in str(refusal)  # long ones are cut
        assert "\n" not in str(refusal)
