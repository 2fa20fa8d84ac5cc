# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of systemd and of Podman that the server's role has written, by their marks."""

from __future__ import annotations

from .._base.deployments import QUADLET
from .._base.files import read_bytes
from .._base.layout import DROPIN, QUADLETS, UNITS, below, names_in
from .marks import is_marked, role_mark

TEMPLATE, TARGET = "ollama@.service", "ollama.target"
_LIMIT = 1 << 20  # bytes


def role_files(root: str = "/") -> list[str]:
    """The role's drop-ins, its template and its target, as far as there are any."""
    names = names_in(UNITS, root)
    paths = [f"{UNITS}/{name}" for name in names if name in (TEMPLATE, TARGET)]
    paths += [f"{UNITS}/{name}/{DROPIN}" for name in names if name.endswith(".service.d")]
    paths += _quadlet_files(root)
    return [path for path in paths if _is_ours(below(root, path))]


def _quadlet_files(root: str) -> list[str]:
    """Drop-ins and units for Podman."""
    names = names_in(QUADLETS, root)
    units = [f"{QUADLETS}/{name}" for name in names if name.endswith(QUADLET.suffix)]
    return [*units, *(f"{QUADLETS}/{name}/{DROPIN}" for name in names if name.endswith(f"{QUADLET.suffix}.d"))]


def _is_ours(path: str) -> bool:
    try:
        return is_marked(path, read_bytes(path, _LIMIT), role_mark("ollama_server"))
    except OSError:
        return False
