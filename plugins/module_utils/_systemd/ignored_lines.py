# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of unit files and environment files that were meant to set a variable of the server's and do nothing. Pure.

systemd passes over what it does not understand, and says so in its journal at most (systemd.syntax(7), systemd.exec(5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .quoting import is_name, split_words
from .unit_file import Setting, UnitFile, settings_of

VARIABLES = r"OLLAMA_[A-Z0-9_]+|(?:CUDA|HIP|ROCR|GGML_VK)_VISIBLE_DEVICES|HSA_OVERRIDE_GFX_VERSION"
"""The names of what an Ollama server reads, as part of a regular expression."""
_MEANT = re.compile(rf"(?:{VARIABLES.replace('OLLAMA_', 'OLLAMA[_-]').replace('[A-Z0-9_]', '[A-Z0-9_-]')})", re.ASCII)
_DIRECTIVE = re.compile(rf"(?:export\s+)?[\"']?(?P<key>{_MEANT.pattern})", re.ASCII)
_TYPOGRAPHIC = re.compile("[\u2018\u2019\u201a\u201c\u201d\u201e\u2033\u00ab\u00bb]")
_OF_SERVICE = ("Environment", "EnvironmentFile", "PassEnvironment", "UnsetEnvironment")
_WRITE = 'write Environment="{key}=VALUE" below [Service]'


@dataclass(frozen=True)
class IgnoredLine:
    """`reason` completes "line N of PATH does nothing: …"; `remedy` says what to write instead."""

    path: str
    line: int
    text: str
    reason: str
    remedy: str


def ignored_in_unit(file: UnitFile) -> Iterator[IgnoredLine]:
    """Of a unit file or a drop-in, in their order."""
    for setting in settings_of(file):
        text = f"{setting.directive}={setting.value}"
        for reason, remedy in _reasons(setting):
            yield IgnoredLine(file.path, setting.line, text, reason, remedy)


def ignored_in_environment_file(file: UnitFile) -> Iterator[IgnoredLine]:
    """Of a file that `EnvironmentFile=` names, in their order."""
    for number, line in enumerate(file.text.split("\n"), start=1):
        key, equals, value = line.strip().partition("=")
        found = _MEANT.search(key)
        if not (equals and found) or key.startswith(("#", ";")):
            continue
        reason = _reason_of_name(key.strip(), found.group()) or _reason_of_quotes(value)
        if reason:
            yield IgnoredLine(file.path, number, line.strip(), reason, f"write {_name(found.group())}=VALUE")


def _reasons(setting: Setting) -> Iterator[tuple[str, str]]:
    found = _DIRECTIVE.match(setting.directive)
    if found:
        key = _name(found["key"])
        yield f"{setting.directive} is a variable, not a setting of a unit", _WRITE.format(key=key)
    elif setting.directive in _OF_SERVICE and setting.section != "Service" and _MEANT.search(setting.value):
        where = f"stands in [{setting.section}]" if setting.section else "stands in no section"
        yield f"{setting.directive}= {where}, and counts in [Service] only", "put a line [Service] above it"
    elif setting.directive == "Environment":
        yield from _in_assignments(setting.value)


def _in_assignments(value: str) -> Iterator[tuple[str, str]]:
    meant = _MEANT.search(value)
    if not meant:
        return
    remedy = f'write Environment="{_name(meant.group())}=VALUE", in plain quotes and without blanks around the ='
    quotes = _reason_of_quotes(value)
    if quotes:
        yield quotes, remedy
        return
    reasons = [reason for reason in map(_reason_of_word, split_words(value)) if reason]
    if not reasons and not any(_MEANT.search(word) for word in split_words(value)):
        reasons = ["its quotes do not close, or it holds an escape that systemd does not know"]
    for reason in reasons[:1]:
        yield reason, remedy


def _reason_of_word(word: str) -> str | None:
    key, equals, dummy = word.partition("=")
    if equals and is_name(key):
        return None
    meant = _MEANT.search(key)
    if equals and not key:
        return "blanks around the = make it three words, of which none sets anything"
    if not meant:
        return None
    return _reason_of_name(key, meant.group()) if equals else f"{word!r} sets nothing: there is no = in it"


def _reason_of_name(key: str, meant: str) -> str | None:
    if is_name(key):
        return None
    if key.startswith("export"):
        return f"{key!r} is no name of a variable: export is a word of shells, which do not read this file"
    if "-" in meant:
        return f"{meant!r} is no name of a variable: it holds a -"
    return f"{key!r} is no name of a variable"


def _reason_of_quotes(value: str) -> str | None:
    found = _TYPOGRAPHIC.search(value)
    return f"{found.group()} is a typographic quote, which systemd takes for a letter" if found else None


def _name(meant: str) -> str:
    return meant.replace("-", "_")
