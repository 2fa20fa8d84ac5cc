# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many malformed answers there are to be, over all tests of this folder."""

from __future__ import annotations

import os

CASES = int(os.environ.get("KEEPWARM_FUZZ_CASES", "10000"))
