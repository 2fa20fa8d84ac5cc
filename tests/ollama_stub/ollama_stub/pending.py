# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that wait for a runner, and why they may not get one (server/sched.go:LlmRequest)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from .models import Model
from .options import Options
from .request_context import RequestContext
from .runner_ref import RunnerRef


class QueueFull(Exception):
    """More requests wait for a runner than OLLAMA_MAX_QUEUE."""

    def __init__(self) -> None:
        super().__init__("server busy, please try again.  maximum pending requests exceeded")


class ModelGone(Exception):
    """The weights of a model cannot be read."""


@dataclass
class Pending:
    """A request that wants a runner (sched.go:LlmRequest)."""

    context: RequestContext
    model: Model
    options: Options
    session_duration: int | None  # nanoseconds; None leaves it to the runner
    context_shift: bool
    granted: asyncio.Future[RunnerRef]
    retried_for_memory: bool = False

    def grant(self, runner: RunnerRef) -> None:
        if not self.granted.done():
            self.granted.set_result(runner)

    def fail(self, error: Exception) -> None:
        if not self.granted.done():
            self.granted.set_exception(error)
            self.granted.exception()  # the client may have gone: then nobody else asks


def resolve_shift(shift: bool | None, model: Model) -> bool:
    """Whether the context shifts: as asked, else by architecture (resolveContextShift)."""
    if shift is not None:
        return shift
    families = model.config.get("model_families") or []
    return "deepseek2" not in [*families, model.config.get("model_family")]
