# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command cannot go on with. On its own, so that catching it costs no import."""

from __future__ import annotations

from keepwarm._base.readers import InvalidValue


class ConfigurationError(InvalidValue):
    """A configuration that cannot be used. `problems` holds one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


def sentences(error: InvalidValue | OSError) -> tuple[str, ...]:
    """Whatever an operator is to know of it. An `OSError` is about the instance's own files; a server that does not answer is none."""
    if isinstance(error, ConfigurationError):
        return error.problems
    if isinstance(error, OSError):
        return (f"{error.filename} cannot be used: {error.strerror} (run it as root, who hands it to the service user)",)
    return (str(error),)
