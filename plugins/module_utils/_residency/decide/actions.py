# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of actions, which are the collection's vocabulary as those of drifts.py are: module results, agent status and docs use them."""

from __future__ import annotations

NO_ACTION = "none"
SET_EXPIRY = "set_expiry"
PROBE = "probe"
LOAD = "load"
REVIVE = "revive"
RELOAD_CONTEXT = "reload"
DROP = "unload"
WAIT = "wait"
LOADS = frozenset({LOAD, REVIVE, RELOAD_CONTEXT})
"""Actions that start a runner; a probe may too, where liveness is not known."""
CHANGES = LOADS | {SET_EXPIRY}
