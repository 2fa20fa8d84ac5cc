# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that tell their progress: a line at a time, or only the last one (streamResponse, waitForStream)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from .api_error import ApiError
from .go_json import Request
from .http_wire import BARE_JSON, NDJSON, StreamedAnswer, error_answer, json_answer, to_json
from .router import AnyAnswer

Progress = AsyncIterator[dict[str, Any]]


async def answer_progress(request: Request, progress: Progress) -> AnyAnswer:
    """An error before the first line has a status of its own; a later one is a line of a 200."""
    try:
        if not request.flag("stream", True):
            return await _last(progress)
        first = await progress.__anext__()
    except ApiError as error:
        return error_answer(str(error), error.status, BARE_JSON)
    return StreamedAnswer(NDJSON, _lines(first, progress))


async def _last(progress: Progress) -> AnyAnswer:
    latest: dict[str, Any] = {}
    async for latest in progress:
        if "error" in latest:
            return error_answer(latest["error"], 500, BARE_JSON)
    return json_answer(latest, content_type=BARE_JSON)


async def _lines(first: dict[str, Any], progress: Progress) -> AsyncIterator[bytes]:
    yield to_json(first) + b"\n"
    try:
        async for line in progress:
            yield to_json(line) + b"\n"
    except ApiError as error:
        yield to_json({"error": str(error)}) + b"\n"
