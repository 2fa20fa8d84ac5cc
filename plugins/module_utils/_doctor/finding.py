# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor says: findings, and the kinds of them there are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from .._base.text import one_line
from .._systemd.masking import MASK, masked

PROBLEM = "problem"
WARNING = "warning"
NOTE = "note"
SEVERITIES = (PROBLEM, WARNING, NOTE)
_NAMED_SECRET = re.compile(
    r"""(?ix) (\b[a-z0-9_]*(?:token|secret|passwo?r?d|credentials?|(?:api|access|private)[_-]?key)
    (?:\\*["'])? \s*[=:]\s* ) (?!\*)                        # JSON has its names in quotes, which a log line escapes
    (?: (?P<quote>\\*["']) .*? (?: (?<!\\)(?P=quote) | $ )  # to the same kind of quote, or to where the text was cut
      | [^\s,;]+ )"""
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}")
_USER_INFORMATION = re.compile(
    r"""(?x) (?: (?<=://)[^\s/?#]*                   # of a URL
      | (?<![^\s"'=(]) [^\s/@:="']+:[^\s/@"']+ )@   # or, before a host alone, a name with a password"""
)


@dataclass(frozen=True)
class Evidence:
    """What was seen, as literally as credentials allow, and where."""

    source: str
    text: str


@dataclass(frozen=True)
class Finding:
    """One thing that keeps, or may keep, a host from being warm. `instance` is None where it concerns every instance."""

    code: str
    severity: str
    what: str
    evidence: tuple[Evidence, ...]
    remedy: str
    instance: str | None = None


@dataclass(frozen=True)
class Kind:
    """One thing that may be wrong. `what` and `remedy` are templates, whose places the documentation has in capitals."""

    code: str
    severity: str
    what: str
    remedy: str

    def found(self, *evidence: Evidence, severity: str | None = None, **values: Any) -> Finding:
        """This, here: with these values in its places."""
        shown = {key: public(value) for key, value in values.items()}
        return Finding(self.code, severity or self.severity, self.what.format(**shown), evidence, self.remedy.format(**shown))


def public(text: object) -> str:
    """Whatever somebody wrote, for a page that goes from hand to hand: on one line, what cannot be printed a question mark, what looks
    like a credential hidden. Cut at the very end: what is cut off a credential may be what it is known by."""
    line = "".join(character if character.isprintable() else "?" for character in " ".join(str(text).split()))
    hidden = _NAMED_SECRET.sub(rf"\1{MASK}", _BEARER.sub(rf"\1 {MASK}", line))
    return one_line(_USER_INFORMATION.sub(f"{MASK}@", hidden))


def seen(source: str, text: object) -> Evidence:
    """Evidence on one line, whoever wrote it."""
    return Evidence(public(source), public(text))


def setting(source: str, key: str, value: str | None) -> Evidence:
    """A variable as it was found, all of it hidden where its name says that it is a secret."""
    return seen(source, key if value is None else f"{key}={masked(key, value)}")


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """The most severe first; those of one severity stay in the order of the checks."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def of_host(by_instance: Iterable[tuple[str, list[Finding]]]) -> Iterator[Finding]:
    """Every finding once: what all instances of a host share concerns none of them in particular."""
    looks = list(by_instance)
    shared = [finding for finding in looks[0][1] if all(finding in found for dummy, found in looks[1:])] if len(looks) > 1 else []
    yield from shared
    for name, found in looks:
        yield from (replace(finding, instance=name) for finding in found if finding not in shared)
