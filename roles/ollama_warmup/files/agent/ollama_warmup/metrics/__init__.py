# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of the last pass, as Prometheus' textfile collector reads them."""
