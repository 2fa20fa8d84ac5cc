# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contents of an `EnvironmentFile=` (systemd.exec(5)): a shell-like syntax of its own, without expansion."""

from __future__ import annotations

import re

from .quoting import is_name

# A quote counts only where a value begins or right after another quoted part; in the middle of a word it is literal.
_LINE = re.compile(
    r"""
    [ \t\r\n]*
    (?: [\#;][^\r\n]*
      | (?P<key>[^=\r\n]+)=
        (?P<quoted>(?:[ \t]*(?:'[^']*(?:'|\Z)|"(?:[^"\\]|\\.)*(?:"|\\?\Z)))*)
        [ \t]*(?P<plain>(?:[^\\\r\n]|\\.|\\\Z)*)
      | [^=\r\n]+
    )""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED_PART = re.compile(r"""'([^']*)'?|"((?:[^"\\]|\\.)*)"?""", re.DOTALL)
_IN_DOUBLE_QUOTES = re.compile(r"\\(?:([\"\\`$])|\n)")
_OUTSIDE_QUOTES = re.compile(r"\\(?:\r?\n|(.)|\Z)", re.DOTALL)
_TRAILING_BLANKS = re.compile(r"(?<!\\)[ \t]+\Z")


def parse_environment_file(text: str) -> dict[str, str]:
    """Variables in the order of their first appearance; the last value of each counts, invalid names are dropped."""
    variables: dict[str, str] = {}
    for found in _LINE.finditer(text):
        key = (found.group("key") or "").rstrip(" \t")
        if is_name(key):
            variables[key] = _value(found.group("quoted"), found.group("plain"))
    return variables


def _value(quoted: str, plain: str) -> str:
    parts = [_unquote(part) for part in _QUOTED_PART.finditer(quoted)]
    unquoted = _OUTSIDE_QUOTES.sub(_kept, _TRAILING_BLANKS.sub("", plain))
    return "".join(parts) + unquoted


def _unquote(part: re.Match[str]) -> str:
    single, double = part.groups()
    return single if single is not None else _IN_DOUBLE_QUOTES.sub(_kept, double)


def _kept(found: re.Match[str]) -> str:
    return found.group(1) or ""
