# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of notifications, judged without being shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.addresses import read_addresses

VARIABLE = "ollama_warmup_notify_urls"
_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x1f\x7f]+")
_RIGHT = "give an address in Apprise's form, such as mailtos://user:password@example.com"


def notification_problems(urls: Any) -> list[str]:
    """One sentence for each address that cannot be one, or comes twice."""
    if isinstance(urls, str):
        urls = read_addresses(urls)
    if isinstance(urls, bytes) or not isinstance(urls, Sequence):
        return [f"{VARIABLE} is a {type(urls).__name__}, not a list: give a list of addresses, or [] for none"]
    texts = [_text(url) for url in urls]
    problems = [f"{VARIABLE}[{place}] is not an address: {_RIGHT}" for place, text in enumerate(texts) if text is None]
    seen: dict[str, int] = {}
    for place, text in enumerate(texts):
        if text is not None and seen.setdefault(text, place) != place:
            problems.append(f"{VARIABLE}[{place}] is the same address as {VARIABLE}[{seen[text]}]: keep one")
    return problems


def _text(url: Any) -> str | None:
    """None for what is no address. What came from a vault may be of a type of its own, which is text when asked for it."""
    if url is None or isinstance(url, (bool, int, float, list, Mapping)):
        return None
    text = str(url)
    return text if _FORM.fullmatch(text) else None
