# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the collection keeps its own on a host: paths that more than one room has to know."""

from __future__ import annotations

MADE_MODELS = "/var/lib/ollama-model/made.json"
"""Which model was made of which file (C(_residency/server/made_record.py)); a removal takes it away."""
