# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that become HTTP answers, and reading a request's body and model name."""

from __future__ import annotations

from . import go_json, names
from .go_json import Fields, Request
from .names import Reference
from .router import Call


class ApiError(Exception):
    """An error answer: a status and the text of its `error` field."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read_body(call: Call, type_name: str, fields: Fields, package: str = "api") -> Request:
    """The decoded body. Raises ApiError 400 with Go's words."""
    try:
        return go_json.decode(await call.request.body(), type_name, fields, package)
    except go_json.MissingBody as error:
        raise ApiError(400, "missing request body" if package == "api" else "EOF") from error
    except go_json.BadRequest as error:
        raise ApiError(400, str(error)) from error


def read_reference(raw: str, empty_status: int, empty_message: str) -> Reference:
    """A model reference; what an empty one gets differs by route (writeModelRefParseError)."""
    try:
        return names.reference(raw)
    except names.ModelRequired as error:
        raise ApiError(empty_status, empty_message) from error
    except (names.InvalidName, names.ConflictingSource) as error:
        raise ApiError(400, str(error)) from error
