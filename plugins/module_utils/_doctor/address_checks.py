# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the server means to listen, who listens there, and whom the agent asks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from .._base.text import utc
from .._systemd.address import EVERY_INTERFACE, Address
from .examination import Examination, Listener, UnitLook
from .finding import PROBLEM, WARNING, Evidence, Finding, Kind, seen

PORT_TAKEN = Kind(
    "port_taken",
    PROBLEM,
    "port {port}, where {unit} is to listen, belongs to {owner}",
    "stop that process (and what starts it), then systemctl restart {unit}; or another port: ollama_server_host",
)
NOT_LISTENING = Kind("not_listening", PROBLEM, "{unit} runs, but nothing listens at {address}", "journalctl -u {unit} -n 50; then systemctl restart {unit}")
ASKED_ELSEWHERE = Kind(
    "agent_asks_elsewhere",
    PROBLEM,
    "the agent asks {url}, but {unit} listens at {address}",
    "run the play site again, or set ollama_warmup_url (OLLAMA_HOST of the server: ollama_server_host)",
)
SECOND_SERVER = Kind(
    "second_server",
    WARNING,
    "another Ollama than that of {unit} listens at {address}: it has memory of its own, and takes it from the same GPU",
    "stop it: it was started by hand, by a desktop application, or by another unit",
)
EXPOSED = Kind(
    "exposed",
    WARNING,
    "other machines reach {unit} at {address}, and Ollama has no authentication: anybody may unload its models",
    "ollama_server_host: 127.0.0.1:11434, with a gateway before it; or a firewall",
)
UNREACHABLE = Kind("server_unreachable", PROBLEM, "{failure}", "journalctl -u {unit} -n 50; then systemctl restart {unit}")
CLOCK_SKEW = Kind(
    "clock_skew",
    WARNING,
    "the server's clock is {seconds} s {direction} the host's: every expiry looks that much off",
    "timedatectl; chronyc makestep, or another time service",
)
KINDS = (PORT_TAKEN, NOT_LISTENING, ASKED_ELSEWHERE, SECOND_SERVER, EXPOSED, UNREACHABLE, CLOCK_SKEW)
_TOLERABLE_SKEW = 30.0  # seconds


def check(look: Examination) -> Iterator[Finding]:
    """Everything about addresses, and whether anybody answers."""
    taken: list[Finding] = []
    if look.unit and look.unit.serves and look.unit.unit.load_state == "loaded":
        taken = list(_taken(look, look.unit))
        yield from taken
        yield from _second_servers(look, look.unit)
        yield from _agent(look, look.unit)
        yield from _exposure(look.unit)
        if not taken:
            yield from _silence(look, look.unit)
    yield from _answer(look)


def listening(look: Examination, address: Address) -> Listener | None:
    """The socket that a client of this address comes to."""
    for listener in look.listeners or ():
        if listener.port == address.port and _covers(listener.host, address):
            return listener
    return None


def _taken(look: Examination, unit: UnitLook) -> Iterator[Finding]:
    holder = listening(look, unit.address)
    if holder and holder.pid and holder.unit != unit.unit.name:
        owner = f"{holder.program} (process {holder.pid}{f' of {holder.unit}' if holder.unit else ''})"
        evidence = (_socket(holder), _wanted(unit))
        yield PORT_TAKEN.found(*evidence, port=unit.address.port, unit=unit.unit.name, owner=owner)


def _silence(look: Examination, unit: UnitLook) -> Iterator[Finding]:
    if look.listeners is not None and unit.process and listening(look, unit.address) is None:
        yield NOT_LISTENING.found(_wanted(unit), unit=unit.unit.name, address=unit.address.url)


def _second_servers(look: Examination, unit: UnitLook) -> Iterator[Finding]:
    for listener in look.listeners or ():
        own = listener.unit == unit.unit.name or listener.unit.startswith("ollama@")
        if listener.program == "ollama" and not own and listener != listening(look, unit.address):
            yield SECOND_SERVER.found(_socket(listener), unit=unit.unit.name, address=f"{listener.host}:{listener.port}")


def _agent(look: Examination, unit: UnitLook) -> Iterator[Finding]:
    url = look.agent.url
    if url is None or look.is_elsewhere or _same(url, unit.address):
        return
    evidence = (seen(look.agent.configuration, f"url: {url}"), _wanted(unit))
    severity = WARNING if _gateway(look, url) else None
    yield ASKED_ELSEWHERE.found(*evidence, severity=severity, url=url, unit=unit.unit.name, address=unit.address.url)


def _gateway(look: Examination, url: str) -> bool:
    """Whether somebody else answers there, who may well pass requests on."""
    parts = urlsplit(url)
    found = listening(look, Address(parts.hostname or "", parts.port or 80))
    return found is not None and found.program != "ollama"


def _exposure(unit: UnitLook) -> Iterator[Finding]:
    if unit.address.beyond_loopback:
        shown = f"{unit.address.host or '0.0.0.0'}:{unit.address.port}"
        yield EXPOSED.found(_wanted(unit), unit=unit.unit.name, address=shown)


def _answer(look: Examination) -> Iterator[Finding]:
    server = look.server
    if server is None:
        return
    if server.failure:
        yield UNREACHABLE.found(seen(server.url, server.failure), failure=server.failure, unit=look.unit_name)
    if server.observation:
        off = server.observation.now.timestamp() - server.asked_at
        if abs(off) > _TOLERABLE_SKEW:
            evidence = seen(f"{server.url}/api/ps", f"Date: {utc(server.observation.now)}")
            yield CLOCK_SKEW.found(evidence, seconds=f"{abs(off):.0f}", direction="ahead of" if off > 0 else "behind")


def _same(url: str, address: Address) -> bool:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return port == address.port and (address.host in EVERY_INTERFACE or _covers(address.host, Address(parts.hostname or "", port)))


def _covers(host: str, address: Address) -> bool:
    """Whether a socket bound to `host` takes what a local client sends to the address."""
    wanted = "127.0.0.1" if address.host.lower() in ("localhost", "") else address.host
    if host in EVERY_INTERFACE or wanted in EVERY_INTERFACE:
        return True
    try:
        return ip_address(host) == ip_address(wanted)
    except ValueError:
        return host in ("localhost", wanted)


def _socket(listener: Listener) -> Evidence:
    return seen("/proc/net/tcp", f"{listener.host}:{listener.port} process {listener.pid} ({listener.program}) {listener.unit}".rstrip())


def _wanted(unit: UnitLook) -> Evidence:
    winner = unit.winners.get("OLLAMA_HOST")
    value = unit.environment.get("OLLAMA_HOST")
    source = winner.path if winner else ("the server's process" if unit.process else unit.unit.name)
    return seen(source, f"OLLAMA_HOST={value}" if value else "no OLLAMA_HOST, which is 127.0.0.1:11434")
