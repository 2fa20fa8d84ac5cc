# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose server is ill-treated."""

from __future__ import annotations

from shared.warm import calm, gpu

__all__ = ["calm", "gpu"]
