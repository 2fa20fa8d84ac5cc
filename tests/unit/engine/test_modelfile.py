# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modelfiles as the fields of /api/create."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.modelfile import ModelfileError, parse_modelfile

WHOLE = """# house style
FROM /srv/models/qwen3.gguf
PARAMETER num_ctx 8192
parameter temperature 0.2
PARAMETER stop "<|end|>"
PARAMETER stop second
PARAMETER use_mmap false
TEMPLATE \"\"\"{{ if .System }}
{{ .System }}{{ end }}\"\"\"
SYSTEM "Answer in one sentence."
LICENSE MIT
MESSAGE user Is it warm?
MESSAGE assistant "It is."
"""


def test_every_command_is_typed_as_the_server_wants_it() -> None:
    found = parse_modelfile(WHOLE)
    assert (found.source, found.is_file) == ("/srv/models/qwen3.gguf", True)
    assert found.fields == {
        "parameters": {"num_ctx": 8192, "temperature": 0.2, "stop": ["<|end|>", "second"], "use_mmap": False},
        "template": "{{ if .System }}\n{{ .System }}{{ end }}",
        "system": "Answer in one sentence.",
        "license": ["MIT"],
        "messages": [{"role": "user", "content": "Is it warm?"}, {"role": "assistant", "content": "It is."}],
    }


def test_from_may_be_a_model() -> None:
    assert not parse_modelfile("FROM qwen3:8b").is_file


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "has no FROM"),
        ("SYSTEM x", "has no FROM"),
        ("FROM ./x.gguf", "relative to nothing"),
        ("FROM x.gguf", "relative to nothing"),
        ("FROM x\nADAPTER /srv/a", "'ADAPTER', which is not supported here: known are FROM"),
        ("FROM x\nnonsense", "'nonsense', which is no command"),
        ("FROM x\nPARAMETER num_ctx big", "PARAMETER num_ctx 'big', which the server refuses"),
        ("FROM x\nPARAMETER heat 1", "there is no such parameter"),
        ("FROM x\nPARAMETER use_mmap 1", "write true or false"),
    ],
)
def test_what_is_refused_with_one_sentence(text: str, wanted: str) -> None:
    with pytest.raises(ModelfileError) as refused:
        parse_modelfile(text)
    assert wanted in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_model_agrees_if_it_has_all_that_is_written_and_maybe_more() -> None:
    made = parse_modelfile("FROM /blobs/sha256-1\nTEMPLATE {{ .Prompt }}\nPARAMETER num_ctx 8192\nPARAMETER top_k 3\nSYSTEM be brief")
    assert parse_modelfile("FROM x\nPARAMETER num_ctx 8192\nSYSTEM be brief").agrees_with(made)
    assert not parse_modelfile("FROM x\nPARAMETER num_ctx 4096").agrees_with(made)
    assert not parse_modelfile("FROM x\nLICENSE MIT").agrees_with(made)
