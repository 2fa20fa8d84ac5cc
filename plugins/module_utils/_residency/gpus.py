# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many GPUs this host has, as far as the kernel's drivers say."""

from __future__ import annotations

import glob
import os


def count_gpus(root: str = "/") -> int:
    """NVIDIA's devices, else AMD's compute nodes; 0 where there is neither."""
    nvidia = glob.glob(os.path.join(root, "proc/driver/nvidia/gpus/*"))
    return len(nvidia) or sum(map(_is_gpu, glob.glob(os.path.join(root, "sys/class/kfd/kfd/topology/nodes/*/gpu_id"))))


def _is_gpu(path: str) -> bool:
    """A processor is a node too, with the identifier 0."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip() not in ("", "0")
    except OSError:
        return False
