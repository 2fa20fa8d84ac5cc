# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answering: from a request to a runner to lines of text, for all routes alike."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from . import go_time, options
from .api_error import ApiError, read_reference
from .catalog import Catalog
from .clock import WALL
from .counters import Counters
from .environment import Environment
from .hardware import Hardware
from .log import Logger
from .models import Model
from .names import Reference
from .options import Options
from .pending import ModelGone, QueueFull
from .request_context import RequestContext
from .runner_process import AnswerFailed, LoadFailed
from .runner_ref import RunnerRef
from .scheduler import Scheduler

Line = dict[str, Any]
Lines = AsyncGenerator[Line, None]


@dataclass(frozen=True)
class Question:
    """What /api/generate and /api/chat have in common. keep_alive is nanoseconds."""

    chat: bool
    model: str  # as the client wrote it; the answer repeats it
    prompt: str
    empty: bool  # no prompt, or no messages: only load or unload
    keep_alive: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    shift: bool | None = None
    thinks: bool = False
    suffix: bool = False
    tools: bool = False
    raw: bool = False
    format: Any = None


class Inference:
    """Loads, unloads, generates and embeds."""

    def __init__(
        self,
        catalog: Catalog,
        scheduler: Scheduler,
        environment: Environment,
        hardware: Hardware,
        counters: Counters,
        log: Logger,
    ) -> None:
        self._catalog = catalog
        self._scheduler = scheduler
        self._environment = environment
        self._hardware = hardware
        self._counters = counters
        self._log = log

    async def ask(self, context: RequestContext, question: Question) -> Line | Lines:
        """One line for loading and unloading, else the lines of an answer. Raises ApiError."""
        started = time.monotonic_ns()
        model = self._find(question)
        if question.empty and question.keep_alive == 0:
            await self._scheduler.expire(model)
            return _line(question, "", done_reason="unload")
        self._check_capabilities(question, model)
        merged = self._options(model, question.options)
        runner = await self._runner(
            context, question.model, model, merged, question.keep_alive, question.shift
        )
        if question.empty:
            return _line(question, "", done_reason="load")
        return self._generate(context, question, runner, merged, started)

    def _find(self, question: Question) -> Model:
        if question.chat:
            reference = read_reference(question.model, 400, "model is required")
        else:
            message = f"model '{question.model}' not found"
            reference = read_reference(question.model, 404, message)
        self._refuse_cloud(reference)
        model = self._catalog.find(self._catalog.canonical(reference.name))
        if not model:
            raise ApiError(404, f"model '{question.model}' not found")
        if model.is_remote:
            self._refuse_cloud(Reference(reference.base, reference.name, "cloud"))
        return model

    def _refuse_cloud(self, reference: Reference) -> None:
        if reference.source != "cloud":
            return
        if self._catalog.cloud_disabled:
            raise ApiError(403, "ollama cloud is disabled: remote model is unavailable")
        raise ApiError(401, "unauthorized")

    @staticmethod
    def _check_capabilities(question: Question, model: Model) -> None:
        """Refuse what the model cannot do, in the order of the handlers."""
        present = model.capabilities
        if question.thinks and "thinking" not in present:
            raise ApiError(400, f'"{question.model}" does not support thinking')
        if "completion" not in present:
            verb = "chat" if question.chat else "generate"
            raise ApiError(400, f'"{question.model}" does not support {verb}')
        wanted = [("insert", question.suffix), ("tools", question.tools)]
        missing = [name for name, asked in wanted if asked and name not in present]
        if missing:
            raise ApiError(400, f"{model.name.full} does not support " + "\n".join(missing))

    def _options(self, model: Model, given: dict[str, Any]) -> Options:
        default = self._environment.context_length
        try:
            return options.merge(
                self._log,
                default or self._hardware.default_num_ctx,
                default == 0,
                model.is_embedding,
                model.parameters,
                given,
            )
        except options.OptionError as error:
            raise ApiError(500, str(error)) from error

    async def _runner(
        self,
        context: RequestContext,
        raw: str,
        model: Model,
        merged: Options,
        keep_alive: int | None,
        shift: bool | None,
    ) -> RunnerRef:
        """A runner, or the error of handleScheduleError."""
        try:
            return await self._scheduler.runner_for(context, model, merged, keep_alive, shift)
        except QueueFull as error:
            raise ApiError(503, str(error)) from error
        except ModelGone as error:
            raise ApiError(404, f'model "{raw}" not found, try pulling it first') from error
        except LoadFailed as error:
            raise ApiError(500, str(error)) from error

    async def _generate(
        self,
        context: RequestContext,
        question: Question,
        runner: RunnerRef,
        merged: Options,
        started: int,
    ) -> Lines:
        """The lines of an answer. Raises ApiError in place of a line."""
        loaded = time.monotonic_ns()
        _check_format(question.format)
        events = runner.process.completion(context, question.prompt, merged, question.chat)
        text = ""
        try:
            async for event in events:
                if event["stop"]:
                    yield self._last_line(question, event, text, started, loaded)
                elif event["content"]:
                    text += event["content"]
                    yield _line(question, event["content"])
        except AnswerFailed as error:
            raise ApiError(error.status, str(error)) from error
        finally:
            await events.aclose()

    def _last_line(
        self, question: Question, event: Line, text: str, started: int, loaded: int
    ) -> Line:
        timings = event["timings"]
        self._counters.tokens += timings["predicted_n"]
        line = _line(question, "", done_reason="length" if event["stop_type"] == "limit" else "stop")
        if not question.chat and not question.raw:
            line["context"] = tokens(question.prompt + " " + text)
        line["total_duration"] = time.monotonic_ns() - started
        line["load_duration"] = loaded - started
        line["prompt_eval_count"] = timings["prompt_n"]
        line["prompt_eval_duration"] = int(timings["prompt_ms"] * 1e6)
        line["eval_count"] = timings["predicted_n"]
        line["eval_duration"] = int(timings["predicted_ms"] * 1e6)
        return line

    async def embed(
        self,
        context: RequestContext,
        raw: str,
        exact: bool,
        texts: list[str],
        keep_alive: int | None,
        given: dict[str, Any],
    ) -> tuple[list[list[float]], int, int]:
        """Raw vectors, the number of prompt tokens, and the nanoseconds it took to load.

        With no texts it only loads. EXACT keeps the case of the name. Raises ApiError or
        AnswerFailed.
        """
        started = time.monotonic_ns()
        reference = read_reference(raw, 400, "model is required") if exact else read_reference(raw, 404, f"model '{raw}' not found")
        self._refuse_cloud(reference)
        name = reference.name if exact else self._catalog.canonical(reference.name)
        model = self._catalog.find(name)
        if not model:
            raise ApiError(404, f'model "{raw}" not found, try pulling it first')
        merged = self._options(model, given)
        runner = await self._runner(context, raw, model, merged, keep_alive, None)
        took = time.monotonic_ns() - started
        vectors, count = [], 0
        for text in texts:
            vector, tokens_read = await runner.process.embedding(context, text)
            vectors.append(vector)
            count += tokens_read
        return vectors, count, took


def _line(question: Question, text: str, done_reason: str = "") -> Line:
    """A line of an answer, in the field order of api.GenerateResponse and api.ChatResponse."""
    line: Line = {"model": question.model, "created_at": go_time.rfc3339_nano(WALL.now_ns(), utc=True)}
    if question.chat:
        line["message"] = {"role": "assistant", "content": text}
    else:
        line["response"] = text
    line["done"] = bool(done_reason)
    if done_reason:
        line["done_reason"] = done_reason
    return line


def _check_format(value: Any) -> None:
    """Refuse what is neither "json" nor a schema (llm/llama_server.go:Completion)."""
    if value in (None, "", "json") or isinstance(value, dict):
        return
    raw = json.dumps(json.dumps(value, separators=(",", ":")))
    raise ApiError(500, f'invalid format: {raw}; expected "json" or a valid JSON Schema object')


def tokens(text: str) -> list[int]:
    """Made-up token ids: a beginning, and one for each word."""
    return [1] + [3 + sum(word.encode()) % 500 for word in text.split()]
