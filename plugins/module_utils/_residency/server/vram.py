# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much VRAM this host's GPUs have, as far as their drivers tell."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping

from ..._base.background import Background
from ..._base.systemctl import Run
from ..predict.capacity import Vram
from .gpus import AMDS_CHOICE, NVIDIA, NVIDIAS_CHOICE, read

_AMD_VRAM = "sys/class/drm/card*/device/mem_info_vram_total"
_NVIDIA_SMI = ("nvidia-smi", "--query-gpu=index,uuid,memory.total,memory.used", "--format=csv,noheader,nounits")
_MIB = 1024 * 1024
_PATIENCE = 20  # seconds; without persistence mode each call initialises the driver


def read_vram(environment: Mapping[str, str | None], root: str = "/", run: Run | None = None) -> Vram | None:
    """VRAM of the GPUs that a server with this environment may use; None where no driver tells. `run` asks NVIDIA's, which takes
    up to a second; without it that one does not tell."""
    if glob.glob(os.path.join(root, NVIDIA)):
        return _nvidia_vram(environment.get(*NVIDIAS_CHOICE), run) if run else None
    chosen = any(environment.get(key) for key in AMDS_CHOICE)  # by a number that is ROCm's own, or by a name that is
    totals = [] if chosen else sorted(glob.glob(os.path.join(root, _AMD_VRAM)))
    found = [(_size(path), _size(path[: -len("total")] + "used")) for path in totals]
    return Vram(sum(total for total, used in found), sum(used for total, used in found)) if found else None


def _nvidia_vram(visible: str | None, run: Run) -> Vram | None:
    """A driver that does not work is one that does not tell; it may even hang in the kernel, and is left behind then."""
    call = Background(lambda: run(_NVIDIA_SMI))
    if not call.wait(_PATIENCE):
        return None
    try:
        output = call.result()[1]
        rows = [[field.strip() for field in line.split(",")] for line in output.splitlines()]
        found = [(int(total), int(used)) for index, uuid, total, used in rows if _is_visible(index, uuid, visible)]
    except (OSError, ValueError):
        return None
    return Vram(_MIB * sum(total for total, used in found), _MIB * sum(used for total, used in found)) if found else None


def _is_visible(index: str, uuid: str, visible: str | None) -> bool:
    """CUDA takes numbers, and UUIDs that may be cut short."""
    chosen = [word.strip() for word in (visible or "").split(",") if word.strip()]
    return not chosen or any(word == index or (word.startswith("GPU-") and uuid.startswith(word)) for word in chosen)


def _size(path: str) -> int:
    text = read(path)
    return int(text) if text.isdigit() else 0
