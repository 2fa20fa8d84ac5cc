# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state on disk: never half-written, and never a reason not to look after the models."""

from __future__ import annotations

import json
import os
from dataclasses import replace

from keepwarm._base.files import read_bytes, replace_file
from keepwarm._base.layout import STATE_FILE
from keepwarm._base.readers import InvalidValue, read_value

from ..journal import WARNING, log
from .counts import Counts
from .state import State, parse_state, state_data

_MODE = 0o644  # any local user may ask what is in memory
LARGEST = 16 * 1024 * 1024
"""Bytes; some hundred models take a few hundred kB."""


def read_state(path: str) -> State:
    """The state; an empty one where there is no file yet. Raises `InvalidValue` with one sentence."""
    try:
        return parse_state(read_value(read_bytes(path, LARGEST)))
    except FileNotFoundError:
        return State()
    except OSError as error:
        raise InvalidValue(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"{path} holds no state of the agent: {error}") from error


class StateFile:
    """The service user's own copy, in `folder`."""

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, STATE_FILE)

    def load(self) -> State:
        """What is remembered. What cannot be read is moved aside, for somebody to look at, and forgotten."""
        try:
            return read_state(self.path)
        except InvalidValue as error:
            log(WARNING, "state_unreadable", reason=error, moved_to=self._move_aside())
            return State()

    def save(self, state: State) -> None:
        """Replace the file as a whole. A full disk is said and lived with: the models matter more than the memory of them.

        Nothing is written that could not be read back: of a state that is too large, what is owed and what was promised is kept.
        """
        try:
            replace_file(self.path, _content(state), mode=_MODE)
        except (OSError, ValueError) as error:
            log(WARNING, "state_not_saved", path=self.path, reason=getattr(error, "strerror", None) or error)

    def _move_aside(self) -> str | None:
        aside = self.path + ".unreadable"
        try:
            os.rename(self.path, aside)
        except OSError:
            return None
        return aside


def _content(state: State) -> bytes:
    """Raises `ValueError` for a state that cannot be kept at all."""
    try:
        return _encoded(state)
    except ValueError as error:
        log(WARNING, "state_truncated", reason=error)
        return _encoded(replace(state, cards={}, seen={}, incidents=(), counts=Counts(), loads=(), conflicts=(), last_pass=None))


def _encoded(state: State) -> bytes:
    content = json.dumps(state_data(state), indent=1, allow_nan=False).encode()
    if len(content) > LARGEST:
        raise ValueError(f"it takes {len(content)} bytes, of which {LARGEST} at most are ever read back")
    return content
