# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a server of ours from one step to the next, and for its removal. Root's alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .. import _server_state
from .._base.layout import SERVER_RECORDS


@dataclass(frozen=True)
class Record:
    """`former`: the file with which it served last, while the one that is there has not proven itself; empty where none has. `environment`: of the
    last file. `images`: those that the role has brought or tagged, noted before they came."""

    name: str = ""
    engine: str = ""
    former: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    images: Sequence[str] = ()


def read_record(unit: str) -> Record:
    """Empty where there is none. Raises `StateError`."""
    kept: dict[str, Any] = _server_state.read(unit, _server_state.COMPOSE) or {}
    return Record(**{key: kept[key] for key in Record.__dataclass_fields__ if key in kept})


def write_record(unit: str, record: Record) -> None:
    """Raises `StateError`."""
    _server_state.write(unit, _server_state.COMPOSE, asdict(record))


def forget_record(unit: str) -> None:
    """Raises `StateError`."""
    _server_state.forget(unit, _server_state.COMPOSE)


def keep_images(unit: str, record: Record, images: Sequence[str]) -> None:
    """Of a server of which there is nothing besides; without any nothing is kept. Raises `StateError`."""
    if images:
        write_record(unit, Record(record.name, record.engine, images=images))
    else:
        forget_record(unit)


def noted_images(without: Collection[str]) -> set[str]:
    """Those of all servers but these units. Raises `StateError`, `OSError`."""
    return {image for unit in recorded_units() if unit not in without for image in read_record(unit).images}


def record_path(unit: str) -> str:
    """Where it is kept, for those who read of it."""
    return f"{SERVER_RECORDS}/{unit}.{_server_state.COMPOSE}.json"


def recorded_units() -> list[str]:
    """The servers of which there is one. Raises `OSError`."""
    return _server_state.units_with(_server_state.COMPOSE)
