# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine beside a stand-in server."""

from support.live_fixtures import live, models, program

__all__ = ["live", "models", "program"]
