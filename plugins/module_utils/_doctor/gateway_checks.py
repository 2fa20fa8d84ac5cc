# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the gateway before the server is there for its clients, where the host has one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._base.files import read_bytes
from .._base.layout import GATEWAY_CONFIGURATION, below
from .._systemd.address import Address, effective_address
from .address_checks import listening
from .examination import Examination
from .finding import PROBLEM, Finding, Kind, seen

GATEWAY_DOWN = Kind(
    "gateway_down",
    PROBLEM,
    "nginx does not listen at {address}, so no client reaches the gateway",
    "nginx -t; systemctl restart nginx.service; or run the play site again",
)
KINDS = (GATEWAY_DOWN,)
_MARK = "(keepwarm.ollama.ollama_gateway)"
_LISTEN = re.compile(r"^ *listen (\S+?)(?: ssl)?;$", re.MULTILINE)
_LIMIT = 1 << 20  # bytes


def gateway_addresses(root: str = "/") -> tuple[Address, ...]:
    """Where the configuration of the role ollama_gateway has nginx listen; none without one. Raises `OSError`."""
    try:
        text = read_bytes(below(root, GATEWAY_CONFIGURATION), _LIMIT).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return tuple(effective_address(place) for place in _LISTEN.findall(text)) if _MARK in text else ()


def check(look: Examination) -> Iterator[Finding]:
    """One finding for each address that nobody of nginx listens at. Whose a socket is, only root learns."""
    for address in look.gateway:
        found = listening(look, address)
        if look.listeners is not None and (found is None or found.program not in ("nginx", "")):
            shown = f"{address.host}:{address.port}"
            yield GATEWAY_DOWN.found(seen(GATEWAY_CONFIGURATION, f"listen {shown}"), address=shown)
