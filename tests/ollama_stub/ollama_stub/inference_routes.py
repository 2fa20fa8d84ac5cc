# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""/api/generate, /api/chat, /api/embed and /api/embeddings (server/routes.go)."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from typing import Any

from . import go_json, keep_alive
from .api_error import ApiError, read_body
from .go_json import BadRequest, Request
from .http_wire import BARE_JSON, NDJSON, StreamedAnswer, error_answer, json_answer, to_json
from .inference import Inference, Line, Lines, Question
from .router import AnyAnswer, Call
from .runner_process import AnswerFailed

_COMMON = {
    "model": go_json.STRING,
    "stream": go_json.BOOL,
    "format": go_json.ANY,
    "keep_alive": go_json.ANY,
    "options": go_json.OBJECT,
    "think": go_json.ANY,
    "truncate": go_json.BOOL,
    "shift": go_json.BOOL,
    "logprobs": go_json.BOOL,
    "top_logprobs": go_json.INT,
}
_GENERATE = {
    **_COMMON,
    "prompt": go_json.STRING,
    "suffix": go_json.STRING,
    "system": go_json.STRING,
    "template": go_json.STRING,
    "context": go_json.INT_LIST,
    "raw": go_json.BOOL,
    "images": go_json.STRING_LIST,
}
_CHAT = {**_COMMON, "messages": go_json.MESSAGES, "tools": go_json.ANY}
_EMBED = {
    "model": go_json.STRING,
    "input": go_json.ANY,
    "keep_alive": go_json.ANY,
    "truncate": go_json.BOOL,
    "dimensions": go_json.INT,
    "options": go_json.OBJECT,
}
_EMBEDDINGS = {
    "model": go_json.STRING,
    "prompt": go_json.STRING,
    "keep_alive": go_json.ANY,
    "options": go_json.OBJECT,
}


class InferenceRoutes:
    """Handlers that need a runner."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    async def generate(self, call: Call) -> AnyAnswer:
        request = await read_body(call, "GenerateRequest", _GENERATE)
        _check_logprobs(request)
        question = Question(
            chat=False,
            prompt=request.text("prompt"),
            empty=not request.text("prompt"),
            suffix=bool(request.text("suffix")),
            raw=request.flag("raw", False),
            **_common(request),
        )
        return await self._answer(call, request, question)

    async def chat(self, call: Call) -> AnyAnswer:
        request = await read_body(call, "ChatRequest", _CHAT)
        _check_logprobs(request)
        messages = request.items("messages")
        question = Question(
            chat=True,
            prompt=" ".join(str(each.get("content", "")) for each in messages),
            empty=not messages,
            tools=bool(request.items("tools")),
            **_common(request),
        )
        return await self._answer(call, request, question)

    async def _answer(self, call: Call, request: Request, question: Question) -> AnyAnswer:
        result = await self._inference.ask(call.request.context, question)
        if isinstance(result, dict):
            return json_answer(result)
        if request.flag("stream", True):
            return await _streamed(result)
        return json_answer(await joined(question, result))

    async def embed(self, call: Call) -> AnyAnswer:
        started = time.monotonic_ns()
        request = await read_body(call, "EmbedRequest", _EMBED)
        vectors, count, load_ns = await self.embedded(call, request, texts_of(request.get("input")))
        answer: dict[str, Any] = {"model": request.text("model"), "embeddings": vectors}
        if vectors:
            answer["total_duration"] = time.monotonic_ns() - started
            answer["load_duration"] = load_ns
            answer["prompt_eval_count"] = count
        return json_answer(answer)

    async def embedded(
        self, call: Call, request: Request, texts: list[str]
    ) -> tuple[list[list[float]], int, int]:
        """Normalised vectors. Raises ApiError."""
        try:
            vectors, count, load_ns = await self._inference.embed(
                call.request.context,
                request.text("model"),
                False,
                texts,
                _keep_alive(request),
                request.table("options"),
            )
        except AnswerFailed as error:
            raise ApiError(error.status, str(error)) from error
        size = request.get("dimensions") or 0
        return [_normalised(vector[:size] if size > 0 else vector) for vector in vectors], count, load_ns

    async def embeddings(self, call: Call) -> AnyAnswer:
        request = await read_body(call, "EmbeddingRequest", _EMBEDDINGS)
        texts = [request.text("prompt")] if request.text("prompt") else []
        try:
            vectors, dummy, dummy = await self._inference.embed(
                call.request.context,
                request.text("model"),
                True,
                texts,
                _keep_alive(request),
                request.table("options"),
            )
        except AnswerFailed as error:
            raise ApiError(500, str(error)) from error
        return json_answer({"embedding": vectors[0] if vectors else []})


def _common(request: Request) -> dict[str, Any]:
    return {
        "model": request.text("model"),
        "keep_alive": _keep_alive(request),
        "options": request.table("options"),
        "shift": request.get("shift"),
        "thinks": bool(request.get("think")),
        "format": request.get("format"),
    }


def _check_logprobs(request: Request) -> None:
    if not 0 <= (request.get("top_logprobs") or 0) <= 20:
        raise ApiError(400, "top_logprobs must be between 0 and 20")


def _keep_alive(request: Request) -> int | None:
    try:
        return keep_alive.parse(request.get("keep_alive"))
    except BadRequest as error:
        raise ApiError(400, str(error)) from error


def texts_of(value: Any) -> list[str]:
    """The inputs of /api/embed: a string, a list of strings, or nothing."""
    if value is None or isinstance(value, str):
        return [value] if value else []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ApiError(400, "invalid input type")
    return value


async def joined(question: Question, lines: Lines) -> Line:
    """The last line, with the text of all of them."""
    text, last = "", {}
    async for last in lines:
        text += last["message"]["content"] if question.chat else last["response"]
    if question.chat:
        last["message"]["content"] = text
    else:
        last["response"] = text
    return last


async def _streamed(lines: Lines) -> AnyAnswer:
    """Stream, unless the answer fails before its first line: then there still is a status."""
    try:
        first = await lines.__anext__()
    except ApiError as error:
        return error_answer(str(error), error.status, BARE_JSON)
    return StreamedAnswer(NDJSON, _ndjson(first, lines))


async def _ndjson(first: Line, lines: Lines) -> AsyncIterator[bytes]:
    yield to_json(first) + b"\n"
    try:
        async for line in lines:
            yield to_json(line) + b"\n"
    except ApiError as error:
        yield to_json({"error": str(error)}) + b"\n"


def _normalised(vector: list[float]) -> list[float]:
    length = max(math.sqrt(sum(value * value for value in vector)), 1e-12)
    return [value / length for value in vector]
