# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass sees of sizes is kept for predictions. Imported only by a pass that saw something new."""

from __future__ import annotations

import json

from keepwarm._base.files import replace_file
from keepwarm._base.readers import InvalidValue
from keepwarm._residency.decide.progress import PassResult
from keepwarm._residency.predict.capacity import Bounds, evictions, learn, learn_eviction
from keepwarm._residency.predict.measurement import keep, measure
from keepwarm._residency.server.gpus import gpu_names
from keepwarm._residency.server.measurement_record import Record, read_record, record_data

from ..configuration import Configuration
from ..journal import WARNING, log
from ..service import unit_environment

_MODE = 0o644  # as the state


def note(path: str, configuration: Configuration, result: PassResult, now: float) -> None:
    """Add what is in memory to the file. `now` in seconds since 1970. What is wrong with the file is said and lived with."""
    known = _known(path)
    record = Record(
        measurements=keep(known.measurements, measure(result.look, round(now, 3))),
        bounds=_learned(known.bounds, configuration, result),
    )
    try:
        replace_file(path, json.dumps(record_data(record), indent=1).encode(), mode=_MODE)
    except OSError as error:
        log(WARNING, "measurements_not_saved", path=path, reason=error.strerror)


def _learned(bounds: Bounds, configuration: Configuration, result: PassResult) -> Bounds:
    """Of the GPUs that the server may use: its process' own environment is not for the service user to read, its unit's is."""
    look = result.look
    environment = unit_environment(configuration.own_unit) if configuration.own_unit else {}
    partial = frozenset(digest for digest, card in look.cards.items() if card.num_gpu is not None)
    found = learn(bounds, look.living, gpu_names(environment=environment), partial)
    for eviction in evictions(configuration.policy, result):
        found = learn_eviction(found, eviction.others, eviction.reckoned)
    return found


def _known(path: str) -> Record:
    try:
        return read_record(path)
    except InvalidValue as error:
        log(WARNING, "measurements_unreadable", reason=error)
        return Record()
