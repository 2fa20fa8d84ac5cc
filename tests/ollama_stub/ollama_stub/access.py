# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may ask: the checks of the Host and Origin headers (gin-contrib/cors, allowedHostsMiddleware)."""

from __future__ import annotations

import fnmatch
import ipaddress
import socket
from collections.abc import Mapping
from typing import Union

from .http_wire import Answer

_EXTENSIONS = ("chrome-extension://", "safari-extension://", "moz-extension://", "ms-browser-extension://")
_PRIVATE = [
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
]
_HEADERS = "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,OpenAI-Beta"


Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


class AccessPolicy:
    """Decides by a request's headers, for a listener on a given address."""

    def __init__(self, listening_on: str, origins: list[str]) -> None:
        self._loopback = _is_loopback(listening_on)
        self._origins = [origin.lower() for origin in origins]

    def refusal(self, method: str, headers: Mapping[str, str]) -> Answer | None:
        """The answer to a request that goes no further, or None."""
        origin, host = headers.get("origin", ""), headers.get("host", "")
        if self._is_foreign(origin, host):
            if not self._allows(origin):
                return Answer(403)
            if method == "OPTIONS":
                return Answer(204, headers=self._preflight(origin))
        if self._loopback and not self._allows_host(host):
            return Answer(403)
        if self._loopback and method == "OPTIONS" and not _address(_without_port(host)):
            return Answer(204)
        return None

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What is added to the answer of a request from another origin."""
        origin = headers.get("origin", "")
        if not self._is_foreign(origin, headers.get("host", "")):
            return {}
        if "*" in self._origins:
            return {"Access-Control-Allow-Origin": "*"}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}

    def _preflight(self, origin: str) -> dict[str, str]:
        return {
            "Access-Control-Allow-Origin": "*" if "*" in self._origins else origin,
            "Access-Control-Allow-Methods": "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS",
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": "43200",
        }

    @staticmethod
    def _is_foreign(origin: str, host: str) -> bool:
        return bool(origin) and origin not in (f"http://{host}", f"https://{host}")

    def _allows(self, origin: str) -> bool:
        origin = origin.lower()
        if origin.startswith(_EXTENSIONS):
            return True
        return any(fnmatch.fnmatchcase(origin, allowed) for allowed in self._origins)

    @staticmethod
    def _allows_host(host: str) -> bool:
        name = _without_port(host).lower()
        address = _address(name)
        if address:
            return address.is_loopback or address.is_unspecified or _is_private(address)
        if name in ("", "localhost", socket.gethostname().lower()):
            return True
        return name.endswith((".localhost", ".local", ".internal"))


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def _address(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _is_private(address: Address) -> bool:
    """Go's netip.Addr.IsPrivate, which is narrower than Python's."""
    return any(address in network for network in _PRIVATE if network.version == address.version)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address else host == "localhost"
