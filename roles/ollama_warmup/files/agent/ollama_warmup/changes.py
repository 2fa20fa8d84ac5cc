# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass did and what became different, as events. A pass like the one before makes none. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from . import exits
from .events import Event
from .journal import NOTICE, WARNING
from .state import LastPass

_ACTS = ("set_expiry", "load", "revive", "reload")
_NOTHING = LastPass(at=0, seconds=0, exit=-1)


def changes(before: LastPass | None, end: LastPass) -> Iterator[Event]:
    """What is to be told of the pass that ended so, after the one before."""
    last = before or _NOTHING
    yield from _acts(end)
    yield from (Event(WARNING, "not_warm", {"reason": text}) for text in _new(end.failures, last.failures))
    yield from (Event(WARNING, "warning", {"reason": text}) for text in _new(end.warnings, last.warnings))
    if end.exit != last.exit:
        yield Event(NOTICE, "pass", {"result": exits.WORDS[end.exit], "seconds": end.seconds, "models": len(end.models)})


def _acts(end: LastPass) -> Iterator[Event]:
    for model in end.models:
        if model["action"] in _ACTS and not model["failure"]:
            yield Event(NOTICE, model["action"], {"model": model["model"], "seconds": model["load_seconds"], "cause": model["cause"]})
    for stray in end.undeclared:
        yield Event(NOTICE, stray["action"], {"model": stray["name"], "declared": "no", "keep_alive": stray["keep_alive"]})


def _new(texts: tuple[str, ...], known: tuple[str, ...]) -> list[str]:
    return [text for text in texts if text not in known]
