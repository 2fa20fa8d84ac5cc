# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a unit file writes a word: quoting, C escapes and specifiers (systemd.syntax(7), systemd.unit(5)).

``quote_assignment`` writes one word of an `Environment=` line, ``split_words`` and ``expand_specifiers``
read one back as systemd does; for every value that can be written the three are each other's inverse.
`$` needs no escape here: systemd expands no variables in `Environment=` (systemd.exec(5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .._base.readers import InvalidValue

_WRITTEN = str.maketrans({"\\": "\\\\", '"': '\\"', "\t": "\\t", "%": "%%"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_ESCAPE = r"\\(?:[abfnrtvs\\\"']|x[0-9A-Fa-f]{2}|[0-3][0-7]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})"
_QUOTED = rf"\"(?:[^\"\\]|{_ESCAPE})*\"|'(?:[^'\\]|{_ESCAPE})*'"
_WHITESPACE = " \t\n\r"
_WORD = re.compile(rf"(?:{_QUOTED}|{_ESCAPE}|[^{_WHITESPACE}\"'\\])+(?=[{_WHITESPACE}]|\Z)")
_PIECE = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<escape>{_ESCAPE})")
_ESCAPED = re.compile(_ESCAPE)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}
_SPECIFIER = re.compile("%(.)", re.DOTALL)


class QuotingError(InvalidValue):
    """A name or value that no Environment= line can carry; the message is one sentence."""


def quote_assignment(name: str, value: str) -> str:
    """One word for `Environment=` which systemd reads back as exactly `name=value`.

    Raises `QuotingError` for a name that is no variable name and for a value with a control character other than a
    tab, which systemd would drop with nothing but a line in the journal (env-util.c).
    """
    check_name(name)
    found = _CONTROL.search(value)
    if found:
        raise QuotingError(
            f"the value of {name} holds the control character {found.group()!r}:"
            " an environment line of a unit can carry one line of text only"
        )
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise QuotingError(f"the value of {name} is not valid UTF-8: systemd ignores such an assignment")
    return f'"{name}={value.translate(_WRITTEN)}"'


def is_name(name: str) -> bool:
    """Whether systemd takes this for the name of an environment variable (env-util.c)."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> None:
    """Raise `QuotingError` unless this is the name of an environment variable."""
    if not is_name(name):
        raise QuotingError(
            f"{name!r} is not the name of an environment variable:"
            " use letters, digits and underscores, the first not a digit"
        )


def split_words(text: str) -> Iterator[str]:
    """The words of a directive's value, unquoted and unescaped.

    Ends before the first word with an unbalanced quote or an unknown escape: systemd ignores it and what follows.
    """
    rest = text.strip(_WHITESPACE)
    while rest:
        found = _WORD.match(rest)
        if found is None:
            return
        yield _whole_utf8(_PIECE.sub(_plain, found.group()))
        rest = rest[found.end() :].lstrip(_WHITESPACE)


def expand_specifiers(text: str, known: Mapping[str, str]) -> str | None:
    """`text` with `%%` and the specifiers of `known` replaced; None when it holds one that is not known here."""
    try:
        return _SPECIFIER.sub(lambda found: {**known, "%": "%"}[found.group(1)], text)
    except KeyError:
        return None


def _plain(piece: re.Match[str]) -> str:
    quoted = piece.group("quoted")
    if quoted is None:
        return _unescape(piece)
    return _ESCAPED.sub(_unescape, quoted[1:-1])


def _unescape(found: re.Match[str]) -> str:
    body = found.group()[1:]
    if body[0] in "xuU":
        return _character(body[0], int(body[1:], 16))
    if body.isdigit():
        return _character("x", int(body, 8))
    return _LETTERS.get(body, body)


def _character(kind: str, number: int) -> str:
    """`\\x` and octal escapes are bytes of UTF-8, `\\u` and `\\U` are code points."""
    if kind == "x" and number > 0x7F:
        return bytes([number]).decode("utf-8", "surrogateescape")
    return chr(number) if number < 0xD800 or 0xDFFF < number < 0x110000 else "\ufffd"


def _whole_utf8(word: str) -> str:
    return word.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
