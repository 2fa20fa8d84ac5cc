# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that speaks to an Ollama server."""

from __future__ import annotations


class ModuleDocFragment:
    """The server's address and how long to wait for it."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The server's address, as seen from the host the module runs on.
      - Proxy settings of the environment are not used for it.
    type: str
    default: http://127.0.0.1:11434
  connect_timeout:
    description: How many seconds a connection may take.
    type: float
    default: 5
  answer_timeout:
    description:
      - How many seconds an answer may take, other than that to a load.
      - The server answers C(/api/ps) late while it unloads a model, so that less than 15 is asking for failures.
    type: float
    default: 20
requirements:
  - Python 3.9 or newer on the host
  - Ollama 0.10 or newer
"""
