# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Managed by Ansible (keepwarm.ollama.ollama_gateway): the next run of the role overwrites this file.
"""Counts what nginx has logged of the gateway's requests since the last run, for node_exporter's textfile collector.

python3 -I ollama_gateway_metrics.py LOG FOLDER

FOLDER gets metrics.prom, and state.json with the counts and how far the log was read.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

LONGEST_LINE = 1 << 16  # bytes
MOST_MODELS = 50
MOST_SERIES = 5000  # of one metric
OTHER, NONE = "other", "none"
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)  # seconds
PREFIX = "ollama_gateway_"
REQUESTS, REFUSED, REWRITTEN = f"{PREFIX}requests_total", f"{PREFIX}refused_total", f"{PREFIX}rewritten_total"
FIRST_BYTE = f"{PREFIX}first_byte_seconds"
UNREADABLE, GAPS, READ_AT = f"{PREFIX}log_unreadable_lines_total", f"{PREFIX}log_gaps_total", f"{PREFIX}log_read_timestamp_seconds"
LABELS = {REQUESTS: ("client", "model", "status"), REFUSED: ("client", "reason"), REWRITTEN: ("client", "reason"), UNREADABLE: (), GAPS: ()}
METRICS = {
    REQUESTS: "Requests by client, model and status; none is a client without a token, or a request that names no model.",
    REFUSED: "Requests that did not reach the server, by client and reason.",
    REWRITTEN: "Requests out of which something was taken before they reached the server, by client and reason.",
    FIRST_BYTE: "How long the server took until the first byte of its answer, by model.",
    UNREADABLE: "Lines of the log that are no request.",
    GAPS: "How often the log was gone before it was read to its end.",
    READ_AT: "When the log was last read.",
}


class Counts:
    """All counters, each by the values of its labels."""

    def __init__(self, kept: Any = None) -> None:
        kept = kept or {}
        self.counters: dict[str, dict[tuple[str, ...], float]] = {name: _keyed(kept.get(name)) for name in LABELS}
        self.first_bytes: dict[str, list[float]] = dict(kept.get(FIRST_BYTE, {}))  # the buckets, the sum
        self.models: list[str] = list(kept.get("models", []))

    def kept(self) -> dict[str, Any]:
        """As JSON has it."""
        counters = {name: [[*key, value] for key, value in found.items()] for name, found in self.counters.items()}
        return {**counters, FIRST_BYTE: self.first_bytes, "models": self.models}

    def add(self, name: str, *labels: str) -> None:
        """One more. Labels that would be too many are counted as others."""
        found = self.counters[name]
        key = labels if labels in found or len(found) < MOST_SERIES else (OTHER,) * len(labels)
        found[key] = found.get(key, 0) + 1

    def line(self, raw: bytes) -> None:
        """One line of the log."""
        try:
            # nginx leaves bytes that are no UTF-8 as a client sent them.
            entry = {str(key): str(value) for key, value in json.loads(raw.decode("utf-8", "replace")).items()}
            client, status = entry["client"] or NONE, str(int(entry["status"]))
        except (ValueError, KeyError, AttributeError, RecursionError):
            self.add(UNREADABLE)
            return
        model = self._model(entry.get("model", ""), status)
        self.add(REQUESTS, client, model, status)
        reached = entry.get("upstream_status", "") not in ("", "-")
        for reason in filter(None, entry.get("reason", "").split(",")):
            if not (reached and reason.startswith("status_")):
                self.add(REWRITTEN if reached else REFUSED, client, reason)
        with suppress(ValueError):
            self._first_byte(model, float(entry.get("upstream_first_byte", "")))

    def _model(self, name: str, status: str) -> str:
        """Clients may name what they like: a name has a series of its own once the server has answered it well."""
        model = name[len("registry.ollama.ai/") :] if name.startswith("registry.ollama.ai/") else name
        model = (model[len("library/") :] if model.startswith("library/") else model) or NONE
        if model in (NONE, *self.models):
            return model
        if status[0] != "2" or len(self.models) >= MOST_MODELS:
            return OTHER
        self.models.append(model)
        return model

    def _first_byte(self, model: str, seconds: float) -> None:
        found = self.first_bytes.setdefault(model, [0.0] * (len(BUCKETS) + 2))
        for place, limit in enumerate((*BUCKETS, float("inf"))):
            found[place] += seconds <= limit
        found[-1] = round(found[-1] + seconds, 6)


def _keyed(rows: Any) -> dict[tuple[str, ...], float]:
    return {tuple(row[:-1]): row[-1] for row in rows or ()}


def read(log: str, state: dict[str, Any], counts: Counts) -> dict[str, Any]:
    """Count what has come since; where the log is read to by now. Rotated, it is read to its end by its other name first."""
    before = state.get("inode")
    try:
        with open(log, "rb") as file:
            now = os.fstat(file.fileno())
            if before not in (None, now.st_ino):
                end = _read_rotated(f"{log}.1", state, counts)
                if end is not None and not now.st_size:  # nginx may still write to the former one
                    return {"inode": before, "offset": end}
                if end is None:
                    counts.add(GAPS)
            offset = state.get("offset", 0) if before == now.st_ino else 0
            return {"inode": now.st_ino, "offset": _read_from(file, 0 if offset > now.st_size else offset, counts)}
    except FileNotFoundError:
        return state


def _read_rotated(path: str, state: dict[str, Any], counts: Counts) -> int | None:
    """How far it is read by now; None if it is not the log that was read before."""
    with suppress(FileNotFoundError), open(path, "rb") as file:
        if os.fstat(file.fileno()).st_ino == state["inode"]:
            return _read_from(file, state["offset"], counts)
    return None


def _read_from(file: BinaryIO, offset: int, counts: Counts) -> int:
    """Where the last whole line ends: nginx may be writing the next."""
    file.seek(offset)
    for line in iter(lambda: file.readline(LONGEST_LINE), b""):
        if not line.endswith(b"\n") and len(line) < LONGEST_LINE:
            break
        counts.line(line)
        offset += len(line)
    return offset


def exposition(counts: Counts, now: float) -> str:
    """In Prometheus' text format."""
    return "".join(f"{line}\n" for line in _lines(counts, now))


def _lines(counts: Counts, now: float) -> Iterator[str]:
    for name, keys in LABELS.items():
        yield from _head(name, "counter")
        found = counts.counters[name] or ({} if keys else {(): 0})
        yield from (f"{name}{_labels(zip(keys, values))} {value:.0f}" for values, value in found.items())
    yield from _head(FIRST_BYTE, "histogram")
    for model, row in counts.first_bytes.items():
        for limit, value in zip((*(f"{bucket:g}" for bucket in BUCKETS), "+Inf"), row):
            yield f"{FIRST_BYTE}_bucket{_labels([('model', model), ('le', limit)])} {value:.0f}"
        yield f"{FIRST_BYTE}_sum{_labels([('model', model)])} {row[-1]}"
        yield f"{FIRST_BYTE}_count{_labels([('model', model)])} {row[-2]:.0f}"
    yield from _head(READ_AT, "gauge")
    yield f"{READ_AT} {now:.3f}"


def _head(name: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {METRICS[name]}"
    yield f"# TYPE {name} {kind}"


def _labels(pairs: Iterable[tuple[str, str]]) -> str:
    text = ",".join('{}="{}"'.format(key, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for key, value in pairs)
    return f"{{{text}}}" if text else ""


def state_of(path: str) -> dict[str, Any]:
    """What the last run kept. Without it all counts begin anew, as Prometheus knows it of any counter."""
    with suppress(OSError, ValueError), open(path, encoding="utf-8") as file:
        found = json.load(file)
        if isinstance(found, dict):
            return found
    return {}


def replace(path: str, text: str) -> None:
    """Nobody sees half of it."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(f"{path}.new", 0o644)
    os.replace(f"{path}.new", path)


def main(log: str, folder: str) -> None:
    """One run. The state goes first: what is counted is never counted twice."""
    state = state_of(f"{folder}/state.json")
    try:
        counts = Counts(state.get("counts"))
    except (TypeError, ValueError, AttributeError, IndexError):
        state, counts = {}, Counts()
    position = read(log, state, counts)
    replace(f"{folder}/state.json", json.dumps({**position, "counts": counts.kept()}))
    replace(f"{folder}/metrics.prom", exposition(counts, time.time()))


if __name__ == "__main__":
    main(*sys.argv[1:])
