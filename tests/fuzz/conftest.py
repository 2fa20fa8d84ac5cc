# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""10 000 malformed answers, the same ones at every run; C(KEEPWARM_FUZZ_CASES) asks for another number, and then they are new each time."""

from __future__ import annotations

import os
import pathlib
import sys

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "unit"))

settings.register_profile(
    "fuzz",
    deadline=None,  # a busy machine is no defect
    derandomize="KEEPWARM_FUZZ_CASES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
    print_blob=True,  # how to see a failure of a random run again
)
settings.load_profile("fuzz")
