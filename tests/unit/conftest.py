# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all unit tests share: C(support) beside this file is importable, and hypothesis judges nothing by time."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "keepwarm",
    deadline=None,  # a busy machine is no defect
    max_examples=150,
    derandomize=True,  # a red run is red again
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
settings.load_profile("keepwarm")
