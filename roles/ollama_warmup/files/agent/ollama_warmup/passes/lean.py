# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pass every few minutes should cost next to nothing, and most of what it costs is importing what it asks the server with."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType
from typing import Optional, cast

# What http.client does without where it is not installed. Plain http needs no TLS, and importing it and its like is a fifth of a pass.
_TLS = "ssl"


def import_http_client(url: str, first: Sequence[str] = ()) -> None:
    """Import what the engine asks `url` with, and nothing else.

    `first` are libraries that cannot do without what is withheld from it. A host without one of them is its user's to tell of.
    """
    modules = cast(dict[str, Optional[ModuleType]], sys.modules)
    gc.disable()  # nothing of what is imported is garbage: looking for some is a twentieth
    try:
        for library in first:
            with suppress(ImportError):
                importlib.import_module(library)
        if url.startswith("http://"):
            modules.setdefault(_TLS, None)
        importlib.import_module("http.client")
    finally:
        gc.enable()
