# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host agent: keeps the declared models of one Ollama server resident, pass by pass."""
