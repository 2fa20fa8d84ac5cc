# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state for commands that only read: the file is left as it is, whatever is in it."""

from __future__ import annotations

from keepwarm._base.readers import InvalidValue

from ..instance import Instance
from .state import State
from .state_file import StateFile, read_state


def remembered(instance: Instance) -> tuple[State, str]:
    """The state, and why it could not be read: an empty one then. What cannot be read is the pass's to replace."""
    try:
        return read_state(StateFile(instance.state_folder).path), ""
    except InvalidValue as error:
        return State(), str(error)
