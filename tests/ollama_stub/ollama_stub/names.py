# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model names as the server reads them (types/model/name.go, internal/modelref)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"
_MISSING = "!MISSING!"
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}\Z")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}\Z")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}\Z")


class ModelRequired(ValueError):
    """An empty model reference."""


class InvalidName(ValueError):
    """A reference that is no valid model name."""


class ConflictingSource(ValueError):
    """Both `:local` and `:cloud`."""


@dataclass(frozen=True)
class Name:
    """host/namespace/model:tag, all four parts filled in."""

    host: str
    namespace: str
    model: str
    tag: str

    @property
    def valid(self) -> bool:
        return bool(
            _HOST.match(self.host)
            and _NAMESPACE.match(self.namespace)
            and _PART.match(self.model)
            and _PART.match(self.tag)
        )

    @property
    def full(self) -> str:
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def shortest(self) -> str:
        """As shown to people: without what is the default, but always with the tag."""
        prefix = ""
        if self.host.lower() != DEFAULT_HOST:
            prefix = f"{self.host}/{self.namespace}/"
        elif self.namespace.lower() != DEFAULT_NAMESPACE:
            prefix = f"{self.namespace}/"
        return f"{prefix}{self.model}:{self.tag}"


@dataclass(frozen=True)
class Reference:
    """A model reference of a request: the name, and whether it points at the cloud."""

    base: str
    name: Name
    source: str  # "", "local" or "cloud"


def parse(text: str) -> Name:
    """Fill in the default host, namespace and tag. The result need not be valid."""
    tag = ""
    if text.rfind(":") > text.rfind("/"):
        text, tag = _cut(text, ":")
    host = namespace = ""
    model = text
    if "/" in text:
        text, model = _cut(text, "/")
        namespace = text
        if "/" in text:
            text, namespace = _cut(text, "/")
            host = text.split("://", 1)[-1]
    return Name(host or DEFAULT_HOST, namespace or DEFAULT_NAMESPACE, model, tag or DEFAULT_TAG)


def _cut(text: str, separator: str) -> tuple[str, str]:
    before, dummy, after = text.rpartition(separator)
    return before or _MISSING, after or _MISSING


def reference(raw: str) -> Reference:
    """Read a request's model reference (parseAndValidateModelRef).

    Raises ModelRequired, InvalidName or ConflictingSource.
    """
    base, source = _source(raw.strip())
    name = parse(base)
    if not name.valid:
        raise InvalidName("invalid model name")
    return Reference(base, name, source)


def pull_reference(raw: str) -> Reference:
    """Like reference, but a cloud name keeps its suffix (parseNormalizePullModelRef)."""
    base, source = _source(raw.strip())
    if source == "cloud":
        base += "-cloud" if base.rfind(":") > base.rfind("/") else ":cloud"
    name = parse(base)
    if not name.valid:
        raise InvalidName("invalid model name")
    return Reference(base, name, source)


def _source(raw: str) -> tuple[str, str]:
    if not raw:
        raise ModelRequired("model is required")
    base, source = _suffix(raw)
    if source and _suffix(base)[1]:
        raise ConflictingSource(f'use either :local or :cloud, not both: "{raw}"')
    return base, source


def _suffix(raw: str) -> tuple[str, str]:
    head, colon, suffix = raw.rpartition(":")
    suffix = suffix.strip()
    if not colon:
        return raw, ""
    if suffix.lower() in ("cloud", "local"):
        return head, suffix.lower()
    if "/" not in suffix and suffix.lower().endswith("-cloud"):
        return f"{head}:{suffix[: -len('-cloud')]}", "cloud"
    return raw, ""


def existing(name: Name, stored: Iterable[Name]) -> Name:
    """Give each part the case that a stored model has (routes.go:getExistingName)."""
    for other in stored:
        for part in ("host", "namespace", "model", "tag"):
            value: str = getattr(other, part)
            if value.lower() == getattr(name, part).lower():
                name = replace(name, **{part: value})
    return name


def from_parts(parts: Iterable[str]) -> Name | None:
    """The name of a manifest's path below the store's manifests/, or None."""
    pieces = list(parts)
    if len(pieces) != 4:
        return None
    name = Name(*pieces)
    return name if name.valid else None
