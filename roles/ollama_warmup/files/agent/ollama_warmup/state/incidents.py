# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last times that a model was found not to be as declared, each once, with its cause and when it was put right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from keepwarm._base.readers import MAYBE_NUMBER, NUMBER, TEXT, texts, typed
from keepwarm._residency.decide.causes import chief
from keepwarm._residency.decide.drifts import BREAKING, NEUTRAL, UNDECIDED
from keepwarm._residency.decide.progress import Progress
from keepwarm._residency.values.model_name import ModelName
from keepwarm._residency.values.past import Cause

from .snapshot import ModelSnapshot

MOST = 100
"""So many are remembered; the counts go on."""
_RESIDENCY = "residency"


@dataclass(frozen=True)
class Incident:
    """`at`, when it was noticed, and `healed_at`, None until then, are in seconds since 1970; `drift` is what it was noticed by,
    `by` the models that took the place."""

    model: str
    cause: str
    cause_evidence: str
    at: float
    healed_at: float | None = None
    drift: tuple[str, ...] = ()
    by: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is still so."""
        return self.healed_at is None

    @property
    def seconds(self) -> float | None:
        """How long it lasted; the clock may have been put back meanwhile."""
        return None if self.healed_at is None else round(max(0.0, self.healed_at - self.at), 3)

    @property
    def breaks_residency(self) -> bool:
        """Whether the model was gone, or about to go."""
        return not BREAKING.isdisjoint(self.drift)


def parse_incident(raw: Mapping[str, Any]) -> Incident:
    """Raises `InvalidValue`."""
    return Incident(
        model=str(ModelName.parse(typed(raw, "model", TEXT))),
        cause=typed(raw, "cause", TEXT),
        cause_evidence=typed(raw, "cause_evidence", TEXT),
        at=typed(raw, "at", NUMBER),
        healed_at=typed(raw, "healed_at", MAYBE_NUMBER),
        drift=texts(raw, "drift"),
        by=texts(raw, "by"),
    )


def going_on(known: Iterable[Incident]) -> dict[ModelName, dict[str, Cause]]:
    """The causes of what is still so, for the engine."""
    found: dict[ModelName, dict[str, Cause]] = {}
    for incident in known:
        if incident.is_open:
            words = BREAKING if incident.breaks_residency else incident.drift
            cause = Cause(incident.cause, incident.cause_evidence, incident.by)
            found.setdefault(ModelName.parse(incident.model), {}).update(dict.fromkeys(words, cause))
    return found


def note(
    known: Iterable[Incident], models: Iterable[Progress], seen: Mapping[str, ModelSnapshot], changed: frozenset[str], began: float, noticed: float
) -> tuple[Incident, ...]:
    """The incidents after a pass over these models. `seen` is what the look before left, `changed` are the models that were
    declared otherwise since: what differs from a new declaration has not departed. `began` is when the pass did, `noticed`
    its first look, in seconds since 1970."""
    ended = {str(progress.model.name): progress for progress in models}
    kept = [incident for incident in known if not incident.is_open or incident.model in ended]
    for name, progress in ended.items():
        before = seen.get(name)
        if before is not None and before.drift is not None and name not in changed:
            known_kinds = _kinds(before.drift) | {kind for open_one in kept if open_one.is_open and open_one.model == name for kind in _kinds(open_one.drift)}
            kept += _new(progress, known_kinds, noticed)
    healed = [_healed(incident, ended[incident.model], began, noticed) if incident.is_open else incident for incident in kept]
    return tuple(_bounded(healed))


def _new(progress: Progress, known_kinds: set[str], noticed: float) -> Iterator[Incident]:
    """One for each kind: that it is gone and that its context is another are two things, with an end each."""
    for kind in sorted(_kinds(progress.causes) - known_kinds):
        causes = {word: cause for word, cause in progress.causes.items() if kind in _kinds([word])}
        cause = chief(causes)
        if cause is not None:
            yield Incident(str(progress.model.name), cause.word, cause.evidence, noticed, None, tuple(causes), cause.by)


def _healed(incident: Incident, progress: Progress, began: float, noticed: float) -> Incident:
    """A model that is busy or loading is undecided, and neither back nor gone; one that is not in memory, or was deleted, is
    back in no respect."""
    now = progress.last.drift
    if UNDECIDED.intersection(now) or BREAKING.intersection(now) or _kinds(incident.drift).intersection(_kinds(now)):
        return incident
    mended = [progress.mended[word] for word in progress.mended if _kinds([word]) <= _kinds(incident.drift)]
    return replace(incident, healed_at=round(began + max(mended), 3) if mended else noticed)


def _kinds(words: Iterable[str]) -> set[str]:
    return {_RESIDENCY if word in BREAKING else word for word in words if word not in NEUTRAL}


def _bounded(incidents: list[Incident]) -> list[Incident]:
    """What is still open is never forgotten; there are few of them to a model."""
    surplus = len(incidents) - MOST
    closed = [incident for incident in incidents if not incident.is_open]
    forgotten = set(map(id, closed[: max(surplus, 0)]))
    return [incident for incident in incidents if id(incident) not in forgotten]
