# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor as the command of the agent runs it: print, and end with a status. The module does the same with a result."""

from __future__ import annotations

import json
import os
import sys

from .diagnosis import BLIND
from .examine import CannotLook, examine, instances, require_root_and_systemd
from .page import page, report


def doctor(instance: str | None, as_json: bool) -> int:
    """0: nothing wrong; 1: problems were found; 2: nobody could look, or not everywhere. None is every instance of the host."""
    try:
        require_root_and_systemd()
    except CannotLook as reason:
        print(f"ollama-warmup: {reason}", file=sys.stderr)
        return BLIND
    told = report(os.uname().nodename, [examine(name) for name in ([instance] if instance else instances())])
    print(json.dumps(told, indent=2) if as_json else page(told))
    return int(told["exit"])
