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
from ..._base.readers import InvalidValue, objects, texts, typed
from ..predict.capacity import Bounds
from ..predict.measurement import Measurement, measurement_data, parse_measurement, whole

SCHEMA = 1
_LARGEST = 4 * 1024 * 1024  # bytes; the most measurements that are kept take a twentieth


@dataclass(frozen=True)
class Record:
    """`measurements` oldest first."""

    measurements: tuple[Measurement, ...] = ()
    bounds: Bounds = field(default_factory=Bounds)


def record_path(instance: str, folder: str = AGENT_STATE, root: str = "/") -> str:
    """Where the agent of that instance keeps it."""
    return below(root, os.path.join(folder, instance, MEASUREMENTS))


def read_record(path: str) -> Record:
    """Empty where there is no file yet. Raises `InvalidValue`."""
    try:
        return _parse(json.loads(read_bytes(path, _LARGEST)))
    except FileNotFoundError:
        return Record()
    except OSError as error:
        raise InvalidValue(f"{path} cannot be read ({error.strerror}), so that nothing is known of earlier measurements: read it as root") from error
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"{path} holds no measurements of the agent: {error}") from error


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
        raise InvalidValue(f"it is not of schema {SCHEMA}")
    return Record(objects(raw, "measurements", parse_measurement), _bounds(typed(raw, "capacity", (dict,))))


def _bounds(raw: Mapping[str, Any]) -> Bounds:
    return Bounds(whole(raw, "at_least"), None if raw.get("at_most") is None else whole(raw, "at_most"), texts(raw, "gpus", exact=True))
