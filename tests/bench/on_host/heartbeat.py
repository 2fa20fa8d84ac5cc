# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heartbeat loop that people run: touch each model every four minutes, with as small a request as can be. Arguments: BEATS MODEL..."""

from __future__ import annotations

import sys
import time

import requests

BEATS = int(sys.argv[1])
MODELS = sys.argv[2:]

for beat in range(BEATS):
    if beat:
        time.sleep(240)
    for model in MODELS:
        requests.post("http://localhost:11434/api/generate", json={"model": model, "prompt": "", "options": {"num_ctx": 1}}, timeout=60)
