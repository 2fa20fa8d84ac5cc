# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heartbeat loop at its best: what it sends is a matching load with keep_alive -1. Arguments: SECONDS MODEL..."""

from __future__ import annotations

import contextlib
import sys
import time

import requests

while True:
    for model in sys.argv[2:]:
        with contextlib.suppress(requests.RequestException):
            requests.post("http://localhost:11434/api/generate", json={"model": model, "keep_alive": -1}, timeout=60)
    time.sleep(float(sys.argv[1]))
