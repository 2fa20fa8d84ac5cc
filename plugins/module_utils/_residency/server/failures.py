# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a server did not do as asked. Each message is one sentence, in which foreign text has been made harmless."""

from __future__ import annotations


class ServerFailure(Exception):
    """The server did not do as asked; the message is one sentence."""


class ServerUnreachable(ServerFailure):
    """Nothing answers at the address."""


class ServerSilent(ServerFailure):
    """Something listens there, but did not answer before the deadline."""


class ServerRefused(ServerFailure):
    """The server answered with an error. `status` is the HTTP status, `said` the body's sentence."""

    def __init__(self, message: str, status: int, said: str) -> None:
        super().__init__(message)
        self.status = status
        self.said = said


class ModelNotFound(ServerRefused):
    """404: no such model on this server."""


class ServerBusy(ServerRefused):
    """503: more requests wait than OLLAMA_MAX_QUEUE allows."""


class ServerGarbled(ServerFailure):
    """The answer was not what an Ollama server says."""


class ServerBrokeOff(ServerGarbled):
    """The connection ended in mid-answer."""


class ServerTooOld(ServerFailure):
    """An Ollama older than 0.10, whose /api/ps does not tell the context."""
