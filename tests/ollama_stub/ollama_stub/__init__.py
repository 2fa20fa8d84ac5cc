# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the Ollama server, faithful to the 0.32 line, for tests and the demo.

It loads nothing and computes nothing: models are GGUF headers, tokens are made up. What it
imitates is the behaviour that keep-warm tools depend on: the HTTP interface, the scheduler
(who is resident, until when, who is evicted), one process per runner, and the journal.

Claims about the real server are cited as FILE:FUNCTION of github.com/ollama/ollama at v0.32.15.
"""

VERSION = "0.32.15"
STAND_IN = "keepwarm.ollama test stand-in; this is not Ollama"
