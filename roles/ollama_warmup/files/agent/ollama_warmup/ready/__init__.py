# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What load balancers are told: the readiness file, the rule by which it counts, and the answers."""
