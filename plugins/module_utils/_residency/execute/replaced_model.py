# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Getting old weights out of memory after their name has got new ones.

The server then keeps the old runner, for ever if that was its keep_alive, and no request under the name reaches it any more
(docs/ollama-semantics.md#new-weights-under-the-same-name). A second name, given before the pull, still does.
"""

from __future__ import annotations

from types import TracebackType

from ..server.client import ModelNotFound, ServerFailure
from ..server.store import ModelStore
from ..values.model_name import ModelName

_NAMESPACE = "keepwarm-replaced"


class ReplacedModelAlias:
    """Holds a second name for what is in memory under a name, while that gets new content. Without anything in memory it
    does nothing. Raises `ServerFailure` where the name cannot be given."""

    def __init__(self, store: ModelStore, name: ModelName, digest: str) -> None:
        self._store = store
        self._name = name
        self._digest = digest
        self._handle: ModelName | None = None

    def __enter__(self) -> ReplacedModelAlias:
        listed, _now = self._store.resident()
        if any(entry.digest == self._digest or entry.name == self._name for entry in listed):
            self._handle = ModelName.parse(f"{_NAMESPACE}/{self._name.model}:{self._digest[:12]}")
            self._store.copy(self._name, self._handle)
        return self

    def unload(self) -> None:
        """Unload the old weights, unless the new ones are the same and only words about them have changed, which a load
        takes up by itself. Raises `ServerFailure`."""
        if self._handle and self._store.card(self._handle).blob != self._store.card(self._name).blob:
            self._store.unload(self._handle)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._handle is None:
            return
        try:
            self._store.delete(self._handle)
        except ModelNotFound:
            return
        except ServerFailure:
            if error is None:
                raise
