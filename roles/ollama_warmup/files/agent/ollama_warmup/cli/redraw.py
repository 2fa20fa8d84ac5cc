# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`status --watch`: the same again and again, in place, until somebody ends it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from keepwarm._base.readers import InvalidValue

from .. import exits
from ..instance import Instance, InstanceError
from ..problems import sentences
from .looking import Seen, look_at, worst_first
from .status import describe
from .terminal import Terminal

_HOME = "\x1b[H"
_CLEAR = "\x1b[2J"
_REST_OF_LINE = "\x1b[K"
_REST_OF_PAGE = "\x1b[J"

Drawing = Callable[[Terminal], "tuple[int, Sequence[str]]"]


def drawing(instances: Callable[[], Sequence[Instance]]) -> Drawing:
    """Looks at whichever servers there are each time; what is wrong with one of them is part of the picture."""

    def draw(terminal: Terminal) -> tuple[int, Sequence[str]]:
        try:
            chosen = instances()
        except InstanceError as error:
            return exits.BAD_CONFIGURATION, terminal.text(str(error))
        seen = look_at(chosen)
        parts = [_part(instance, seen, terminal) for instance in worst_first(chosen, seen)]
        return exits.most_severe([code for code, _lines in parts]), [line for _code, lines in parts for line in (*lines, "")][:-1]

    return draw


def _part(instance: Instance, seen: Seen, terminal: Terminal) -> tuple[int, Sequence[str]]:
    try:
        found = seen(instance)
    except (InvalidValue, OSError) as error:
        return exits.BAD_CONFIGURATION, [line for sentence in sentences(error) for line in terminal.text(sentence)]
    return int(found["exit"]), describe(found, time.time(), terminal).splitlines()


def redraw(draw: Drawing, terminal: Callable[[], Terminal], seconds: float) -> int:
    """Draw until Ctrl-C; gives the exit status of the last look. The terminal keeps the last picture."""
    code = 0
    sys.stdout.write(_CLEAR)
    try:
        while True:
            screen = terminal()
            code, lines = draw(screen)
            _write(_clipped(lines, screen.lines or sys.maxsize, seconds))
            time.sleep(seconds)
    except KeyboardInterrupt:
        sys.stdout.write("\n")
        sys.stdout.flush()
        return code


def _clipped(lines: Sequence[str], height: int, seconds: float) -> list[str]:
    """What the window has room for; the worst is on top."""
    room = max(height - 2, 1)
    clock = time.strftime("%H:%M:%S UTC", time.gmtime())
    hidden = f", {len(lines) - room} more lines" if len(lines) > room else ""
    return [*lines[:room], f"{clock}, every {seconds:g} s{hidden}; Ctrl-C ends it"]


def _write(lines: Sequence[str]) -> None:
    """Over the last picture, without clearing it first, which would flicker."""
    sys.stdout.write(_HOME + "".join(f"{line}{_REST_OF_LINE}\n" for line in lines[:-1]) + lines[-1] + _REST_OF_LINE + _REST_OF_PAGE)
    sys.stdout.flush()
