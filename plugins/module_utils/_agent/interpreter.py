# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that is to run the agent: whether it is there, what it cannot import, and what its Apprise makes of addresses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._base.folders import UnsafePath, require_own
from .._base.systemctl import RunWith

_IMPORT = "import sys, importlib\nfor name in sys.argv[1:]:\n    try:\n        importlib.import_module(name)\n    except ImportError:\n        print(name)\n"


class InterpreterError(Exception):
    """It does not tell; the message is one sentence."""


@dataclass(frozen=True)
class Apprise:
    """version: empty where it is not installed. refused: the places, from 0, of addresses that it does not understand."""

    version: str = ""
    refused: Sequence[int] = ()

    def problems(self) -> Iterator[str]:
        """One sentence, which never shows an address."""
        if self.refused:
            places = ", ".join(f"ollama_warmup_notify_urls[{place}]" for place in self.refused)
            yield (
                f"Apprise {self.version} on this host does not understand {places}: write it as https://github.com/caronc/apprise/wiki has it for its"
                " service, or have an Apprise that knows this service"
            )


@dataclass(frozen=True)
class Interpreter:
    """judge_program: the text of the program that has Apprise judge addresses, one a line on its standard input."""

    path: str
    run: RunWith
    judge_program: str = ""

    @property
    def is_there(self) -> bool:
        """Whether it is a program."""
        return os.path.isfile(self.path) and os.access(self.path, os.X_OK)

    @property
    def is_usable(self) -> bool:
        """Whether root may run it."""
        return self.is_there and self._exposed() is None

    def _exposed(self) -> UnsafePath | None:
        """Who else than root may change it."""
        try:
            require_own(os.path.realpath(self.path))
        except UnsafePath as error:
            return error
        return None

    def problems(self) -> Iterator[str]:
        """Why nothing can be run by it."""
        exposed = self._exposed() if self.is_there else None
        if exposed:
            yield (
                f"ollama_warmup_python {self.path} would be run by root, but {exposed.filename} {exposed.strerror}: give the path of an"
                " interpreter that root alone can write to"
            )
        if not self.is_there:
            yield f"ollama_warmup_python {self.path} is no program on this host: give the path of a Python interpreter"

    def missing(self, libraries: Sequence[str]) -> list[str]:
        """Those that it cannot import. Raises InterpreterError."""
        if not libraries or not self.is_usable:
            return []
        status, output, error = self.run([self.path, "-I", "-c", _IMPORT, *libraries])
        if status != 0:
            raise InterpreterError(f"{self.path} cannot be asked what it imports: {' '.join(error.split())}")
        return output.split()

    def judge(self, addresses: Sequence[str]) -> Apprise:
        """The addresses go by standard input, so no list of processes shows one."""
        if not self.is_usable:
            return Apprise()
        output = self.run([self.path, "-I", "-c", self.judge_program], data="\n".join(addresses))[1]
        try:
            said = json.loads(output or "{}")
        except ValueError:
            return Apprise()
        return Apprise(said.get("apprise") or "", said.get("refused") or ())
