# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images the role has brought to the host, noted before they come, so that a removal takes them away; those that were there stay."""

from __future__ import annotations

from collections.abc import Iterable

from .. import _server_state
from .._base.layout import SERVER_RECORDS, below

_OWNER, _WHAT = "containers", "images"


def noted_images(root: str = "/") -> list[str]:
    """Raises `StateError`."""
    found = _server_state.read(_OWNER, _WHAT, below(root, SERVER_RECORDS)) or {}
    return [str(image) for image in found.get(_WHAT, ())]


def note_images(images: Iterable[str]) -> None:
    """Beside those noted before. Raises `StateError`."""
    before = noted_images()
    after = list(dict.fromkeys([*before, *images]))
    if after != before:
        _server_state.write(_OWNER, _WHAT, {_WHAT: after})
