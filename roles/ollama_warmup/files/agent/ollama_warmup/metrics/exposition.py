# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples in Prometheus' text format, as its own library writes it. Importing it is dear: only where metrics are wanted."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import Any

from .metric_names import METRICS
from .sampling import Sample

LIBRARY = "prometheus_client"


def text(instance: str, found: Iterable[Sample]) -> bytes:
    """The file's content. Raises `OSError` where the library is missing."""
    try:
        from prometheus_client import CollectorRegistry, generate_latest
    except ImportError as error:
        raise OSError(errno.ENOENT, "the Python library is not installed: run the play again, which installs it", LIBRARY) from error
    registry = CollectorRegistry()
    registry.register(_Found(instance, found))
    return bytes(generate_latest(registry))


class _Found:
    """What the library calls a custom collector."""

    def __init__(self, instance: str, found: Iterable[Sample]) -> None:
        self._instance = instance
        self._found = tuple(found)

    def describe(self) -> tuple[()]:
        """Nothing that another collector could collide with."""
        return ()

    def collect(self) -> Iterable[Any]:
        families: dict[str, Any] = {}
        for sample in self._found:
            if sample.name not in families:
                families[sample.name] = _family(sample)
            families[sample.name].add_metric([self._instance, *sample.labels.values()], sample.value)
        return families.values()


def _family(sample: Sample) -> Any:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    kind = CounterMetricFamily if sample.name.endswith("_total") else GaugeMetricFamily
    return kind(sample.name, METRICS[sample.name], labels=["ollama_instance", *sample.labels])
