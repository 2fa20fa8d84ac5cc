# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The /v1 routes of OpenAI's form (middleware/openai.go, openai/openai.go).

They are translated into the server's own requests, and a keep_alive in them is lost.
"""

from __future__ import annotations

import calendar
import random
import time
from collections.abc import AsyncIterator
from typing import Any

from . import go_json, names
from .api_error import ApiError, read_body
from .catalog import Catalog
from .catalog_routes import CatalogRoutes
from .go_json import Request
from .http_wire import BARE_JSON, EVENTS, JSON, Answer, StreamedAnswer, error_answer, json_answer, to_json
from .inference import Inference, Line, Lines, Question
from .inference_routes import InferenceRoutes, joined, texts_of
from .router import AnyAnswer, Call

_TYPES = {400: "invalid_request_error", 404: "not_found_error"}
_COMMON = {
    "model": go_json.STRING,
    "stream": go_json.BOOL,
    "stream_options": go_json.ANY,
    "max_tokens": go_json.INT,
    "seed": go_json.INT,
    "stop": go_json.ANY,
    "temperature": go_json.FLOAT,
    "frequency_penalty": go_json.FLOAT,
    "presence_penalty": go_json.FLOAT,
    "top_p": go_json.FLOAT,
}
_CHAT = {**_COMMON, "messages": go_json.MESSAGES, "tools": go_json.ANY, "reasoning_effort": go_json.STRING}
_COMPLETION = {**_COMMON, "prompt": go_json.STRING, "suffix": go_json.STRING}
_EMBED = {
    "model": go_json.STRING,
    "input": go_json.ANY,
    "dimensions": go_json.INT,
    "encoding_format": go_json.STRING,
}


class OpenAiRoutes:
    """Handlers below /v1."""

    def __init__(
        self,
        catalog: Catalog,
        catalog_routes: CatalogRoutes,
        inference: Inference,
        inference_routes: InferenceRoutes,
    ) -> None:
        self._catalog = catalog
        self._catalog_routes = catalog_routes
        self._inference = inference
        self._inference_routes = inference_routes

    async def models(self, _call: Call) -> AnyAnswer:
        data = [
            _model(each.name.shortest, each.modified_ns // 1_000_000_000) for each in self._catalog.all()
        ]
        return json_answer({"object": "list", "data": data or None}, content_type=BARE_JSON)

    async def model(self, call: Call) -> AnyAnswer:
        refused = self._cloud(call.parameter, "remote model details are unavailable")
        if refused:
            return refused
        try:
            shown = self._catalog_routes.shown(call.parameter)
        except ApiError as error:
            return _error(error)
        return json_answer(_model(call.parameter, _unix(shown["modified_at"])), content_type=BARE_JSON)

    async def chat(self, call: Call) -> AnyAnswer:
        try:
            request = await read_body(call, "ChatCompletionRequest", _CHAT, "openai")
            if not request.items("messages"):
                raise ApiError(400, "[] is too short - 'messages'")
        except ApiError as error:
            return _error(error, JSON)
        messages = request.items("messages")
        prompt = " ".join(str(each.get("content", "")) for each in messages)
        question = Question(
            chat=True,
            model=request.text("model"),
            prompt=prompt,
            empty=False,
            options=_options(request),
            tools=bool(request.items("tools")),
        )
        return await self._answer(call, request, question)

    async def completion(self, call: Call) -> AnyAnswer:
        try:
            request = await read_body(call, "CompletionRequest", _COMPLETION, "openai")
        except ApiError as error:
            return _error(error, JSON)
        question = Question(
            chat=False,
            model=request.text("model"),
            prompt=request.text("prompt"),
            empty=not request.text("prompt"),
            options=_options(request),
            suffix=bool(request.text("suffix")),
        )
        return await self._answer(call, request, question)

    async def _answer(self, call: Call, request: Request, question: Question) -> AnyAnswer:
        refused = self._cloud(question.model, "remote model is unavailable")
        if refused:
            return refused
        try:
            result = await self._inference.ask(call.request.context, question)
            lines = _single(result) if isinstance(result, dict) else result
            if request.flag("stream", False):
                usage = bool((request.get("stream_options") or {}).get("include_usage"))
                return StreamedAnswer(EVENTS, _events(question, lines, usage))
            last = await joined(question, lines)
        except ApiError as error:
            return _error(error)
        return json_answer(_whole(question, last), content_type=BARE_JSON)

    async def embeddings(self, call: Call) -> AnyAnswer:
        try:
            request = await read_body(call, "EmbedRequest", _EMBED, "openai")
            if request.get("input") in (None, []):
                raise ApiError(400, "invalid input")
        except ApiError as error:
            return _error(error, JSON)
        refused = self._cloud(request.text("model"), "remote model is unavailable")
        if refused:
            return refused
        try:
            texts = texts_of(request.get("input"))
            vectors, count, dummy = await self._inference_routes.embedded(call, request, texts)
        except ApiError as error:
            return _error(error)
        data = [
            {"object": "embedding", "embedding": vector, "index": place}
            for place, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": count, "total_tokens": count}
        answer = {"object": "list", "data": data, "model": request.text("model"), "usage": usage}
        return json_answer(answer, content_type=BARE_JSON)

    def _cloud(self, raw: str, operation: str) -> Answer | None:
        """A cloud model is refused before translation, in the server's own form."""
        try:
            if names.reference(raw).source != "cloud":
                return None
        except ValueError:
            return None
        if self._catalog.cloud_disabled:
            return error_answer(f"ollama cloud is disabled: {operation}", 403)
        return error_answer("unauthorized", 401)


def _options(request: Request) -> dict[str, Any]:
    """The options that the translation sets; the context is not among them."""
    stop = request.get("stop")
    given = {
        "num_predict": request.get("max_tokens"),
        "seed": request.get("seed"),
        "temperature": request.get("temperature") if request.get("temperature") is not None else 1.0,
        "frequency_penalty": request.get("frequency_penalty"),
        "presence_penalty": request.get("presence_penalty"),
        "top_p": request.get("top_p") or 1.0,
        "stop": [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else None,
    }
    return {key: value for key, value in given.items() if value is not None}


def _error(error: ApiError, content_type: str = BARE_JSON) -> Answer:
    body = {
        "message": str(error),
        "type": _TYPES.get(error.status, "api_error"),
        "param": None,
        "code": None,
    }
    return json_answer({"error": body}, error.status, content_type)


def _model(name: str, created: int) -> dict[str, Any]:
    owner = names.parse(name).namespace
    return {"id": name, "object": "model", "created": created, "owned_by": owner}


def _unix(timestamp: str) -> int:
    """Seconds since 1970 of a timestamp that this server wrote."""
    moment = calendar.timegm(time.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S"))
    if timestamp.endswith("Z"):
        return moment
    hours, minutes = int(timestamp[-5:-3]), int(timestamp[-2:])
    offset = (hours * 60 + minutes) * 60
    return moment - offset if timestamp[-6] == "+" else moment + offset


async def _single(line: Line) -> Lines:
    yield line


def _envelope(question: Question, kind: str) -> dict[str, Any]:
    prefix = "chatcmpl" if question.chat else "cmpl"
    return {
        "id": f"{prefix}-{random.randrange(999)}",
        "object": kind,
        "created": int(time.time()),
        "model": question.model,
        "system_fingerprint": "fp_ollama",
    }


def _usage(line: Line) -> dict[str, int]:
    prompt, answer = line.get("prompt_eval_count", 0), line.get("eval_count", 0)
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def _whole(question: Question, last: Line) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0}
    if question.chat:
        choice["message"] = last["message"]
    else:
        choice = {"text": last["response"], "index": 0}
    choice["finish_reason"] = last["done_reason"]
    answer = _envelope(question, "chat.completion" if question.chat else "text_completion")
    return {**answer, "choices": [choice], "usage": _usage(last)}


async def _events(question: Question, lines: Lines, usage: bool) -> AsyncIterator[bytes]:
    """Server-sent events: the pieces, the reason for the end, the usage if asked for."""
    envelope = _envelope(question, "chat.completion.chunk" if question.chat else "text_completion")
    first = True
    last: Line = {}
    try:
        async for last in lines:
            text = last["message"]["content"] if question.chat else last["response"]
            if text or not last["done"] or first or not question.chat:
                yield _event({**envelope, "choices": [_piece(question, text, first, last)]})
            first = False
    except ApiError as error:
        yield _event({"error": {"message": str(error), "type": "api_error", "param": None, "code": None}})
        return
    if question.chat:
        end = {"index": 0, "delta": {}, "finish_reason": last["done_reason"]}
        yield _event({**envelope, "choices": [end]})
    if usage:
        yield _event({**envelope, "choices": [], "usage": _usage(last)})
    yield b"data: [DONE]\n\n"


def _piece(question: Question, text: str, first: bool, line: Line) -> dict[str, Any]:
    if not question.chat:
        return {"text": text, "index": 0, "finish_reason": line.get("done_reason")}
    delta = {"role": "assistant", "content": text} if first else {"content": text}
    return {"index": 0, "delta": delta, "finish_reason": None}


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + to_json(body) + b"\n\n"
