# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent remembers from one pass to the next, and how its files are read and written."""
