# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What models were measured to take in memory, and how much VRAM there is, as the module ollama_info tells it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ._base.systemctl import Run
from ._residency.predict.capacity import Bounds
from ._residency.predict.measurement import Measurement, measurement_data
from ._residency.server.gpus import are_of, gpu_names
from ._residency.server.measurement_record import Record
from ._residency.server.vram import read_vram


def measured_data(measurement: Measurement) -> dict[str, Any]:
    """One entry of `measurements`."""
    moment = datetime.fromtimestamp(int(measurement.measured_at), timezone.utc)
    return {**measurement_data(measurement), "measured_at": moment.isoformat().replace("+00:00", "Z")}


def capacity_data(record: Record, run: Run) -> dict[str, Any]:
    """`capacity`: what was learned of other GPUs than these is no longer so. Bytes."""
    gpus = gpu_names()
    bounds = record.bounds if are_of(record.bounds.gpus, gpus) else Bounds(gpus=gpus)
    vram = read_vram({}, run=run)
    return {
        "total": vram.total if vram else None,
        "used": vram.used if vram else None,
        "at_least": bounds.at_least,
        "at_most": bounds.at_most,
        "gpus": list(bounds.gpus),
    }
