# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent measured, on disk: read by itself, by root's modules and by whoever may."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._base.files import read_bytes
from ..._base.layout import AGENT_STATE, MEASUREMENTS, below
from ..predict.capacity import Bounds
from ..predict.measurement import Measurement, measurement_data, parse_measurement, whole

SCHEMA = 1
_LARGEST = 4 * 1024 * 1024  # bytes; the most measurements that are kept take a twentieth


class RecordError(ValueError):
    """A file that holds no measurements; the message is one sentence."""


@dataclass(frozen=True)
class Record:
    """C(measurements) oldest first."""

    measurements: tuple[Measurement, ...] = ()
    bounds: Bounds = field(default_factory=Bounds)


def record_path(instance: str, folder: str = AGENT_STATE, root: str = "/") -> str:
    """Where the agent of that instance keeps it."""
    return below(root, os.path.join(folder, instance, MEASUREMENTS))


def read_record(path: str) -> Record:
    """Empty where there is no file yet. Raises C(RecordError)."""
    try:
        return _parse(json.loads(read_bytes(path, _LARGEST)))
    except FileNotFoundError:
        return Record()
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror}), so that nothing is known of earlier measurements: read it as root") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} holds no measurements of the agent: {error}") from error


def record_data(record: Record) -> dict[str, Any]:
    """As plain data."""
    bounds = record.bounds
    return {
        "schema": SCHEMA,
        "capacity": {"at_least": bounds.at_least, "at_most": bounds.at_most, "gpus": list(bounds.gpus)},
        "measurements": [measurement_data(measurement) for measurement in record.measurements],
    }


def _parse(raw: Any) -> Record:
    """What a later version adds is left out."""
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise ValueError(f"it is not of schema {SCHEMA}")
    entries = raw.get("measurements")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("measurements is no list of objects")
    return Record(tuple(map(parse_measurement, entries)), _bounds(raw.get("capacity")))


def _bounds(raw: Any) -> Bounds:
    found: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    gpus = found.get("gpus")
    if not isinstance(gpus, list) or not all(isinstance(gpu, str) for gpu in gpus):
        raise ValueError("capacity is no capacity")
    return Bounds(whole(found, "at_least"), None if found.get("at_most") is None else whole(found, "at_most"), tuple(gpus))
