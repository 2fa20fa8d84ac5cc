# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server is this machine's, so that its unit and its processes can be looked at. The only place that decides it.

A server listens wherever OLLAMA_HOST says: on loopback, on the machine's address in a LAN or a VPN, on all of them. So what
counts is whether the URL names an address that this machine has now, not whether it is a loopback address.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from ..._base.background import Background

_RESOLVING = 3.0  # seconds; a resolver that hangs is no reason to wait longer for what only adds knowledge
_MAY_BIND_ANYTHING = {socket.AF_INET: "ipv4", socket.AF_INET6: "ipv6"}


def own_unit(url: str, unit: str | None, declared: bool | None = None) -> str | None:
    """The unit, where the server at the URL is this machine's, else None. `declared` is what whoever wrote the URL down knew:
    true for one that was read from the unit itself."""
    return unit if unit and (declared or names_this_host(url)) else None


def names_this_host(url: str) -> bool:
    """Whether every address that the URL's host stands for is this machine's own. A name that does not resolve is not."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:  # no address at all
        return False
    if host == "localhost" or _is_loopback(host):
        return True
    found = _addresses(host)
    return bool(found) and all(_is_own(family, address) for family, address in found)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _addresses(host: str) -> list[tuple[int, Any]]:
    call = Background(lambda: socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM))
    try:
        found = call.result() if call.wait(_RESOLVING) else []
    except (OSError, ValueError):  # ValueError: a name that no resolver is asked for, such as one with an empty label
        return []
    return [(int(family), address) for family, _kind, _protocol, _canonical, address in found]


def _is_own(family: int, address: Any) -> bool:
    """The kernel gives a socket no source address that is not the machine's, unless it was told to (`ip_nonlocal_bind`); then
    only the way that it would take there tells."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address[0], 0, *address[2:]))
        return not _binds_anything(family) or _leads_back(family, address)
    except OSError:
        return False


def _leads_back(family: int, address: Any) -> bool:
    """Whether the source address of a packet to the address would be the address itself. Sends none."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((address[0], 9, *address[2:]))
        return bool(probe.getsockname()[0] == address[0])


def _binds_anything(family: int) -> bool:
    try:
        with open(f"/proc/sys/net/{_MAY_BIND_ANYTHING[socket.AddressFamily(family)]}/ip_nonlocal_bind", encoding="ascii") as file:
            return file.read().strip() == "1"
    except (OSError, ValueError, KeyError):
        return False
