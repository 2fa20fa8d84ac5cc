# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass from its beginning to its end: observe, plan, act, verify, and what is carried over to the next."""
