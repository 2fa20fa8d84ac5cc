# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the server's JSON to values; whatever is not of the expected shape is refused, never guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..._base.limits import CAPABILITIES, INSTALLED_MODELS, RESIDENT_MODELS, WORD
from ..._base.readers import InvalidValue, optional, read_value
from ..._base.text import one_line, short_repr
from ..values.keep_alive import Expiry
from ..values.model_name import ModelName
from ..values.observation import CacheShape, InstalledModel, ModelCard, ResidentModel

_LARGEST = 2**63 - 1  # the server counts in Go's int64
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BLOB_LINE = re.compile(r"^FROM .*sha256[-:]([0-9a-f]{64})\s*$", re.ASCII | re.MULTILINE)


def read_json(body: bytes) -> Mapping[str, Any]:
    """The object that an answer is, which is not an error. Raises `ValueError` or `RecursionError`."""
    data = read_value(body)
    if not isinstance(data, dict):
        raise InvalidValue("the answer is no JSON object")
    if "error" in data:  # within a 200, as streams have it
        raise InvalidValue(f"it says {json.dumps(data['error'])}")
    return data


def check_acknowledged(data: Mapping[str, Any], name: ModelName, operation: str) -> None:
    """Raise unless this is the answer to a `operation`, which is load or unload, of that model. The server repeats the name as it was
    asked, and gives the operation as `done_reason`; `/api/embed` gives no embeddings instead (docs/ollama-semantics.md#loading-without-generating)."""
    done = data.get("done_reason") == operation or (operation == "load" and data.get("embeddings") == [])
    if data.get("model") != str(name) or not done:
        raise InvalidValue(f"the {operation} of {name} was answered with {short_repr(data)}")


def read_resident(data: Mapping[str, Any]) -> tuple[ResidentModel, ...]:
    """The entries of `/api/ps`."""
    return tuple(_resident(entry) for entry in _models(data, RESIDENT_MODELS))


def read_tags(data: Mapping[str, Any]) -> tuple[InstalledModel, ...]:
    """The entries of `/api/tags`."""
    return tuple(_installed(entry) for entry in _models(data, INSTALLED_MODELS))


def read_card(data: Mapping[str, Any]) -> ModelCard:
    """What `/api/show` tells: the weights blob (from the modelfile's first FROM), capabilities, training context."""
    info = data.get("model_info") or {}
    blob = _BLOB_LINE.search(optional(data, "modelfile", str, ""))
    if not isinstance(info, dict):
        raise InvalidValue("model_info is no object")
    architecture = _word(info.get("general.architecture"))
    capabilities = optional(data, "capabilities", list, [])[:CAPABILITIES]
    return ModelCard(
        blob=blob.group(1) if blob else None,
        capabilities=frozenset(filter(None, map(_word, capabilities))),
        training_context=_positive(info.get(f"{architecture}.context_length")),
        architecture=architecture,
        cache=_cache_shape(info, f"{architecture}."),
        num_ctx=_parameter(data, "num_ctx"),
        num_gpu=_parameter(data, "num_gpu"),
    )


def _cache_shape(info: Mapping[str, Any], prefix: str) -> CacheShape | None:
    """None where it cannot be told: heads that differ by layer are a list, which the server leaves out of its answer (null).

    What is absent has the server's own default (fs/ggml/ggml.go: HeadCountMax, HeadCountKVMin, EmbeddingHeadCountK).
    """
    layers, length = (_positive(info.get(prefix + key)) for key in ("block_count", "embedding_length"))
    heads, kv_heads = (_positive(info.get(f"{prefix}attention.{key}", 1)) for key in ("head_count", "head_count_kv"))
    if layers is None or length is None or heads is None or kv_heads is None:
        return None
    head = length // heads
    key, value = (_positive(info.get(f"{prefix}attention.{each}", head)) for each in ("key_length", "value_length"))
    kept = kv_heads if f"{prefix}attention.head_count_kv" in info else heads
    return CacheShape(true=layers * kept * ((key or head) + (value or head)), reckoned=2 * layers * kv_heads * head)


def _parameter(data: Mapping[str, Any], name: str) -> int | None:
    """A whole number of the Modelfile, from the table that `parameters` is."""
    found = re.search(rf"^{name} +(-?[0-9]{{1,18}})$", optional(data, "parameters", str, ""), re.ASCII | re.MULTILINE)
    return int(found.group(1)) if found else None


def _models(data: Mapping[str, Any], most: int) -> list[Mapping[str, Any]]:
    entries = data.get("models")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidValue("'models' is no list of objects")
    if len(entries) > most:
        raise InvalidValue(f"it lists {len(entries)} models, of which {most} are the most that is believed")
    return entries


def _installed(entry: Mapping[str, Any]) -> InstalledModel:
    return InstalledModel(
        name=_name(entry),
        digest=_digest(entry),
        size=_count(entry, "size", "bytes"),
        remote=bool(entry.get("remote_host") or entry.get("remote_model")),
    )


def _resident(entry: Mapping[str, Any]) -> ResidentModel:
    try:
        expiry = Expiry.parse(entry.get("expires_at"))
    except InvalidValue as error:
        raise InvalidValue(f"expires_at: {error}") from error
    return ResidentModel(
        name=_name(entry),
        digest=_digest(entry),
        expiry=expiry,
        context_length=_count(entry, "context_length", "tokens") or None,  # not told before 0.10
        size=_count(entry, "size", "bytes"),
        size_vram=_count(entry, "size_vram", "bytes"),
    )


def _name(entry: Mapping[str, Any]) -> ModelName:
    try:
        return ModelName.parse(entry.get("name"))
    except InvalidValue as error:
        raise InvalidValue(str(error)) from error


def _digest(entry: Mapping[str, Any]) -> str:
    digest = entry.get("digest")
    if not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        raise InvalidValue(f"digest {short_repr(digest)} is not 64 hexadecimal digits")
    return digest


def _count(entry: Mapping[str, Any], key: str, unit: str) -> int:
    count: Any = entry.get(key, 0)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _LARGEST:
        raise InvalidValue(f"{key} {short_repr(count)} is not a number of {unit}")
    return int(count)


def _word(raw: Any) -> str | None:
    return one_line(raw, WORD) if isinstance(raw, str) else None


def _positive(raw: Any) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 < raw <= _LARGEST else None
