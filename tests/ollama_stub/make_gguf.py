# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make small GGUF model files with random weights, standard library only.

    python3 tests/ollama_stub/make_gguf.py DIR [NAME...] [--whole]

writes DIR/NAME.gguf, by default for tiny-a, tiny-b, tiny-c, embed and big. The kind follows the
name: `embed...` is an embedding model (bert, 133K parameters, context 512), `big...` a llama of
218.13M parameters (context 8192), anything else a llama of 148K parameters (context 32768).
Weights differ by name, and so do digests. Of `big` only the header is written unless --whole is
given, which makes 436 MB that a real server can load as well.

Format: github.com/ggml-org/ggml, docs/gguf.md, version 3.
"""

from __future__ import annotations

import argparse
import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Union

DEFAULT_NAMES = ("tiny-a", "tiny-b", "tiny-c", "embed", "big")
# The recorded server evicted tiny-b before tiny-a: blobs of equal keep_alive go by path. These
# make tiny-b's digest the smallest and tiny-c's the greatest.
_SEEDS = {"tiny-a": "tiny-a/10", "tiny-b": "tiny-b/6", "tiny-c": "tiny-c/56"}
_ALIGNMENT = 32
_F32, _F16 = 0, 1
_ADDED = ("token_types.weight", "position_embd.weight")
_TYPES = {"bool": (7, "<?"), "u32": (4, "<I"), "f32": (6, "<f"), "i32": (5, "<i")}

Scalar = Union[int, float, bool, str]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Dimensions:
    """The size of a model."""

    embedding: int
    feed_forward: int
    blocks: int
    heads: int
    vocabulary: int
    context: int


TINY = Dimensions(64, 128, 2, 4, 512, 32_768)
BIG = Dimensions(1024, 4096, 12, 16, 8192, 8192)
EMBED = Dimensions(64, 128, 2, 4, 512, 512)


class Writer:
    """Collects metadata and tensors, then writes them."""

    def __init__(self) -> None:
        self._pairs: list[bytes] = []
        self._tensors: list[tuple[str, Shape, int]] = []

    def text(self, key: str, value: str) -> None:
        self._pairs.append(_string(key) + struct.pack("<I", 8) + _string(value))

    def scalar(self, key: str, kind: str, value: Scalar) -> None:
        number, form = _TYPES[kind]
        self._pairs.append(_string(key) + struct.pack("<I", number) + struct.pack(form, value))

    def texts(self, key: str, values: list[str]) -> None:
        head = _string(key) + struct.pack("<IIQ", 9, 8, len(values))
        self._pairs.append(head + b"".join(_string(value) for value in values))

    def scalars(self, key: str, kind: str, values: Sequence[float]) -> None:
        number, form = _TYPES[kind]
        head = _string(key) + struct.pack("<IIQ", 9, number, len(values))
        self._pairs.append(head + b"".join(struct.pack(form, value) for value in values))

    def tensor(self, name: str, *shape: int) -> None:
        """A matrix is F16, a vector F32, and so is what is added to the embeddings of tokens, as llama.cpp's converter has it:
        llama-server aborts where it is to add F16 to them."""
        self._tensors.append((name, shape, _F16 if len(shape) > 1 and name not in _ADDED else _F32))

    def write(self, file: BinaryIO, seed: str, whole: bool) -> None:
        head = struct.pack("<4sIQQ", b"GGUF", 3, len(self._tensors), len(self._pairs))
        file.write(head + b"".join(self._pairs))
        offset = 0
        for name, shape, kind in self._tensors:
            file.write(_string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape))
            file.write(struct.pack("<IQ", kind, offset))
            offset += _padded(_size(shape, kind))
        file.write(b"\0" * (_padded(file.tell()) - file.tell()))
        weights = _Weights(seed)
        for dummy, shape, kind in self._tensors if whole else []:
            weights.write(file, shape, kind)
        if not whole:
            file.write(seed.encode())  # or all files without weights would be the same


class _Weights:
    """Small random numbers; a block of them is repeated, since nobody looks."""

    _BLOCK = 4096

    def __init__(self, seed: str) -> None:
        numbers = random.Random(seed)
        values = [numbers.gauss(0, 0.02) for dummy in range(self._BLOCK)]
        self._half = struct.pack(f"<{self._BLOCK}e", *values)
        self._single = struct.pack(f"<{self._BLOCK}f", *values)

    def write(self, file: BinaryIO, shape: Shape, kind: int) -> None:
        size = _size(shape, kind)
        # vectors are the scales of norms: one, or nothing would come out of a real model
        block = struct.pack("<f", 1.0) if len(shape) == 1 else self._half if kind == _F16 else self._single
        for piece in _repeated(block, _padded(size)):
            file.write(piece)


def _repeated(block: bytes, size: int) -> Iterator[bytes]:
    while size > 0:
        yield block[:size]
        size -= len(block)


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _size(shape: Shape, kind: int) -> int:
    count = 1
    for dimension in shape:
        count *= dimension
    return count * (2 if kind == _F16 else 4)


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _common(writer: Writer, architecture: str, name: str, size: Dimensions) -> None:
    writer.text("general.architecture", architecture)
    writer.text("general.name", name)
    writer.scalar("general.file_type", "u32", 1)
    writer.scalar("general.quantization_version", "u32", 2)
    for key, value in (
        ("context_length", size.context),
        ("embedding_length", size.embedding),
        ("feed_forward_length", size.feed_forward),
        ("block_count", size.blocks),
        ("attention.head_count", size.heads),
    ):
        writer.scalar(f"{architecture}.{key}", "u32", value)


def llama(name: str, size: Dimensions) -> Writer:
    """A completion model."""
    writer = Writer()
    _common(writer, "llama", name, size)
    writer.scalar("llama.attention.head_count_kv", "u32", size.heads)
    writer.scalar("llama.attention.layer_norm_rms_epsilon", "f32", 1e-5)
    writer.scalar("llama.rope.dimension_count", "u32", size.embedding // size.heads)
    writer.scalar("llama.vocab_size", "u32", size.vocabulary)
    _llama_tokenizer(writer, size.vocabulary)
    wide, inner = size.embedding, size.feed_forward
    writer.tensor("token_embd.weight", wide, size.vocabulary)
    writer.tensor("output_norm.weight", wide)
    writer.tensor("output.weight", wide, size.vocabulary)
    for block in range(size.blocks):
        prefix = f"blk.{block}."
        writer.tensor(prefix + "attn_norm.weight", wide)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.tensor(f"{prefix}{part}.weight", wide, wide)
        writer.tensor(prefix + "ffn_norm.weight", wide)
        writer.tensor(prefix + "ffn_gate.weight", wide, inner)
        writer.tensor(prefix + "ffn_up.weight", wide, inner)
        writer.tensor(prefix + "ffn_down.weight", inner, wide)
    return writer


def _llama_tokenizer(writer: Writer, vocabulary: int) -> None:
    special = ["<unk>", "<s>", "</s>"]
    octets = [f"<0x{value:02X}>" for value in range(256)]
    words = [f"\N{LOWER ONE EIGHTH BLOCK}w{number}" for number in range(vocabulary - 259)]
    kinds = [2, 3, 3] + [6] * 256 + [1] * len(words)
    writer.text("tokenizer.ggml.model", "llama")
    writer.text("tokenizer.ggml.pre", "default")
    writer.texts("tokenizer.ggml.tokens", special + octets + words)
    writer.scalars("tokenizer.ggml.scores", "f32", [-float(place) for place in range(vocabulary)])
    writer.scalars("tokenizer.ggml.token_type", "i32", kinds)
    for key, value in (("bos", 1), ("eos", 2), ("unknown", 0)):
        writer.scalar(f"tokenizer.ggml.{key}_token_id", "u32", value)


def bert(name: str, size: Dimensions) -> Writer:
    """An embedding model."""
    writer = Writer()
    _common(writer, "bert", name, size)
    writer.scalar("bert.attention.layer_norm_epsilon", "f32", 1e-12)
    writer.scalar("bert.attention.causal", "bool", False)
    writer.scalar("bert.pooling_type", "u32", 1)
    _bert_tokenizer(writer, size.vocabulary)
    wide, inner = size.embedding, size.feed_forward
    writer.tensor("token_embd.weight", wide, size.vocabulary)
    writer.tensor("position_embd.weight", wide, size.context)
    writer.tensor("token_types.weight", wide, 2)
    _normed(writer, "token_embd_norm", wide)
    for block in range(size.blocks):
        prefix = f"blk.{block}."
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.tensor(f"{prefix}{part}.weight", wide, wide)
            writer.tensor(f"{prefix}{part}.bias", wide)
        _normed(writer, prefix + "attn_output_norm", wide)
        writer.tensor(prefix + "ffn_up.weight", wide, inner)
        writer.tensor(prefix + "ffn_up.bias", inner)
        writer.tensor(prefix + "ffn_down.weight", inner, wide)
        writer.tensor(prefix + "ffn_down.bias", wide)
        _normed(writer, prefix + "layer_output_norm", wide)
    return writer


def _normed(writer: Writer, name: str, size: int) -> None:
    writer.tensor(name + ".weight", size)
    writer.tensor(name + ".bias", size)


def _bert_tokenizer(writer: Writer, vocabulary: int) -> None:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [f"\N{LOWER ONE EIGHTH BLOCK}w{number}" for number in range(vocabulary - len(special))]
    writer.text("tokenizer.ggml.model", "bert")
    writer.text("tokenizer.ggml.pre", "default")
    writer.texts("tokenizer.ggml.tokens", special + words)
    writer.scalars("tokenizer.ggml.token_type", "i32", [3] * len(special) + [1] * len(words))
    writer.scalar("tokenizer.ggml.token_type_count", "u32", 2)
    ids = (("padding", 0), ("unknown", 1), ("bos", 2), ("eos", 3), ("seperator", 3), ("mask", 4))
    for key, value in ids:
        writer.scalar(f"tokenizer.ggml.{key}_token_id", "u32", value)


def make(directory: Path, name: str, whole: bool = False) -> Path:
    """Write DIRECTORY/NAME.gguf and return its path."""
    writer = bert(name, EMBED) if name.startswith("embed") else llama(name, BIG if name.startswith("big") else TINY)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.gguf"
    with open(path, "wb") as file:
        writer.write(file, _SEEDS.get(name, name), whole or not name.startswith("big"))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Make small GGUF model files with random weights.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", default=DEFAULT_NAMES)
    parser.add_argument("--whole", action="store_true", help="write the weights of big models too")
    arguments = parser.parse_args()
    for name in arguments.names or DEFAULT_NAMES:
        print(make(arguments.directory, name, arguments.whole))


if __name__ == "__main__":
    main()
