# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch: learns at once that a runner or a server has ended, and requests a pass."""
