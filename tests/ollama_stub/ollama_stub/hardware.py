# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that the stand-in pretends to run on: memory and at most one GPU. Sizes in bytes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from .environment import Environment
from .gguf_header import Header

_BLOCK_BYTES = {"f32": 128, "f16": 64, "bf16": 64, "q8_0": 34, "q4_0": 18}
_UNITS = {"": 1, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "KB": 10**3, "MB": 10**6, "GB": 10**9}


@dataclass(frozen=True)
class Placement:
    """Where a runner's memory is."""

    total: int
    vram: int


class Hardware:
    """Without OLLAMA_STUB_VRAM there is no GPU to log about, as on the recorded machine; /api/ps
    then reports everything in VRAM, as the recorded server did."""

    def __init__(self, environment: Environment) -> None:
        self.vram_total = parse_size(environment.stand_in("VRAM") or "0")
        self.taken_by_others = 0  # VRAM that programs other than this server hold
        self.gpu_share: float | None = None  # forced share of each runner in VRAM

    @property
    def has_gpu(self) -> bool:
        return self.vram_total > 0

    @property
    def default_num_ctx(self) -> int:
        """The default context by VRAM (routes.go:Serve)."""
        if self.vram_total >= 47 * 2**30:
            return 262_144
        return 32_768 if self.vram_total >= 23 * 2**30 else 4_096

    def free_vram(self, used: int) -> int:
        return max(0, self.vram_total - self.taken_by_others - used)

    def place(self, size: int, used: int) -> Placement:
        """Where a runner of this size goes while others use USED bytes of VRAM."""
        return Placement(size, min(size, self.free_vram(used)) if self.has_gpu else size)

    def reported(self, placement: Placement) -> Placement:
        """What /api/ps says, with a share that was forced through the side door."""
        if self.gpu_share is None:
            return placement
        return Placement(placement.total, int(placement.total * self.gpu_share))


def predicted_size(path: str, header: Header, num_ctx: int) -> int:
    """Weights plus an f16 cache for all slots, whatever type the cache will be of (llm/llama_server.go:PredictServerVRAM)."""
    return occupied_size(path, header, num_ctx, "f16")


def occupied_size(path: str, header: Header, num_ctx: int, cache_type: str) -> int:
    """What the runner takes: the cache is of its own type, in blocks of 32 numbers (ggml-common.h).

    The weights count as what the header claims, since test files leave them out.
    """
    weights = max(os.path.getsize(path), header.weight_bytes)
    heads = header.number("attention.head_count")
    head_size = header.number("embedding_length") // heads if heads else 0
    kv_heads = header.number("attention.head_count_kv") or 1
    numbers = 2 * header.number("block_count") * kv_heads * head_size * num_ctx
    return weights + numbers * _BLOCK_BYTES.get(cache_type, 64) // 32


def system_memory() -> tuple[int, int, int]:
    """Total, free and free swap of this host."""
    values = {"MemTotal": 0, "MemAvailable": 0, "SwapFree": 0}
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                name, dummy, rest = line.partition(":")
                if name in values:
                    values[name] = int(rest.split()[0]) * 1024
    except (OSError, ValueError):
        pass
    return values["MemTotal"], values["MemAvailable"], values["SwapFree"]


def parse_size(text: str) -> int:
    """Bytes of "24GiB", "500MB" or "1048576". Raises ValueError."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)", text.strip())
    if not match or match.group(2).upper() not in _UNITS:
        raise ValueError(f"{text!r} is no size: write for example 24GiB or a number of bytes")
    return int(float(match.group(1)) * _UNITS[match.group(2).upper()])
