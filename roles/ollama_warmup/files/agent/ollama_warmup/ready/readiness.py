# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The readiness file as values and as text (docs/readiness.md). Programs of others read it, so its format changes with its first line only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from keepwarm._base.readers import InvalidValue

FORMAT = "keepwarm-ready 1"
READY, COLD, HOLD, DRAIN, STOPPED = STATES = ("ready", "cold", "hold", "drain", "stopped")
RESIDENT = "resident"
NONE = "-"
LARGEST = 256 * 1024
"""Bytes; a thousand models with the longest names take less."""
_ANSWERS = {"yes": True, "no": False}
_KINDS = {"required": True, "optional": False}


@dataclass(frozen=True)
class Span:
    """`since` and `end` are seconds since the host's boot (/proc/uptime), `until` is `end` as seconds since 1970. Whoever sets the wall clock
    forward only makes a proof end earlier."""

    until: int = 0
    since: int = 0
    end: int = 0


@dataclass(frozen=True)
class Start:
    """The start of the server that the proofs are about: systemd's name for it, and the inode of the link that tells it
    (/run/systemd/units), for readers that cannot read links. All are `NONE` and 0 where the server is not a unit of this host."""

    unit: str = NONE
    invocation: str = NONE
    inode: int = 0


@dataclass(frozen=True)
class Proof:
    """One declared model. `model` has all its parts, in small letters; `word` is `RESIDENT`, or why it is not."""

    model: str
    required: bool
    resident: bool = False
    word: str = "not_proved"
    span: Span = Span()


@dataclass(frozen=True)
class Readiness:
    """`state` is of the server as a whole, `word` why; `span` is that of the proof that ends first."""

    state: str = COLD
    word: str = "not_proved"
    span: Span = Span()
    start: Start = Start()
    proofs: Sequence[Proof] = field(default_factory=tuple)


def text_of(found: Readiness) -> str:
    """The file's content."""
    start = found.start
    head = f"{found.state} {found.word} {_span_text(found.span)} {start.unit} {start.invocation} {start.inode}"
    return "\n".join([FORMAT, head, *map(_line, found.proofs), ""])


def parse(text: str) -> Readiness:
    """Read it back. Raises `InvalidValue` for whatever is not of this format."""
    lines = text.split("\n")
    if len(lines) < 3 or lines[0] != FORMAT or lines[-1] != "":
        raise InvalidValue("it is no readiness file of this format")
    try:
        return _head(lines[1].split(" "), tuple(_proof(line.split(" ")) for line in lines[2:-1]))
    except (ValueError, KeyError) as error:
        raise InvalidValue("it is no readiness file: a line has other fields than it should") from error


def _head(fields: Sequence[str], proofs: tuple[Proof, ...]) -> Readiness:
    state, word, until, since, end, unit, invocation, inode = fields
    if state not in STATES:
        raise ValueError(state)
    return Readiness(state, word, _span(until, since, end), Start(unit, invocation, _whole(inode)), proofs)


def _proof(fields: Sequence[str]) -> Proof:
    resident, word, until, since, end, model, kind = fields
    return Proof(model, _KINDS[kind], _ANSWERS[resident], word, _span(until, since, end))


def _line(proof: Proof) -> str:
    resident = "yes" if proof.resident else "no"
    kind = "required" if proof.required else "optional"
    return f"{resident} {proof.word} {_span_text(proof.span)} {proof.model} {kind}"


def _span_text(span: Span) -> str:
    return f"{span.until} {span.since} {span.end}"


def _span(*fields: str) -> Span:
    return Span(*map(_whole, fields))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise ValueError(text)
    return int(text)
