# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which GPUs this host has, as far as the kernel's drivers say."""

from __future__ import annotations

import glob
import os
import re

NVIDIA = "proc/driver/nvidia/gpus/*"
"""A folder for each of its devices."""
_AMD = "sys/class/kfd/kfd/topology/nodes/*/gpu_id"
_UUID = re.compile(r"GPU UUID:\s*(\S+)", re.ASCII)


def count_gpus(root: str = "/") -> int:
    """NVIDIA's devices, else AMD's compute nodes; 0 where there is neither."""
    return len(glob.glob(os.path.join(root, NVIDIA))) or len(_amd_nodes(root))


def gpu_names(root: str = "/") -> tuple[str, ...]:
    """What tells these GPUs from others: NVIDIA's UUIDs, AMD's numbers for theirs; empty where there is none."""
    nvidia = [_uuid(folder) for folder in glob.glob(os.path.join(root, NVIDIA))]
    return tuple(sorted(nvidia or (f"amd-{read(path)}" for path in _amd_nodes(root))))


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
