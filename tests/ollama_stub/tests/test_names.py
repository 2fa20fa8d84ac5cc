# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model references (types/model/name.go, internal/modelref)."""

from __future__ import annotations

import pytest
from ollama_stub import names


@pytest.mark.parametrize(
    ("text", "full", "shortest"),
    [
        ("a", "registry.ollama.ai/library/a:latest", "a:latest"),
        ("a:b", "registry.ollama.ai/library/a:b", "a:b"),
        ("n/a:b", "registry.ollama.ai/n/a:b", "n/a:b"),
        ("h.x:5000/n/a", "h.x:5000/n/a:latest", "h.x:5000/n/a:latest"),
        ("https://h.x/n/a:b", "h.x/n/a:b", "h.x/n/a:b"),
        (" a ", "registry.ollama.ai/library/a:latest", "a:latest"),
        ("hf.co/Some-Org/Model.GGUF:Q4_K_M", "hf.co/Some-Org/Model.GGUF:Q4_K_M", "hf.co/Some-Org/Model.GGUF:Q4_K_M"),
    ],
)
def test_reference(text: str, full: str, shortest: str) -> None:
    name = names.reference(text).name
    assert (name.full, name.shortest) == (full, shortest)


@pytest.mark.parametrize("text", ["a b", "../x", "a@sha256:abc", "a:", ":b", "/a", "a/", "-a", "a" * 81, "n.x/a"])
def test_invalid_reference(text: str) -> None:
    with pytest.raises(names.InvalidName):
        names.reference(text)


@pytest.mark.parametrize(
    ("text", "base", "source"),
    [
        ("x:cloud", "x", "cloud"),
        ("gpt-oss:120b-cloud", "gpt-oss:120b", "cloud"),
        ("x:20b:CLOUD", "x:20b", "cloud"),
        ("x:local", "x", "local"),
        ("x-cloud", "x-cloud", ""),
    ],
)
def test_source_suffix(text: str, base: str, source: str) -> None:
    reference = names.reference(text)
    assert (reference.base, reference.source) == (base, source)


def test_source_cannot_be_both() -> None:
    with pytest.raises(names.ConflictingSource, match="use either :local or :cloud, not both"):
        names.reference("x:local:cloud")


def test_empty_reference() -> None:
    with pytest.raises(names.ModelRequired):
        names.reference("  ")


def test_case_follows_what_is_installed() -> None:
    stored = [names.parse("Some/Model:Tag")]
    assert names.existing(names.parse("some/model:TAG"), stored).shortest == "Some/Model:Tag"
