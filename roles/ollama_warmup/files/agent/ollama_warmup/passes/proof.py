# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look takes a pass's word for: that a runner lives whose process cannot be seen. Only a load request can tell, and a look sends none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keepwarm._residency.decide.verdicts import Verdict

from ..state.state import LastPass


def unproven(verdicts: Iterable[Verdict], last_pass: LastPass | None, server: str | None, url: str) -> Iterator[str]:
    """A sentence for each required pin that may be dead for all that is known; `server` is that start of the server at `url`."""
    same = last_pass is not None and (last_pass.server, last_pass.url) == (server, url)
    for verdict in verdicts:
        needs_proof = verdict.model.required and verdict.model.is_pin and verdict.resident is None
        if needs_proof and not (same and last_pass is not None and _proved(verdict, last_pass)):
            yield (
                f"{verdict.model.declared} is listed, but whether its runner lives cannot be seen from here, and no load request of the last pass"
                " has proved it: ollama-warmup run sends one"
            )


def _proved(verdict: Verdict, last_pass: LastPass) -> bool:
    """Whether that pass had an answer for the weights that are still listed."""
    entry = next((model for model in last_pass.models if model["model"] == str(verdict.model.name)), {})
    after = entry.get("after")
    digest = after.get("digest") if isinstance(after, dict) else None
    return entry.get("resident") is True and verdict.listed is not None and digest == verdict.listed.digest
