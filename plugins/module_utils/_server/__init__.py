# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of systemd units of ours, brought from wherever the host is to how it is wanted: decided by what is on disk and by what the
manager has loaded and runs, never by what a task has just changed."""

from __future__ import annotations
