# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a container was created with what its unit says by now: its own record of the command, beside the command that the unit has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .._base.readers import printed_list
from .._base.systemctl import Run
from .quoting import expand_specifiers, split_words
from .unit_file import UnitFile, settings_of

_ENVIRONMENT = ("--env", "-e")
"""Judged by the process itself, variable by variable."""


def creation_differences(run: Run, unit: str, made: str, specifiers: Mapping[str, str]) -> Iterator[str]:
    """A sentence where they differ. `made`: the text of the service that Podman makes. Nothing where there is no container."""
    command = _created_with(run, unit)
    wanted = [expand_specifiers(word, specifiers) for word in _started_with(made)]
    if not command or not wanted or None in wanted:
        return
    before, after = list(_without_environment(command)), list(_without_environment([word for word in wanted if word is not None]))
    gone, new = [word for word in before if word not in after], [word for word in after if word not in before]
    if gone or new:
        words = [*([f"with {' '.join(gone)}"] if gone else []), *([f"without {' '.join(new)}"] if new else [])]
        yield f"the container of {unit} was created {' and '.join(words)}, unlike its unit by now"
    elif before != after:
        yield f"the container of {unit} was created with the arguments of its unit's command in another order"


def _created_with(run: Run, unit: str) -> list[str]:
    number = _number(unit)
    status, output, _error = run(["podman", "container", "inspect", "--format", "{{json .Config.CreateCommand}}", number]) if number else (1, "", "")
    return [str(word) for word in printed_list(output)] if status == 0 else []


def _number(unit: str) -> str:
    """Of the service's container, by the file in which Podman keeps it; nothing where there is none."""
    try:
        with open(f"/run/{unit[: -len('.service')]}.cid", encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""


def _started_with(made: str) -> list[str]:
    commands = [entry.value for entry in settings_of(UnitFile("", made)) if (entry.section, entry.directive) == ("Service", "ExecStart")]
    return list(split_words(commands[-1])) if commands else []


def _without_environment(words: Sequence[str]) -> Iterator[str]:
    follows = False
    for word in words:
        if not follows and not word.startswith("--env="):
            follows = word in _ENVIRONMENT
            if not follows:
                yield word
        else:
            follows = False
