# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST /api/pull (server/images.go:PullModel, server/download.go:downloadBlob)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import threading
from collections.abc import Iterable

from . import go_json, names
from .api_error import ApiError, read_body
from .catalog import Catalog
from .download import BlobDownload
from .environment import Environment
from .log import Logger
from .names import Name
from .progress_answer import Progress, answer_progress
from .registry_client import RegistryClient, RegistryError
from .request_context import RequestContext
from .router import AnyAnswer, Call
from .store import InvalidDigest, Layer, Manifest, parse_layers

_PULL = {"model": go_json.STRING, "name": go_json.STRING, "stream": go_json.BOOL, "insecure": go_json.BOOL}
_TICK = 0.06  # seconds between two lines (blobDownload.Wait)


class PullFailure(Exception):
    """The text of the error line."""


class Puller:
    """Pulls models. Two pulls of the same blob share one download (blobDownloadManager)."""

    def __init__(self, catalog: Catalog, environment: Environment, log: Logger) -> None:
        self._catalog = catalog
        self._store = catalog.blobs
        self._environment = environment
        self._log = log
        self._downloads: dict[str, BlobDownload] = {}

    async def answer(self, call: Call) -> AnyAnswer:
        request = await read_body(call, "PullRequest", _PULL)
        try:
            reference = names.pull_reference(request.text("model") or request.text("name"))
        except ValueError as error:
            raise ApiError(400, "invalid model name") from error
        name = self._catalog.canonical(reference.name)
        return await answer_progress(request, self.pull(name, request.flag("insecure", False), call.request.context))

    async def pull(self, name: Name, insecure: bool, context: RequestContext) -> Progress:
        """The lines; ends early, without one, when its client goes."""
        try:
            async for line in self._pull(name, RegistryClient(name, insecure), context):
                yield line
        except PullFailure as failure:
            yield {"error": str(failure)}

    async def _pull(self, name: Name, client: RegistryClient, context: RequestContext) -> Progress:
        previous = self._store.find(name)
        yield {"status": "pulling manifest"}
        content, layers = await self._manifest(client, context)
        fetched = []
        for layer in layers:
            if os.path.exists(self._path(layer)):
                size = os.stat(self._path(layer)).st_size
                yield {"status": f"pulling {layer.digest[7:19]}", "digest": layer.digest, "total": size, "completed": size}
                continue
            fetched.append(layer)
            async for line in self._download(layer, client, context):
                yield line
        yield {"status": "verifying sha256 digest"}
        for layer in fetched:
            await context.guard(asyncio.to_thread(_verify, layer.digest, self._path(layer)))
        yield {"status": "writing manifest"}
        self._store.save_manifest(name, content)
        if previous and not self._environment.no_prune and _left_over(previous, layers):
            yield {"status": "removing unused layers"}
            self._store.remove_unused(previous)
        yield {"status": "success"}

    async def _manifest(self, client: RegistryClient, context: RequestContext) -> tuple[bytes, list[Layer]]:
        try:
            content = await context.guard(asyncio.to_thread(client.manifest))
            return content, parse_layers(json.loads(content))
        except (RegistryError, ValueError) as error:
            raise PullFailure(f"pull model manifest: {error}") from error

    def _path(self, layer: Layer) -> str:
        try:
            return self._store.blob_path(layer.digest)
        except InvalidDigest as error:
            raise PullFailure(str(error)) from error

    async def _download(self, layer: Layer, client: RegistryClient, context: RequestContext) -> Progress:
        download = self._downloads.get(layer.digest)
        if download and not download.references:
            await context.guard(asyncio.to_thread(download.done.wait))  # a cancelled one still writes down how far it got
            download = None
        if download is None:
            download = await self._start(layer, client, context)
        else:
            download.references += 1
        try:
            while not download.done.is_set():
                await context.guard(asyncio.sleep(_TICK))
                if not download.done.is_set():
                    yield download.line
        finally:
            download.references -= 1
            if not download.references:
                download.cancel()
        if download.failure:
            raise PullFailure(_said(download.failure)) from download.failure

    async def _start(self, layer: Layer, client: RegistryClient, context: RequestContext) -> BlobDownload:
        self._store.prepare()
        least_part = int(self._environment.stand_in("PART_BYTES") or 0)
        download = BlobDownload(self._path(layer), layer.digest, client, least_part, self._log)
        self._downloads[layer.digest] = download
        download.references += 1
        try:
            await context.guard(asyncio.to_thread(download.prepare))
        except BaseException as error:
            download.done.set()
            self._downloads.pop(layer.digest)
            if isinstance(error, (RegistryError, OSError, ValueError)):
                raise PullFailure(_said(error)) from error
            raise
        threading.Thread(target=self._run, args=(download,)).start()
        return download

    def _run(self, download: BlobDownload) -> None:
        download.run()
        if self._downloads.get(download.digest) is download:
            self._downloads.pop(download.digest)


def _verify(digest: str, path: str) -> None:
    """Raises PullFailure, and removes the file, if it is not what its name says."""
    hasher = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            hasher.update(piece)
    got = f"sha256:{hasher.hexdigest()}"
    if got != digest:
        os.unlink(path)
        raise PullFailure(f"digest mismatch, file must be downloaded again: want {digest}, got {got}")


def _left_over(previous: Manifest, layers: Iterable[Layer]) -> bool:
    """Whether the model had a layer that it has no more."""
    kept = {layer.digest for layer in layers}
    return any(layer.digest not in kept for layer in (*previous.layers, previous.config) if layer.digest)


def _said(error: Exception) -> str:
    """Go's words for a failed system call."""
    if isinstance(error, OSError) and error.strerror:
        where = f" {error.filename}" if error.filename else ""
        return f"write{where}: {error.strerror.lower()}"
    return str(error)
