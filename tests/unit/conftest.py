# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all unit tests share: `support` beside this file is importable, hypothesis judges nothing by time, and templates of the roles
find the collection's own filters, as they do in a play."""

from __future__ import annotations

from ansible.plugins.loader import init_plugin_loader
from hypothesis import HealthCheck, settings

# Before anything of the collection is imported: Ansible's finder takes no package that Python's own has found.
init_plugin_loader()

settings.register_profile(
    "keepwarm",
    deadline=None,  # a busy machine is no defect
    max_examples=75,  # `make fuzz` draws ten thousand
    derandomize=True,  # a red run is red again
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
settings.load_profile("keepwarm")
