# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent as it is deployed: its package beside the engine's."""

from __future__ import annotations

import pathlib
import sys

from ansible_collections.keepwarm.ollama.plugins import module_utils

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "roles/ollama_warmup/files/agent"))
sys.modules["keepwarm"] = module_utils
