# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking models up by name."""

from __future__ import annotations

from . import models, names
from .environment import Environment
from .models import Model
from .names import Name
from .store import Store


class Catalog:
    """The installed models."""

    def __init__(self, blobs: Store, environment: Environment) -> None:
        self.blobs = blobs
        self._environment = environment

    def all(self) -> list[Model]:
        """Newest first."""
        return [models.assemble(self.blobs, each) for each in self.blobs.manifests()]

    def canonical(self, name: Name) -> Name:
        """The name with the case of what is installed."""
        return names.existing(name, self.blobs.names())

    def find(self, name: Name) -> Model | None:
        """The model of exactly this name, or None."""
        manifest = self.blobs.find(name)
        return models.assemble(self.blobs, manifest) if manifest else None

    @property
    def cloud_disabled(self) -> bool:
        return self._environment.cloud[0]

    def cloud_status(self) -> dict[str, object]:
        disabled, source = self._environment.cloud
        return {"disabled": disabled, "source": source}
