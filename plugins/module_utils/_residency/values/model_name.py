# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The normal form of a model reference, as the server makes it (types/model/name.go: ParseName)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..._base.readers import InvalidValue
from ..._base.text import short_repr

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"
_PATTERNS = {
    "host": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}", re.ASCII),
    "namespace": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}", re.ASCII),
    "model": re.compile(_PART, re.ASCII),
    "tag": re.compile(_PART, re.ASCII),
}


class ModelNameError(InvalidValue):
    """A reference that the server would refuse; the message is one sentence."""


@dataclass(frozen=True)
class ModelName:
    """A model reference with all four parts present; compares without regard to case, as the server does."""

    host: str
    namespace: str
    model: str
    tag: str

    @classmethod
    def parse(cls, raw: Any) -> ModelName:
        """Read `[host/][namespace/]model[:tag]`.

        Raises `ModelNameError` with one sentence naming the value, what is wrong and what would be right.
        """
        if not isinstance(raw, str) or not raw.strip():
            raise ModelNameError(f"model name {short_repr(raw)} is not a name: write it as [host/][namespace/]model[:tag]")
        if not raw.isprintable():  # which the server would trim off, and which would break lines of logs and units
            raise ModelNameError(f"model name {short_repr(raw)} holds a line break or another control character: write it on one line")
        text = raw.strip()
        if "@" in text:
            raise ModelNameError(f"model name {short_repr(raw)} holds a digest, which the server does not take: write model:tag")
        path, tag = _split_tag(text)
        name = cls(*_split_path(path, raw), DEFAULT_TAG if tag is None else tag)
        name._check(raw)
        return name

    def _check(self, raw: str) -> None:
        for part, pattern in _PATTERNS.items():
            value = getattr(self, part)
            if pattern.fullmatch(value) is None:
                raise ModelNameError(
                    f"model name {short_repr(raw)} has the {part} {short_repr(value)}, which the server refuses:"
                    " use letters, digits, '_', '-' and '.', beginning with a letter, a digit or '_'"
                )

    @property
    def is_cloud(self) -> bool:
        """Whether the tag sends requests to the vendor's cloud (x:cloud, x:tag-cloud); never in /api/ps."""
        tag = self.tag.lower()
        return tag == "cloud" or tag.endswith("-cloud")

    def __str__(self) -> str:
        """As /api/ps and /api/tags print it (DisplayShortest): always a tag, no default host or namespace."""
        name = f"{self.model}:{self.tag}"
        if self.host.lower() != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{name}"
        return name if self.namespace.lower() == DEFAULT_NAMESPACE else f"{self.namespace}/{name}"

    def _key(self) -> str:
        return str(self).lower()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelName) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


def _split_tag(text: str) -> tuple[str, str | None]:
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:  # the colon of a host's port
        return text, None
    return path, tag


def _split_path(path: str, raw: str) -> tuple[str, str, str]:
    parts = path.split("/")
    if len(parts) > 3:
        raise ModelNameError(f"model name {short_repr(raw)} has {len(parts)} parts: write it as [host/][namespace/]model[:tag]")
    host, namespace, model = [DEFAULT_HOST, DEFAULT_NAMESPACE][: 3 - len(parts)] + parts
    return host, namespace, model
