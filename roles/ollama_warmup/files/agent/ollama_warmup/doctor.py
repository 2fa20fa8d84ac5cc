# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that tells why a host is not warm. What it does is the collection's module C(ollama_doctor), too."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

_LIBRARY = "ollama_warmup_library"


def doctor(instance: str | None, as_json: bool) -> int:
    """Look at one instance, or at all; returns the exit status."""
    return int(_library("_doctor.command").doctor(instance, as_json))


def _library(name: str) -> ModuleType:
    """A module of the collection's. They import their neighbours as parts of one package, which is the folder of this version."""
    package = ModuleType(_LIBRARY)
    package.__path__ = [os.path.dirname(os.path.dirname(os.path.realpath(__file__)))]
    sys.modules[_LIBRARY] = package
    return importlib.import_module(f"{_LIBRARY}.{name}")
