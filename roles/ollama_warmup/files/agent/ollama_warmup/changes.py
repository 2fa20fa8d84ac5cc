# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass tells the journal: what it did and what became different. A pass like the one before tells nothing."""

from __future__ import annotations

from . import exits
from .journal import NOTICE, WARNING, log
from .state import LastPass

_ACTS = ("set_expiry", "load", "revive", "reload")
_NOTHING = LastPass(at=0, seconds=0, exit=-1)


def log_changes(before: LastPass | None, end: LastPass) -> None:
    """One line for each."""
    last = before or _NOTHING
    for model in end.models:
        if model["action"] in _ACTS and not model["failure"]:
            log(NOTICE, model["action"], model=model["model"], seconds=model["load_seconds"], cause=model["cause"])
    for stray in end.undeclared:
        log(NOTICE, stray["action"], model=stray["name"], declared="no", keep_alive=stray["keep_alive"])
    for text in _new(end.failures, last.failures):
        log(WARNING, "not_warm", reason=text)
    for text in _new(end.warnings, last.warnings):
        log(WARNING, "warning", reason=text)
    if end.exit != last.exit:
        log(NOTICE, "pass", result=exits.WORDS[end.exit], seconds=end.seconds, models=len(end.models))


def _new(texts: tuple[str, ...], known: tuple[str, ...]) -> list[str]:
    return [text for text in texts if text not in known]
