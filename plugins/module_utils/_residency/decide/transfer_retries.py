# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which failures of a transfer may pass by themselves, by what the server says of them, and when it is tried again. Pure.

The server's words are its own (server/images.go, download.go, auth.go) or those of Go's net and net/http, which it hands on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .wanted_models import PULL

_LONGEST_PAUSE = 30.0  # seconds
_PASSING = re.compile(
    r"(?i)\b(?:i/o timeout|handshake timeout|deadline exceeded|awaiting headers|connection reset|connection refused|connection timed out"
    r"|broken pipe|EOF|server closed|connection lost|goaway|stream error|network is unreachable|no route to host"
    r"|server misbehaving|temporary failure|part stalled|too many requests)"
    r"|\b(?:408|429|500|502|503|504): |unexpected status code (?:408|429|500|502|503|504)\b"
)
_TRIED_ENOUGH = re.compile(r"max retries exceeded: (?:unexpected )?EOF")
"""The server has begun a part six times, and each time it ended too early: the registry's file is cut."""
_FETCHED_ANEW = "must be downloaded again"
"""What was fetched was not what was named, and has been thrown away. Once that is an accident."""


@dataclass(frozen=True)
class FailedTransfer:
    """`status`: of the server's refusal in HTTP, None where it refused nothing; `said`: its words. `garbled`: what it answered is
    not what an Ollama server that is new enough says."""

    status: int | None = None
    said: str = ""
    garbled: bool = False


def may_pass(failure: FailedTransfer, action: str, attempts: int) -> bool:
    """Whether the same request may succeed a moment later; `attempts` have failed so far. What the server says of making a model
    from a file that it has, or of a wish that it does not take, it says again."""
    if failure.status is None:
        return not failure.garbled
    reads_so = failure.status == 500 and action == PULL and _reads_as_passing(failure.said, attempts)
    return failure.status in (429, 502, 503, 504) or reads_so


def pause(attempts: int) -> float:
    """Seconds before the next attempt."""
    return min(2.0 ** (attempts - 1), _LONGEST_PAUSE)


def _reads_as_passing(said: str, attempts: int) -> bool:
    if _FETCHED_ANEW in said:
        return attempts < 2
    return _PASSING.search(said) is not None and _TRIED_ENOUGH.search(said) is None
