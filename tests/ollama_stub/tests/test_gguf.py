# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that tests make, read by the gguf package, and its files read by the stand-in."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import gguf
import make_gguf
import numpy
import pytest
from ollama_stub import gguf_header


@pytest.mark.parametrize(
    ("name", "parameters", "architecture", "context"),
    [
        ("tiny-a", 147_776, "llama", 32_768),
        ("embed", 132_736, "bert", 512),
        ("anything", 147_776, "llama", 32_768),
    ],
)
def test_made_file_is_a_whole_gguf(
    tmp_path: Path, name: str, parameters: int, architecture: str, context: int
) -> None:
    path = make_gguf.make(tmp_path, name)
    reader: Any = gguf.GGUFReader(str(path))
    header = gguf_header.read(str(path))
    assert sum(int(tensor.n_elements) for tensor in reader.tensors) == header.parameters == parameters
    assert [tensor.name for tensor in reader.tensors] == [tensor.name for tensor in header.tensors]
    assert reader.fields["general.architecture"].contents() == header.architecture == architecture
    assert reader.fields[f"{architecture}.context_length"].contents() == header.context_length == context
    assert sum(int(tensor.n_bytes) for tensor in reader.tensors) == header.weight_bytes


def test_file_of_the_gguf_package_is_read(tmp_path: Path) -> None:
    path = tmp_path / "written.gguf"
    writer: Any = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(1234)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_token_list(["a", "b"])
    writer.add_token_scores([0.0, -1.0])
    writer.add_tensor("token_embd.weight", numpy.ones((3, 32), dtype=numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    header = gguf_header.read(str(path))
    assert header.context_length == 1234
    assert header.metadata["llama.attention.layer_norm_rms_epsilon"] == 1e-5
    assert header.metadata["tokenizer.ggml.tokens"] is None
    assert [(each.name, each.kind, each.shape) for each in header.tensors] == [("token_embd.weight", "F16", (32, 3))]


def test_big_claims_weights_that_are_not_there(tmp_path: Path) -> None:
    path = make_gguf.make(tmp_path, "big")
    header = gguf_header.read(str(path))
    assert (header.parameters, header.context_length) == (218_129_408, 8192)
    assert path.stat().st_size < 1_000_000 < header.weight_bytes


def test_digests_differ_by_name_and_sort_as_recorded(tmp_path: Path) -> None:
    files = {name: make_gguf.make(tmp_path, name) for name in (*make_gguf.DEFAULT_NAMES, "big-2", "embed-2", "tiny-d")}
    digests = {name: sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert len(set(digests.values())) == len(files)
    assert digests["tiny-b"] < digests["tiny-a"] < digests["tiny-c"]


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGML" + b"\0" * 60, b"GGUF\x03\0\0\0" + b"\xff" * 16])
def test_broken_header(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    with pytest.raises(gguf_header.HeaderError):
        gguf_header.read(str(path))
