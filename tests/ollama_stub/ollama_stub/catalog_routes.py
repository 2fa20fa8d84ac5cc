# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes that list, show, copy and delete models, and store their blobs (server/routes.go)."""

from __future__ import annotations

import json
from typing import Any

from . import go_json, go_time, names
from .api_error import ApiError, read_body, read_reference
from .catalog import Catalog
from .http_wire import Answer, error_answer, json_answer
from .router import AnyAnswer, Call
from .scheduler import Resident, Scheduler
from .store import DigestMismatch, InvalidDigest

_SHOW = {
    "model": go_json.STRING,
    "name": go_json.STRING,
    "system": go_json.STRING,
    "template": go_json.STRING,
    "verbose": go_json.BOOL,
    "options": go_json.OBJECT,
}
_NAMED = {"model": go_json.STRING, "name": go_json.STRING}
_COPY = {"source": go_json.STRING, "destination": go_json.STRING}


class CatalogRoutes:
    """Handlers for what needs no runner."""

    def __init__(self, catalog: Catalog, scheduler: Scheduler) -> None:
        self._catalog = catalog
        self._scheduler = scheduler

    async def tags(self, _call: Call) -> AnyAnswer:
        return json_answer({"models": [model.listing() for model in self._catalog.all()]})

    async def status(self, _call: Call) -> AnyAnswer:
        return json_answer({"cloud": self._catalog.cloud_status()})

    async def ps(self, _call: Call) -> AnyAnswer:
        residents = await self._scheduler.residents()
        return json_answer({"models": [_running(each) for each in residents]})

    async def show(self, call: Call) -> AnyAnswer:
        request = await read_body(call, "ShowRequest", _SHOW)
        return json_answer(self.shown(request.text("model") or request.text("name"), request.text("system")))

    def shown(self, raw: str, system: str = "") -> dict[str, Any]:
        """What /api/show says of a model. Raises ApiError."""
        reference = read_reference(raw, 400, "model is required")
        if reference.source == "cloud":
            raise self._cloud_error("remote model details are unavailable")
        name = self._catalog.canonical(reference.name)
        model = self._catalog.find(name)
        if not model:
            raise ApiError(404, f"model '{name.shortest}' not found")
        if model.is_remote and self._catalog.cloud_disabled:
            raise self._cloud_error("remote model details are unavailable")
        return model.shown(system)

    def _cloud_error(self, operation: str) -> ApiError:
        if self._catalog.cloud_disabled:
            return ApiError(403, f"ollama cloud is disabled: {operation}")
        return ApiError(401, "unauthorized")

    async def copy(self, call: Call) -> AnyAnswer:
        request = await read_body(call, "CopyRequest", _COPY)
        found = {}
        for side in ("source", "destination"):
            name = names.parse(request.text(side))
            if not name.valid:
                quoted = json.dumps(request.text(side), ensure_ascii=False)
                raise ApiError(400, f"{side} {quoted} is invalid")
            found[side] = self._catalog.canonical(name)
        if not self._catalog.blobs.copy(found["source"], found["destination"]):
            raise ApiError(404, f'model "{request.text("source")}" not found')
        return Answer(200)

    async def delete(self, call: Call) -> AnyAnswer:
        request = await read_body(call, "DeleteRequest", _NAMED)
        raw = request.text("model") or request.text("name")
        try:
            reference = names.pull_reference(raw)
        except names.InvalidName as error:
            quoted = json.dumps(raw, ensure_ascii=False)
            raise ApiError(400, f"name {quoted} is invalid") from error
        except (names.ModelRequired, names.ConflictingSource) as error:
            raise ApiError(400, str(error)) from error
        manifest = self._catalog.blobs.find(self._catalog.canonical(reference.name))
        if not manifest:
            raise ApiError(404, f"model '{raw}' not found")
        self._catalog.blobs.remove(manifest)
        return Answer(200)

    async def head_blob(self, call: Call) -> AnyAnswer:
        try:
            found = self._catalog.blobs.has_blob(call.parameter)
        except InvalidDigest as error:
            raise ApiError(400, str(error)) from error
        if not found:
            return error_answer(f'blob "{call.parameter}" not found', 404)
        return Answer(200)

    async def put_blob(self, call: Call) -> AnyAnswer:
        try:
            if self._catalog.blobs.has_blob(call.parameter):
                return Answer(200)
            await self._catalog.blobs.receive_blob(call.parameter, call.request.chunks())
        except (InvalidDigest, DigestMismatch) as error:
            raise ApiError(400, str(error)) from error
        return Answer(201)


def _running(resident: Resident) -> dict[str, Any]:
    """The entry of /api/ps (routes.go:PsHandler)."""
    shortest = resident.model.name.shortest
    return {
        "name": shortest,
        "model": shortest,
        "size": resident.placement.total,
        "digest": resident.model.digest,
        "details": {**resident.model.details, "parent_model": ""},
        "expires_at": go_time.rfc3339_nano(resident.expires_at, utc=False),
        "size_vram": resident.placement.vram,
        "context_length": resident.context_length,
    }
