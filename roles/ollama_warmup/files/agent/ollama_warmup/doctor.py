# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that tells why a host is not warm. What it does is the collection's module C(ollama_doctor), too."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from types import ModuleType

_LIBRARY = "ollama_warmup_library"
_NOT_FOUND = 127
_BLIND = 2


def doctor(instance: str | None, as_json: bool) -> int:
    """Look at one instance, or at all: 0 nothing is wrong, 1 there are problems, 2 nobody could look, or not everywhere."""
    look, tell = _library("_doctor.examine"), _library("_doctor.page")
    try:
        look.require_root_and_systemd(_run)
    except look.CannotLook as reason:
        print(f"ollama-warmup: {reason}", file=sys.stderr)
        return _BLIND
    names = [instance] if instance else look.instances(_run)
    told = tell.report(os.uname().nodename, [look.examine(_run, name) for name in names])
    print(json.dumps(told, indent=2) if as_json else tell.page(told))
    return int(told["exit"])


def _run(command: Sequence[str]) -> tuple[int, str, str]:
    """Exit status, standard output, standard error, whatever bytes they are; in English."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, env=environment)
    except OSError as error:
        return _NOT_FOUND, "", f"{command[0]}: {error.strerror}"
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "surrogateescape")


def _library(name: str) -> ModuleType:
    """A module of the collection's. They import their neighbours as parts of one package, which is the folder of this version."""
    if _LIBRARY not in sys.modules:
        package = ModuleType(_LIBRARY)
        package.__path__ = [os.path.dirname(os.path.dirname(os.path.realpath(__file__)))]
        sys.modules[_LIBRARY] = package
    return importlib.import_module(f"{_LIBRARY}.{name}")
