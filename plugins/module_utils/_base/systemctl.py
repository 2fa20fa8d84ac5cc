# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of units. Needs no privilege. Nobody else asks `systemctl show`, nor reads its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .background import Background
from .text import one_line

SECONDS = 10.0
Run = Callable[[Sequence[str]], "tuple[int, str, str]"]
"""Runs a command: exit status, standard output, standard error."""
RunWith = Callable[..., "tuple[int, str, str]"]
"""The same with the options of a module's run_command."""


class SystemctlError(Exception):
    """systemd does not tell; the message is one sentence."""


def command(properties: Sequence[str], units: Sequence[str] = ()) -> list[str]:
    """The question for these properties, of these units or of the manager."""
    return ["systemctl", "show", "--property", ",".join(properties), *(["--", *units] if units else [])]


def parse(output: str) -> dict[str, str]:
    """An answer's properties by name."""
    pairs = (line.partition("=") for line in output.split("\n"))
    return {key: value for key, equals, value in pairs if equals}


def ask(run: Run, properties: Sequence[str], unit: str | None = None) -> dict[str, str]:
    """The properties of the unit, or of the manager. Raises `SystemctlError`."""
    return parse(_answer(run, command(properties, () if unit is None else (unit,)), "the unit"))


def ask_all(run: Run, properties: Sequence[str], units: Sequence[str]) -> list[dict[str, str]]:
    """The properties of each unit that systemd knows by these names or patterns. Raises `SystemctlError`."""
    return [parse(block) for block in _answer(run, command(properties, units), "the units").split("\n\n") if block.strip()]


def show(run: Run, unit: str, properties: Sequence[str], seconds: float = SECONDS) -> dict[str, str]:
    """The unit's properties by name; empty where systemd does not tell within so many seconds."""
    call = Background(lambda: run(command(properties, (unit,))))
    return parse(call.result()[1]) if call.wait(seconds) else {}


def _answer(run: Run, question: Sequence[str], subject: str) -> str:
    status, output, error = run(question)
    if status != 0:
        raise SystemctlError(f"systemctl show failed, so that nothing is known of {subject}: {one_line(error)}")
    return output
