# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host was like before an upgrade of Ollama, and what it lost by it: values, no input and no output.

Models are entries of M(keepwarm.ollama.ollama_warm)'s result in check mode, whose `before` is how `/api/ps` lists one now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Model = Mapping[str, Any]
Models = Mapping[str, Sequence[Model]]
"""The declared models by the unit of their server."""


class RecordError(Exception):
    """A record that cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class KeptFile:
    """A file as it was: base64 `content`, null where there was none; `mode` as chmod takes it. Root's own."""

    path: str
    content: str | None = None
    mode: int = 0o644


@dataclass(frozen=True)
class Record:
    """What an upgrade goes back to. `failed` is why it does, once that is settled; null while it goes forward."""

    previous: str
    version: str
    began: str
    units: Sequence[str] = ()
    files: Sequence[KeptFile] = ()
    models: Models = field(default_factory=dict)
    failed: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The record as it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Record:
        """Raises `RecordError` for what is no record."""
        try:
            return cls(**{**data, "files": tuple(KeptFile(**file) for file in data["files"])})
        except (TypeError, KeyError) as error:
            raise RecordError(f"is no record of an upgrade ({error})") from error

    def summary(self) -> dict[str, Any]:
        """What a play has to know of it: `resident` and `cold` are the names of models by unit, `files` paths."""
        return {
            **self.as_json(),
            "files": [file.path for file in self.files],
            "resident": {unit: [model["name"] for model in models if _listed(model)] for unit, models in self.models.items()},
            "cold": {unit: [model["name"] for model in models if _is_cold(model)] for unit, models in self.models.items()},
        }


def losses(before: Models, after: Models, tolerance: int) -> list[str]:
    """A sentence for each model that has left memory, or lost more percent points of its share in VRAM than tolerated.

    What is no longer declared is nobody's loss, and neither is what was cold before.
    """
    found = [_loss(model, _find(model, after.get(unit, ())), tolerance) for unit, models in before.items() for model in models if _listed(model)]
    return [sentence for sentence in found if sentence]


def _loss(before: Model, after: Model | None, tolerance: int) -> str | None:
    if after is None:
        return None
    if not _listed(after):
        return f"{before['name']} is not in memory, and was before" if after["required"] else None
    had, has = gpu_percent(before["before"]), gpu_percent(after["before"])
    return f"only {has} % of {before['name']} is in VRAM; it was {had} % before" if has < had - tolerance else None


def gpu_percent(listed: Model) -> int:
    """The share in VRAM, 0-100; 100 is all of it, as the engine counts it."""
    size, vram = listed["size"], listed["size_vram"]
    return (100 if vram else 0) if vram >= size else 100 * vram // size


def _find(model: Model, models: Sequence[Model]) -> Model | None:
    return next((other for other in models if other["model"] == model["model"]), None)


def _listed(model: Model) -> bool:
    """In memory, unless its runner is known to be dead."""
    return bool(model["before"]) and model["before"].get("alive") is not False


def _is_cold(model: Model) -> bool:
    return bool(model["required"]) and not _listed(model)
