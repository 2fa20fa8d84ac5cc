# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of the roles find the collection's own filters, as they do in a play."""

from __future__ import annotations

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader()
