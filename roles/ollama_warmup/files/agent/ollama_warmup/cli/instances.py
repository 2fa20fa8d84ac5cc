# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several servers on one host: which of them a command is about that names none."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .. import exits
from ..instance import DEFAULT, Instance, InstanceError
from ..problems import ConfigurationError

_FOR_ALL = ("run", "check", "status", "hold", "release", "drain", "undrain", "ready")
_FOR_NONE = ("validate", "doctor")
"""These look for themselves."""


def select_instances(name: str | None, command: str, root: str) -> tuple[Instance, ...]:
    """Those that the command is about, at least one. Raises `InstanceError` where it can be about one only, and nobody says which."""
    there = configured(root) if name is None and command not in _FOR_NONE else ()
    if name is not None or not there:
        return (Instance(DEFAULT if name is None else name, root),)
    if len(there) == 1 or command in _FOR_ALL:
        return there
    if any(instance.name == DEFAULT for instance in there):
        return (Instance(DEFAULT, root),)
    names = ", ".join(instance.name for instance in there)
    raise InstanceError(f"there are several servers on this host: name one with --instance ({names})")


def configured(root: str) -> tuple[Instance, ...]:
    """Every instance that the role has configured, by name."""
    try:
        files = os.listdir(os.path.dirname(Instance(DEFAULT, root).configuration))
    except OSError:  # not there, or not for this user to see; what needs the configuration says so
        return ()
    return tuple(Instance(file[: -len(".json")], root) for file in sorted(files) if file.endswith(".json") and _is_name(file[: -len(".json")]))


def for_each(instances: Sequence[Instance], carry_out: Callable[[Instance], int]) -> int:
    """Carry a command out for each, a line between two; the most severe of their exit statuses."""
    codes = []
    for place, instance in enumerate(instances):
        if place:
            print()
        codes.append(carry_out(instance))
    return exits.most_severe(codes)


def print_status_data(instances: Sequence[Instance], look: Callable[[Instance], dict[str, Any]]) -> int:
    """Print one object with what `status --json` tells of each. One that is not configured rightly is left out, and said."""
    seen = []
    code = exits.WARM
    for instance in instances:
        try:
            seen.append(look(instance))
        except ConfigurationError as error:
            code = exits.BAD_CONFIGURATION
            print(*(f"ollama-warmup: {problem}" for problem in error.problems), sep="\n", file=sys.stderr)
    code = exits.most_severe([code, *(int(picture["exit"]) for picture in seen)])
    print(json.dumps({"exit": code, "instances": seen}, indent=2))
    return code


def _is_name(text: str) -> bool:
    try:
        Instance(text)
    except InstanceError:
        return False
    return True
