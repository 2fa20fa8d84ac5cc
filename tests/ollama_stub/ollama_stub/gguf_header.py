# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the header of a GGUF file: metadata and tensor descriptions, never the weights.

Format: github.com/ggml-org/ggml, docs/gguf.md (versions 2 and 3, little endian).
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO, Union

Value = Union[int, float, bool, str, None]

_STRING, _ARRAY = 8, 9
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
# bytes per block and elements per block of the tensor types that tests use; others count as F16
_TENSOR_TYPES = {0: ("F32", 4, 1), 1: ("F16", 2, 1), 2: ("Q4_0", 18, 32), 8: ("Q8_0", 34, 32), 30: ("BF16", 2, 1)}
_FILE_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 14: "Q4_K_S", 15: "Q4_K_M", 17: "Q5_K_M", 18: "Q6_K", 32: "BF16"}


class HeaderError(ValueError):
    """Not a GGUF file, or cut off within its header."""


@dataclass(frozen=True)
class Tensor:
    """One tensor's description; shape in GGUF's order."""

    name: str
    kind: str
    shape: tuple[int, ...]
    size: int  # bytes

    @property
    def elements(self) -> int:
        count = 1
        for dimension in self.shape:
            count *= dimension
        return count


@dataclass(frozen=True)
class Header:
    """What the server needs to know of a model file."""

    metadata: dict[str, Value]  # arrays are None, as /api/show prints them
    tensors: list[Tensor]

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture") or "unknown")

    @property
    def file_type(self) -> str:
        value = self.metadata.get("general.file_type")
        return _FILE_TYPES.get(value, "unknown") if isinstance(value, int) else "unknown"

    @property
    def parameters(self) -> int:
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def weight_bytes(self) -> int:
        """What the tensors take, whether or not the file really holds them."""
        return sum(tensor.size for tensor in self.tensors)

    @property
    def context_length(self) -> int:
        return self.number("context_length")

    def number(self, key: str) -> int:
        """A number of this architecture, for example `block_count`; 0 if absent."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        return value if isinstance(value, int) else 0

    def has(self, key: str) -> bool:
        return f"{self.architecture}.{key}" in self.metadata

    @property
    def chat_template(self) -> str:
        return str(self.metadata.get("tokenizer.chat_template") or "")


_cache: dict[tuple[str, int, int], Header] = {}


def read(path: str) -> Header:
    """The header of a file, remembered while the file does not change.

    Raises HeaderError or OSError.
    """
    status = os.stat(path)
    key = (path, status.st_size, status.st_mtime_ns)
    if key not in _cache:
        with open(path, "rb") as file:
            _cache[key] = _Reader(file).header()
    return _cache[key]


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def header(self) -> Header:
        if self._take(4) != b"GGUF" or self._number("<I") not in (2, 3):
            raise HeaderError("invalid file magic")
        tensor_count, pair_count = self._number("<Q"), self._number("<Q")
        metadata: dict[str, Value] = {}
        for dummy in range(pair_count):
            key = self._string()
            metadata[key] = self._value(self._number("<I"))
        tensors = [self._tensor() for dummy in range(tensor_count)]
        header = Header(metadata, tensors)
        metadata["general.parameter_count"] = header.parameters
        return header

    def _value(self, kind: int) -> Value:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            self._skip_array()
            return None
        if kind not in _SCALARS:
            raise HeaderError(f"invalid type: {kind}")
        value: Value = self._unpack(_SCALARS[kind])
        return shortest_float32(value) if kind == 6 and isinstance(value, float) else value

    def _skip_array(self) -> None:
        kind, count = self._number("<I"), self._number("<Q")
        if kind in _SCALARS:
            self._file.seek(count * struct.calcsize(_SCALARS[kind]), os.SEEK_CUR)
            return
        for dummy in range(count):
            self._value(kind)

    def _tensor(self) -> Tensor:
        name = self._string()
        shape = tuple(self._number("<Q") for dummy in range(self._number("<I")))
        kind, block, per_block = _TENSOR_TYPES.get(self._number("<I"), ("F16", 2, 1))
        self._number("<Q")
        elements = 1
        for dimension in shape:
            elements *= dimension
        return Tensor(name, kind, shape, elements * block // per_block)

    def _string(self) -> str:
        return self._take(self._number("<Q")).decode("utf-8", "replace")

    def _number(self, form: str) -> int:
        value = self._unpack(form)
        if not isinstance(value, int):
            raise HeaderError("unexpected value")
        return value

    def _unpack(self, form: str) -> int | float | bool:
        value: int | float | bool = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return value

    def _take(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise HeaderError("unexpected EOF")
        return data


def shortest_float32(value: float) -> float:
    """The shortest decimal that is the same float32, which is how Go prints it."""
    packed = struct.pack("<f", value)
    for digits in range(1, 10):
        candidate = float(f"{value:.{digits}g}")
        try:
            if struct.pack("<f", candidate) == packed:
                return candidate
        except OverflowError:
            continue
    return value


def find(path: str) -> Header | None:
    """Like read, but None for a file that is missing or no GGUF."""
    try:
        return read(path)
    except (OSError, HeaderError):
        return None
