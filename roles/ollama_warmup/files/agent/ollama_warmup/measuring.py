# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass sees of sizes is kept for predictions. Imported only by a pass that saw something new."""

from __future__ import annotations

import json

from _residency.capacity import learn
from _residency.gpus import gpu_names
from _residency.measurement import keep, measure
from _residency.measurement_record import Record, RecordError, read_record, record_data
from _residency.observation import Observation

from .journal import WARNING, log
from .state_file import replace_file


def note(path: str, look: Observation, now: float) -> None:
    """Add what is in memory to the file. C(now) in seconds since 1970. What is wrong with the file is said and lived with."""
    known = _known(path)
    partial = frozenset(digest for digest, card in look.cards.items() if card.num_gpu is not None)
    record = Record(
        measurements=keep(known.measurements, measure(look, round(now, 3))),
        bounds=learn(known.bounds, look.resident, gpu_names(), partial),
    )
    try:
        replace_file(path, json.dumps(record_data(record), indent=1))
    except OSError as error:
        log(WARNING, "measurements_not_saved", path=path, reason=error.strerror)


def _known(path: str) -> Record:
    try:
        return read_record(path)
    except RecordError as error:
        log(WARNING, "measurements_unreadable", reason=error)
        return Record()
