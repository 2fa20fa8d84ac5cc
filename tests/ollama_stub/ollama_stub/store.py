# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model store on disk, in the real one's layout: blobs/sha256-HEX and manifests/HOST/NS/MODEL/TAG."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from typing import Any

from . import names
from .names import Name

MODEL = "application/vnd.ollama.image.model"
TEMPLATE = "application/vnd.ollama.image.template"
SYSTEM = "application/vnd.ollama.image.system"
PARAMS = "application/vnd.ollama.image.params"
LICENSE = "application/vnd.ollama.image.license"
MESSAGES = "application/vnd.ollama.image.messages"
CONFIG = "application/vnd.docker.container.image.v1+json"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_PRUNE_GRACE_SECONDS = 3600
_DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]{64}\Z")


class InvalidDigest(ValueError):
    """Not sha256: and 64 hex digits."""

    def __init__(self) -> None:
        super().__init__("invalid digest format")


class DigestMismatch(ValueError):
    """An uploaded blob that is not what its name says."""


@dataclass(frozen=True)
class Layer:
    """One blob of a model."""

    media_type: str
    digest: str
    size: int
    parent: str = ""  # the model it was taken from, for the weights
    status: str = ""  # what /api/create says about it

    def as_json(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.parent:
            entry["from"] = self.parent
        return entry


@dataclass(frozen=True)
class Manifest:
    """What a model consists of."""

    name: Name
    digest: str  # hex of the manifest file
    modified_ns: int
    config: Layer
    layers: tuple[Layer, ...]

    @property
    def size(self) -> int:
        return self.config.size + sum(layer.size for layer in self.layers)


class Store:
    """Blobs and manifests below OLLAMA_MODELS."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._blobs = os.path.join(root, "blobs")
        self._manifests = os.path.join(root, "manifests")

    def prepare(self) -> None:
        os.makedirs(self._blobs, exist_ok=True)
        os.makedirs(self._manifests, exist_ok=True)

    def blob_path(self, digest: str) -> str:
        """Raises InvalidDigest."""
        if not _DIGEST.match(digest):
            raise InvalidDigest()
        return os.path.join(self._blobs, digest.replace(":", "-"))

    def has_blob(self, digest: str) -> bool:
        return os.path.exists(self.blob_path(digest))

    def read_blob(self, digest: str) -> bytes:
        with open(self.blob_path(digest), "rb") as file:
            return file.read()

    async def receive_blob(self, digest: str, chunks: AsyncIterable[bytes]) -> None:
        """Store an upload under its digest. Raises InvalidDigest or DigestMismatch."""
        path = self.blob_path(digest)
        self.prepare()
        hasher = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=self._blobs, prefix="sha256-", delete=False) as file:
            async for chunk in chunks:
                hasher.update(chunk)
                file.write(chunk)
        actual = f"sha256:{hasher.hexdigest()}"
        if actual != digest.replace("sha256-", "sha256:").lower():
            os.unlink(file.name)
            raise DigestMismatch(f'digest mismatch, expected "{digest}", got "{actual}"')
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)

    def add_layer(self, media_type: str, content: bytes) -> Layer:
        """Write a blob unless it is there, and say which (manifest.NewLayer)."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        verb = "using existing" if self.has_blob(digest) else "creating new"
        if verb == "creating new":
            self.prepare()
            _write(self.blob_path(digest), content)
        return Layer(media_type, digest, len(content), status=f"{verb} layer {digest}")

    def existing_layer(self, media_type: str, digest: str, parent: str = "") -> Layer:
        """A layer of a blob that is there. Raises FileNotFoundError or InvalidDigest."""
        size = os.stat(self.blob_path(digest)).st_size
        return Layer(media_type, digest, size, parent, f"using existing layer {digest}")

    def names(self) -> list[Name]:
        return [manifest.name for manifest in self.manifests()]

    def manifests(self) -> list[Manifest]:
        """All models, newest first."""
        found = []
        for directory, dummy, files in os.walk(self._manifests):
            parts = os.path.relpath(directory, self._manifests).split(os.sep)
            for file in files:
                name = names.from_parts([*parts, file])
                manifest = self.find(name) if name else None
                if manifest:
                    found.append(manifest)
        return sorted(found, key=lambda each: -each.modified_ns)

    def find(self, name: Name) -> Manifest | None:
        """The manifest of exactly this name, or None."""
        path = self._manifest_path(name)
        try:
            with open(path, "rb") as file:
                content = file.read()
                modified = os.fstat(file.fileno()).st_mtime_ns
            data = json.loads(content)
            layers = tuple(_layer(each) for each in data["layers"] or [])
            digest = hashlib.sha256(content).hexdigest()
            return Manifest(name, digest, modified, _layer(data["config"]), layers)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_manifest(self, name: Name, config: Layer, layers: Iterable[Layer]) -> None:
        data = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": config.as_json(),
            "layers": [layer.as_json() for layer in layers],
        }
        self.save_manifest(name, json.dumps(data, separators=(",", ":")).encode() + b"\n")

    def save_manifest(self, name: Name, content: bytes) -> None:
        """As it is: its digest is the model's."""
        path = self._manifest_path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _write(path, content)

    def read_manifest(self, name: Name) -> bytes:
        """Raises FileNotFoundError."""
        with open(self._manifest_path(name), "rb") as file:
            return file.read()

    def copy(self, source: Name, destination: Name) -> bool:
        """Give a model another name; False if there is no such model."""
        try:
            content = self.read_manifest(source)
        except OSError:
            return False
        if source != destination:
            self.save_manifest(destination, content)
        return True

    def remove(self, manifest: Manifest) -> None:
        """Remove a model's name, and the blobs that no other model uses."""
        path = self._manifest_path(manifest.name)
        os.unlink(path)
        self._prune_directories(os.path.dirname(path))
        self.remove_unused(manifest)

    def remove_unused(self, manifest: Manifest) -> None:
        """Remove the blobs of a manifest that no model uses any more."""
        used = {layer.digest for each in self.manifests() for layer in (*each.layers, each.config)}
        for layer in (*manifest.layers, manifest.config):
            if layer.digest and layer.digest not in used and self.has_blob(layer.digest):
                os.unlink(self.blob_path(layer.digest))

    def prune(self) -> int:
        """Remove all blobs, and parts of blobs, that no model uses and that are older than an hour, as the server does
        at its start (images.go:PruneLayers)."""
        used = {layer.digest for each in self.manifests() for layer in (*each.layers, each.config)}
        kept = {os.path.basename(self.blob_path(digest)) for digest in used if digest}
        stale = [blob for blob in os.listdir(self._blobs) if blob not in kept and self._is_old(blob)]
        for blob in stale:
            os.unlink(os.path.join(self._blobs, blob))
        return len(stale)

    def _is_old(self, blob: str) -> bool:
        return time.time() - os.stat(os.path.join(self._blobs, blob)).st_mtime >= _PRUNE_GRACE_SECONDS

    def _manifest_path(self, name: Name) -> str:
        return os.path.join(self._manifests, name.host, name.namespace, name.model, name.tag)

    def _prune_directories(self, directory: str) -> None:
        while directory != self._manifests and not os.listdir(directory):
            os.rmdir(directory)
            directory = os.path.dirname(directory)


def parse_layers(data: Any) -> list[Layer]:
    """The layers of a manifest, its configuration last. Raises ValueError."""
    try:
        layers = [_layer(each) for each in data.get("layers") or []]
        config = data.get("config") or {}
        return [*layers, _layer(config)] if config.get("digest") else layers
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"manifest without {error}") from error


def _layer(data: Any) -> Layer:
    return Layer(data["mediaType"], data["digest"], int(data["size"]), data.get("from", ""))


def _write(path: str, content: bytes) -> None:
    """Replace a file in one step, so that a reader never sees half of it."""
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), delete=False) as file:
        file.write(content)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
