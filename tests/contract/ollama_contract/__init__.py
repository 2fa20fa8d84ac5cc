# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaying recorded exchanges with a real Ollama server on another one, and comparing."""
