# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the page is to be written, judged before any host is asked."""

from __future__ import annotations

import os
from typing import Any

_EXAMPLE = "/srv/www/fleet.html"


def page_problem(raw: Any) -> str:
    """Why no page can be written there, as a sentence without a full stop; empty where it can. Looks at the controller's folders."""
    if not isinstance(raw, str) or not raw.strip() or "\0" in raw:
        return f"keepwarm_page {raw!r} is no path of a file: give one such as {_EXAMPLE}"
    path = os.path.expanduser(raw)
    if not os.path.isabs(path):
        return f"keepwarm_page {raw} is a relative path: give the whole one, such as {os.path.abspath(path)}"
    if os.path.isdir(path) or path.endswith("/"):
        return f"keepwarm_page {raw} is a folder: name a file in it, such as {os.path.join(path, 'fleet.html')}"
    if os.path.exists(path) and not os.path.isfile(path):
        return f"keepwarm_page {raw} is no regular file, and is not replaced: name another one"
    return _folder_problem(raw, os.path.dirname(path))


def _folder_problem(raw: str, folder: str) -> str:
    if not os.path.isdir(folder):
        return f"keepwarm_page {raw} cannot be written: there is no folder {folder} on the controller; create it first"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"keepwarm_page {raw} cannot be written: whoever runs the play may not write to the folder {folder} on the controller"
    return ""
