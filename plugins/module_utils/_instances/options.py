# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the roles' variables an instance may have of its own, by their names without the role's prefix."""

from __future__ import annotations

from .._systemd.settings import NAMES
from .container import NAMES as CONTAINER_SETTINGS

SERVER_SETTINGS = tuple(name for name in NAMES if name != "host")
"""Those that become the server's environment; the address is the entry's own key."""
OPTIONS = {
    "server": (
        *SERVER_SETTINGS, "environment", "oom_policy", "start", "restart", "restart_wait", "restart_restore", "ready_timeout", "gpu", "gpu_timeout",
        *CONTAINER_SETTINGS,
    ),
    "model": (
        "models", "pull", "pull_state", "pull_insecure", "prune", "replaced", "stall_timeout", "retries", "timeout", "progress_interval",
    ),
    "warmup": (
        "undeclared_keep_alive", "max_loaded_models", "context_mismatch", "strict", "release", "slow_load_seconds", "reload_budget",
        "context_reloads", "interval", "jitter", "allow_long_interval", "watch", "load_timeout", "ready_timeout", "metrics",
        "restart_server", "restart_server_after", "restart_server_period", "gates", "gate_timeout", "ready_listen", "ready_agent_listen",
        "prove",
    ),
}
