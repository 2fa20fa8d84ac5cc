# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`OLLAMA_HOST`: where the server listens, read as the server reads it (envconfig/config.go, Host). Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from .._base.readers import InvalidValue

DEFAULT_PORT = 11434
EVERY_INTERFACE = ("", "0.0.0.0", "::")
"""Hosts of which a server takes what is sent to any address of the machine."""
_SCHEME_PORTS = {"http": 80, "https": 443}
_LOOPBACK_NAMES = ("localhost", "ip6-localhost")


class AddressError(InvalidValue):
    """An OLLAMA_HOST that the server would not take as it was meant; the message is one sentence."""


@dataclass(frozen=True)
class Address:
    """The host (empty: every interface) and port that the server listens on."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The base URL for a client on the same host. Always http: Ollama itself speaks no TLS, whatever the scheme."""
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def beyond_loopback(self) -> bool:
        """Whether other machines may reach it. A name that is not known for loopback counts as reachable."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() not in _LOOPBACK_NAMES


def effective_address(text: str) -> Address:
    """What the server makes of `OLLAMA_HOST`, however odd: a port that is none becomes the default."""
    scheme, separator, rest = text.strip().strip("\"'").partition("://")
    if not separator:
        scheme, rest = "", scheme
    default = _SCHEME_PORTS.get(scheme, DEFAULT_PORT)
    host, port = _split(rest.partition("/")[0])
    if port is None:
        return Address(host or "127.0.0.1", default)
    return Address(host, int(port) if _is_port(port) else default)


def check_address(text: str) -> None:
    """Raise `AddressError` unless the server takes `text` as it is written (envconfig/config.go, Host)."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme != "http":
        raise AddressError(f"{text!r} asks for {scheme}, but Ollama speaks plain http only: use ADDRESS:PORT")
    hostport = rest.partition("/")[0] if separator else text
    host, port = _split(hostport)
    if separator and not port and _is_host(host):
        raise AddressError(f"{text!r} means port {_SCHEME_PORTS[scheme]}: write {hostport.rstrip(':')}:{DEFAULT_PORT}, or the port that is meant")
    if not _fits(host, port):
        raise AddressError(
            f"{text!r} is not an address to listen on: use ADDRESS or ADDRESS:PORT, such as 127.0.0.1:11434 or [::1]:11434"
        )


def _fits(host: str, port: str | None) -> bool:
    """A colon without a port means the default one; a port without a host, every interface."""
    if port and not (_is_port(port) and int(port) > 0):
        return False
    return _is_host(host) or (host == "" and bool(port))


def _split(hostport: str) -> tuple[str, str | None]:
    """Host and port (None: not given), as Go's net.SplitHostPort with the server's own fallback."""
    host, colon, port = hostport.rpartition(":")
    if hostport.startswith("[") and host.endswith("]"):
        return host[1:-1], port
    if colon and ":" not in host:
        return host, port
    return hostport.strip("[]"), None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= 65535


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        labels = text.split(".")
        return not labels[-1].isdigit() and all(_is_label(label) for label in labels)
    return True


def _is_label(text: str) -> bool:
    return text.isascii() and text.replace("-", "").replace("_", "").isalnum() and not text.startswith("-") and not text.endswith("-")
