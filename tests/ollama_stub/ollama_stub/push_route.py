# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST /api/push (server/images.go:PushModel, server/upload.go)."""

from __future__ import annotations

import asyncio
import os
from typing import Any
from urllib.parse import urljoin

from . import go_json, names
from .api_error import ApiError, read_body
from .catalog import Catalog
from .names import Name
from .progress_answer import Progress, answer_progress
from .registry_client import NotThere, RegistryClient, RegistryError, never
from .request_context import RequestContext
from .router import AnyAnswer, Call
from .store import Layer

_PUSH = {"model": go_json.STRING, "name": go_json.STRING, "stream": go_json.BOOL, "insecure": go_json.BOOL}
_TICK = 0.06  # seconds between two lines (blobUpload.Wait)


class Pusher:
    """Pushes models, a blob at a time and each in one piece."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._store = catalog.blobs

    async def answer(self, call: Call) -> AnyAnswer:
        request = await read_body(call, "PushRequest", _PUSH)
        raw = request.text("model") or request.text("name")
        if not raw:
            raise ApiError(400, "model is required")
        name = self._catalog.canonical(names.parse(raw))
        progress = self._push(name, RegistryClient(name, request.flag("insecure", False)), call.request.context)
        return await answer_progress(request, progress)

    async def _push(self, name: Name, client: RegistryClient, context: RequestContext) -> Progress:
        yield {"status": "retrieving manifest"}
        manifest = self._store.find(name)
        if manifest is None:
            yield {"status": "couldn't retrieve manifest"}
            yield {"error": "file does not exist"}
            return
        try:
            for layer in (*manifest.layers, manifest.config):
                async for line in self._upload(layer, client, context):
                    yield line
            yield {"status": "pushing manifest"}
            content = self._store.read_manifest(name)
            await context.guard(asyncio.to_thread(client.put_manifest, content.rstrip(b"\n")))
            yield {"status": "success"}
        except RegistryError as error:
            yield {"error": str(error)}

    async def _upload(self, layer: Layer, client: RegistryClient, context: RequestContext) -> Progress:
        path = self._store.blob_path(layer.digest)
        line: dict[str, Any] = {"status": f"pushing {layer.digest[7:19]}", "digest": layer.digest, "total": layer.size}
        if not await context.guard(asyncio.to_thread(_is_there, layer, client)):
            upload = asyncio.ensure_future(asyncio.to_thread(_send, path, layer, client))
            while not upload.done():
                await context.guard(asyncio.sleep(_TICK))
                if not upload.done():
                    yield line  # nothing is known of how much: `completed` is left out
            await upload
        yield {**line, "completed": layer.size}


def _is_there(layer: Layer, client: RegistryClient) -> bool:
    try:
        client.ask("HEAD", f"{client.base}/blobs/{layer.digest}").close()
    except NotThere:
        return False
    return True


def _send(path: str, layer: Layer, client: RegistryClient) -> None:
    """Open an upload, send the blob, and close it with its digest. Raises RegistryError."""
    begin = f"{client.base}/blobs/uploads/"
    opened = client.ask("POST", begin, {"Content-Length": "0"}, follow=never)
    opened.close()
    size = os.stat(path).st_size
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size), "Content-Range": f"0-{size - 1}"}
    with open(path, "rb") as file:
        sent = client.ask("PATCH", urljoin(begin, opened.location), headers, file, follow=never)
    sent.close()
    where = urljoin(begin, sent.location)
    where += f"{'&' if '?' in where else '?'}digest={layer.digest}"
    client.ask("PUT", where, {"Content-Length": "0"}, follow=never).close()
