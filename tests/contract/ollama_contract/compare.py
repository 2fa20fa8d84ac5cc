# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing an answer with a recorded one, field by field, by the placeholders of README.md.

A comparison yields differences, each a sentence that begins with the path of the field.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Callable

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)\Z")
_TOLERANCE_SECONDS = 3
_FOR_EVER_SECONDS = 20 * 365.25 * 24 * 3600
_PATTERNS = {
    r"sha256:@": r"sha256:[0-9a-f]{64}",
    r"sha256\-@": r"sha256-[0-9a-f]{64}",
    r"\$HOME/models": r"\S*",
}
_HEX = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class Frame:
    """What placeholders refer to: the digests of the models, and the server's clock."""

    digests: Mapping[str, str]
    now: float  # seconds since 1970, when the answer came


def differences(expected: Any, actual: Any, frame: Frame, path: str = "") -> Iterator[str]:
    """How an answer differs from the recorded one."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        yield from _objects(expected, actual, frame, path)
    elif isinstance(expected, list) and isinstance(actual, list):
        yield from _lists(expected, actual, frame, path)
    elif isinstance(expected, str) and expected.startswith("@"):
        if not _placeholder(expected, actual, frame):
            yield f"{path}: {actual!r} is no {expected}"
    elif isinstance(expected, str) and isinstance(actual, str):
        if not re.fullmatch(_pattern(expected), actual):
            yield f"{path}: {actual!r} instead of {expected!r}"
    elif expected != actual or isinstance(expected, bool) != isinstance(actual, bool):
        yield f"{path}: {actual!r} instead of {expected!r}"


def _objects(expected: dict[str, Any], actual: dict[str, Any], frame: Frame, path: str) -> Iterator[str]:
    for key in expected:
        if key not in actual:
            yield f"{path}.{key}: missing"
        elif key == "size_vram":
            yield from _share_in_vram(actual, path)
        else:
            yield from differences(expected[key], actual[key], frame, f"{path}.{key}")
    for key in actual:
        if key not in expected:
            yield f"{path}.{key}: {actual[key]!r} is not in the recording"


def _share_in_vram(model: dict[str, Any], path: str) -> Iterator[str]:
    """Nothing on a CPU, except with a llama-server whose log Ollama cannot read: then it is all of the model (llm/llama_server.go: MemorySize).
    The recordings have both, since they come of two installs."""
    if model["size_vram"] not in (0, model.get("size")):
        yield f"{path}.size_vram: {model['size_vram']!r} is neither nothing nor the whole size"


def _lists(expected: list[Any], actual: list[Any], frame: Frame, path: str) -> Iterator[str]:
    if len(expected) != len(actual):
        yield f"{path}: {len(actual)} items instead of {len(expected)}: {actual!r}"
        return
    if path.endswith(".models"):
        yield from _models(expected, actual, frame, path)
        return
    for place, (left, right) in enumerate(zip(expected, actual)):
        yield from differences(left, right, frame, f"{path}[{place}]")


def _models(expected: list[Any], actual: list[Any], frame: Frame, path: str) -> Iterator[str]:
    """Models by name, since the order of equals is not part of the contract; /api/ps goes by
    expiry, longest first."""
    by_name = {model["name"]: model for model in actual}
    for model in expected:
        if model["name"] not in by_name:
            yield f"{path}: {model['name']} is missing among {sorted(by_name)}"
        else:
            name = model["name"]
            yield from differences(model, by_name[name], frame, f"{path}[{name}]")
    expiries = [int(epoch(model["expires_at"])) for model in actual if "expires_at" in model]
    if expiries != sorted(expiries, reverse=True):
        yield f"{path}: not in the order of expiry: {expiries}"


def _pattern(text: str) -> str:
    pattern = re.escape(text)
    for recorded, meant in _PATTERNS.items():
        pattern = pattern.replace(re.escape(recorded.replace("\\", "")), meant)
    return pattern


def _placeholder(name: str, value: Any, frame: Frame) -> bool:
    if name.startswith("@in:"):
        return _is_timestamp(value) and _is_in(epoch(value) - frame.now, float(name[4:-1]))
    if name == "@forever":
        return _is_timestamp(value) and epoch(value) - frame.now > _FOR_EVER_SECONDS
    if name.startswith("@digest:"):
        wanted = frame.digests.get(name[len("@digest:") :])
        return value == wanted if wanted else isinstance(value, str) and bool(_HEX.match(value))
    if name.startswith("@vector:"):
        numbers = isinstance(value, list) and all(isinstance(each, (int, float)) for each in value)
        return numbers and len(value) == int(name[len("@vector:") :])
    return name in _KINDS and _KINDS[name](value)


def _is_in(left: float, recorded: float) -> bool:
    return abs(left - recorded) <= _TOLERANCE_SECONDS


def _is_natural(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_timestamp(value: Any) -> bool:
    return isinstance(value, str) and bool(_TIMESTAMP.match(value))


def _is_tokens(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_natural(each) for each in value)


def _is_tensors(value: Any) -> bool:
    fields = {"name", "type", "shape"}
    return isinstance(value, list) and bool(value) and all(set(each) == fields for each in value)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "@timestamp": _is_timestamp,
    "@unix": _is_natural,
    "@ns": _is_natural,
    "@int": _is_natural,
    "@bytes": _is_natural,
    "@id": _is_text,
    "@text": _is_text,
    "@tokens": _is_tokens,
    "@tensors": _is_tensors,
}


def epoch(timestamp: str) -> float:
    """Seconds since 1970 of an RFC 3339 timestamp with any number of fraction digits."""
    match = _TIMESTAMP.match(timestamp)
    if not match:
        raise ValueError(f"{timestamp!r} is no RFC 3339 timestamp")
    offset = "+00:00" if match.group(3) == "Z" else match.group(3)
    seconds = datetime.datetime.fromisoformat(match.group(1) + offset).timestamp()
    return seconds + float(f"0.{match.group(2) or 0}")


def log_differences(expected: Counter[str], actual: Counter[str]) -> Iterator[str]:
    """Log lines that are missing or too many."""
    for line, count in (expected - actual).items():
        yield f"log: {count} missing of: {line}"
    for line, count in (actual - expected).items():
        yield f"log: {count} too many of: {line}"
