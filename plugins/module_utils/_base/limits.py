# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits that more than one place judges by.

How much of what a server says is read, kept and shown: a real server stays far below, a hostile one gets no further. And what an operator
may set, which the play judges before it writes, and the agent when it reads.
"""

from __future__ import annotations

LONG_ANSWER = 4 * 1024 * 1024
"""Bytes of a list or of a model's description: a list of 2000 models takes 1.2 MB, a long licence some 100 kB."""
SHORT_ANSWER = 64 * 1024
"""Bytes of any other answer, of an error, and of one line of a stream."""
INSTALLED_MODELS = 5000
RESIDENT_MODELS = 1000
VERSION = 60
"""Characters of a version's text."""
WORD = 60
"""Characters of one word of a model's description, such as its architecture or a capability."""
CAPABILITIES = 32
DIGITS = 24
"""Digits of a whole number; Go's int64 has 19. Reading longer ones takes time that grows with their square."""

DAY = 86400
"""Seconds. No wait that somebody sets is longer."""
RELOADS = 60
"""How many an hour may cost, where nobody says otherwise."""
CONTEXT_RELOADS = 3
"""How many of them one model's context may."""
MOST_RELOADS = 1000
RESTART_AFTER = 600.0
"""Seconds that a trouble must have stood for a restart of the server."""
NEVER = "never"
WHEN_STUCK = "when_stuck"
RESTARTS = (NEVER, WHEN_STUCK)
"""When the agent may have the server restarted."""
