# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models whose load fails, and when each is tried again: the delays grow, and outlive the process. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._base.readers import NUMBER, TEXT, WHOLE, InvalidValue, typed
from ..values.model_name import ModelName
from .drifts import BREAKING
from .progress import Progress

_FIRST_DELAY = 10.0  # seconds
_LONGEST_DELAY = 3600.0
_MOST_DOUBLINGS = 10


@dataclass(frozen=True)
class Retry:
    """`failures` in a row, the `reason` of the last; `next_at` in seconds since 1970. `digest` is what failed: other weights
    are tried at once. `took_server`: the server ended meanwhile, so that its next start is no reason to try at once."""

    failures: int
    next_at: float
    reason: str
    digest: str
    took_server: bool = False

    def is_due(self, now: float) -> bool:
        """A clock that was put back by more than the longest delay counts for nothing."""
        return not now < self.next_at <= now + _LONGEST_DELAY


def parse_retry(raw: Mapping[str, Any]) -> Retry:
    """Raises `InvalidValue`."""
    took_server = raw.get("took_server")
    if not isinstance(took_server, bool):
        raise InvalidValue("took_server is of the wrong kind")
    return Retry(
        failures=typed(raw, "failures", WHOLE),
        next_at=typed(raw, "next_at", NUMBER),
        reason=typed(raw, "reason", TEXT),
        digest=typed(raw, "digest", TEXT),
        took_server=took_server,
    )


def still_held(retries: Mapping[str, Retry], changed: frozenset[str], same_start: bool) -> dict[str, Retry]:
    """Before a pass: what is relevant for a load may have changed, and then it is tried at once."""
    return {name: retry for name, retry in retries.items() if name not in changed and (same_start or retry.took_server)}


def withheld(retries: Mapping[str, Retry], now: float) -> dict[ModelName, tuple[str, str]]:
    """What is not to be loaded yet: its digest, and why."""
    return {ModelName.parse(name): (retry.digest, retry.reason) for name, retry in retries.items() if not retry.is_due(now)}


def after_pass(retries: Mapping[str, Retry], models: Iterable[Progress], now: float) -> dict[str, Retry]:
    """A model that failed waits, longer each time; one that is in memory is forgotten."""
    found = {}
    for progress in models:
        name = str(progress.model.name)
        known = retries.get(name)
        if progress.load_failed:
            digest = progress.last.installed.digest if progress.last.installed else ""
            found[name] = _failed(known, now, str(progress.failure), digest)
        elif known is not None and BREAKING.intersection(progress.last.drift):
            found[name] = known
    return found


def after_crash(retries: Mapping[str, Retry], loading: ModelName, now: float) -> dict[str, Retry]:
    """The server ended while it loaded this model. Once may be chance; a load that does it again must not be the first thing
    that every new start of the server is asked for."""
    known = retries.get(str(loading))
    reason = f"load of {loading} failed: the server hung up or ended meanwhile"
    return {**retries, str(loading): replace(_failed(known, now, reason, known.digest if known else ""), took_server=True)}


def _failed(known: Retry | None, now: float, reason: str, digest: str) -> Retry:
    """After the first failure the next pass tries again, since most troubles pass; then the delays double."""
    same = known is not None and known.digest in (digest, "")
    failures = (known.failures if known and same else 0) + 1
    doubled = min(_FIRST_DELAY * 2 ** min(failures - 2, _MOST_DOUBLINGS), _LONGEST_DELAY)
    return Retry(failures, round(now + (doubled if failures > 1 else 0), 3), reason, digest, took_server=bool(known and known.took_server))
