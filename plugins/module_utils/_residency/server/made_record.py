# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which model was made of which file. The server does not tell: since 0.30 it writes a GGUF file anew when it makes a model of it, so
that the weights it has are never the file's (docs/ollama-semantics.md#proved-on-running-servers)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..._base.files import read_bytes, replace_file
from ..._base.layout import MADE_MODELS
from ..values.model_name import ModelName
from ..values.modelfile import Modelfile

PATH = MADE_MODELS
_SCHEMA = 1
_MADE_BY = "keepwarm.ollama.ollama_model: what each model was made of. Without this file they are made once more."
_LARGEST = 4 * 1024 * 1024  # bytes; an entry takes 200


def fingerprint(file: str, recipe: Modelfile) -> str:
    """Of the file's sha256 and all that the recipe says besides; 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps([file, recipe.fields], sort_keys=True).encode()).hexdigest()


class MadeRecord:
    """The record of the server at `url`. A file that cannot be read, or is none of ours, is an empty one."""

    def __init__(self, url: str, path: str | None = None) -> None:
        self._url, self._path = url, path or PATH

    def knows(self, name: ModelName, made_of: str, digest: str) -> bool:
        """Whether the model of that digest is what was made of that, under that name."""
        return self._entries().get(str(name)) == {"made_of": made_of, "digest": digest}

    def note(self, name: ModelName, made_of: str, digest: str, installed: Iterable[ModelName]) -> None:
        """Remember it, and forget what is no longer `installed`. Raises `OSError`."""
        there = {str(each) for each in installed}
        kept = {each: entry for each, entry in self._entries().items() if each in there}
        servers = {**self._servers(), self._url: {**kept, str(name): {"made_of": made_of, "digest": digest}}}
        os.makedirs(os.path.dirname(self._path), mode=0o755, exist_ok=True)
        content = json.dumps({"schema": _SCHEMA, "made_by": _MADE_BY, "servers": servers}, indent=1, sort_keys=True)
        replace_file(self._path, content.encode(), mode=0o644)

    def _entries(self) -> Mapping[str, Any]:
        found = self._servers().get(self._url)
        return found if isinstance(found, dict) else {}

    def _servers(self) -> Mapping[str, Any]:
        try:
            data = json.loads(read_bytes(self._path, _LARGEST))
        except (OSError, ValueError, RecursionError):
            return {}
        servers = data.get("servers") if isinstance(data, dict) and data.get("schema") == _SCHEMA else None
        return servers if isinstance(servers, dict) else {}
