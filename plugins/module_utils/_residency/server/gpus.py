# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which GPUs this host has, as far as the kernel's drivers say, and which of them a server may use."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

NVIDIA = "proc/driver/nvidia/gpus/*"
"""A folder for each of its devices."""
NVIDIAS_CHOICE = ("CUDA_VISIBLE_DEVICES",)
AMDS_CHOICE = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
"""The variables that show a server only some."""
_NONE = "-1"  # an id that no GPU has leaves the CPU (Ollama's documentation, docs/gpu.mdx)
_AMD = "sys/class/kfd/kfd/topology/nodes/*/gpu_id"
_UUID = re.compile(r"GPU UUID:\s*(\S+)", re.ASCII)


def count_gpus(root: str = "/") -> int:
    """NVIDIA's devices, else AMD's compute nodes; 0 where there is neither."""
    return len(glob.glob(os.path.join(root, NVIDIA))) or len(_amd_nodes(root))


def gpu_names(root: str = "/", environment: Mapping[str, str | None] | None = None) -> tuple[str, ...]:
    """What tells the GPUs that a server with this environment may use from others: NVIDIA's UUIDs, AMD's numbers for theirs; where it
    is shown some by other names, such a name and those of all. Empty where there is none."""
    nvidia = [_uuid(folder) for folder in glob.glob(os.path.join(root, NVIDIA))]
    names = sorted(nvidia or (f"amd-{read(path)}" for path in _amd_nodes(root)))
    shown = _shown(environment or {}, NVIDIAS_CHOICE if nvidia else AMDS_CHOICE) if names else []
    return tuple(sorted({_chosen(word, names) for word in takewhile(lambda word: word != _NONE, shown)}) if shown else names)


def are_of(gpus: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a server that `gpus` were noted for is one of a host with all these `names`."""
    known = all(gpu in names or gpu.endswith(_among(names)) for gpu in gpus)
    return known and bool(gpus) == bool(names)


def _shown(environment: Mapping[str, str | None], keys: Iterable[str]) -> list[str]:
    text = next(filter(None, map(environment.get, keys)), "")
    return [word.strip() for word in text.split(",") if word.strip()]


def _chosen(word: str, names: Sequence[str]) -> str:
    """CUDA takes UUIDs that may be cut short. Numbers are the driver's own, and AMD's UUIDs are not among the names."""
    return next((name for name in names if word.startswith("GPU-") and name.startswith(word)), word + _among(names))


def _among(names: Sequence[str]) -> str:
    return f" of {', '.join(names)}"


def _amd_nodes(root: str) -> list[str]:
    """A processor is a node too, with the identifier 0."""
    return [path for path in glob.glob(os.path.join(root, _AMD)) if read(path) not in ("", "0")]


def _uuid(folder: str) -> str:
    found = _UUID.search(read(os.path.join(folder, "information")))
    return found.group(1) if found else os.path.basename(folder)


def read(path: str) -> str:
    """What the file of a driver says; nothing where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
