# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pass every few minutes should cost next to nothing, and most of what it costs is importing the HTTP library."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast


def spare_tls(url: str) -> None:
    """Before requests is imported: plain http needs no TLS, and reading all the system's certificates is a fifth of a pass.

    requests and urllib3 do without where Python was built without TLS; they are told that this one was.
    """
    if url.startswith("http://"):
        cast("dict[str, ModuleType | None]", sys.modules).setdefault("ssl", None)
