# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second opinion: what a sent answer says to a reader that takes nothing but the plainest JSON, and shares no code with the engine."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import zlib
from collections.abc import Mapping
from typing import Any


class _Socket:
    """What http.client wants of one."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent

    def makefile(self, _mode: str) -> io.BytesIO:
        """All that came."""
        return io.BytesIO(self._sent)


def told(sent: bytes) -> Mapping[str, Any]:
    """The object in a whole 200; empty for anything else."""
    try:
        response = http.client.HTTPResponse(_Socket(sent))  # type: ignore[arg-type]
        response.begin()
        body = response.read() if response.status == 200 else b""
        plain = gzip.decompress(body) if response.headers.get("Content-Encoding") == "gzip" else body
        found = json.loads(plain.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number)
    except (http.client.HTTPException, ValueError, RecursionError, OSError, EOFError, zlib.error):
        return {}
    return found if isinstance(found, dict) and "error" not in found else {}


def says_for_ever(sent: bytes, name: str, digest: str) -> bool:
    """Whether a sent list has the model, by its digest or under its name, until a year that no finite keep_alive reaches."""
    models = told(sent).get("models")
    entries = [entry for entry in models if isinstance(entry, dict)] if isinstance(models, list) else []
    own = [entry for entry in entries if entry.get("digest") == digest or str(entry.get("name")).strip().lower() in (name, name.partition(":")[0])]
    return any(_year(entry.get("expires_at")) > 2100 for entry in own)


def acknowledges(sent: bytes, name: str) -> bool:
    """Whether it says that the model was loaded."""
    found = told(sent)
    return found.get("model") == name and (found.get("done_reason") == "load" or isinstance(found.get("embeddings"), list))


def _year(text: Any) -> int:
    digits = text[:4] if isinstance(text, str) else ""
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key came twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(text)
