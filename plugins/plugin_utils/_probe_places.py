# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where load balancers are told whether a host is ready: the addresses of its sockets, judged."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import short_repr
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.clashes import overlap
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.address import Address

HTTP, AGENT = "ready_listen", "ready_agent_listen"
_PLACE = re.compile(r"(?:(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<four>[0-9.]+)):)?(?P<port>[0-9]{1,5})", re.ASCII)
_RIGHT = "write a port such as 11436, or an address with one such as '10.0.0.5:11436'"
_ALL_SIX = "::"  # which takes IPv4, too
_EVERYWHERE = "0.0.0.0"  # a port alone is open on every interface


def probe_places(raw: Mapping[str, Any], name: Callable[[str], str], problems: list[str]) -> dict[str, Any]:
    """As the units take them. `ready_agent_port` is None without an agent-check; what is wrong is added to `problems`, one sentence each."""
    found = {key: list(_places(raw.get(key), name(key), problems)) for key in (HTTP, AGENT)}
    ports = {place.port for place in found[AGENT]}
    if len(ports) > 1:
        problems.append(f"{name(AGENT)} has more than one port: HAProxy asks on one, give it at several addresses")
    if ports & {place.port for place in found[HTTP]}:
        problems.append(f"{name(AGENT)} has a port of {name(HTTP)}: an agent-check speaks no HTTP, give it a port of its own")
    for key in (HTTP, AGENT):
        problems += _met_twice(name(key), found[key])
    texts = {key: [_text(place) for place in places] for key, places in found.items()}
    return {**texts, "ready_agent_port": next(iter(ports), None)}


def _met_twice(variable: str, places: Iterable[Address]) -> Iterator[str]:
    """systemd opens all sockets of a unit or none."""
    for one, other in combinations(places, 2):
        if one.port == other.port and (one.host == other.host or _takes(one.host, other.host) or _takes(other.host, one.host)):
            yield f"{variable} has {_text(one)} and {_text(other)}, of which only one can be open: take one away"


def _takes(one: str, other: str) -> bool:
    """Whether a socket of one address has what is sent to the other."""
    return one == _ALL_SIX or (one == _EVERYWHERE and ":" not in other)


def shared_places(servers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One sentence for each place that two servers of a host would be asked at. servers: each with its `name` and its `judged` settings."""
    taken: list[tuple[str, Address]] = []
    for server in servers:
        places = [_parse(text) for key in (HTTP, AGENT) for text in server["judged"].get(key) or ()]
        for place in filter(None, places):
            other = next((name for name, held in taken if name != server["name"] and overlap(held, place)), None)
            if other:
                yield (
                    f"instances {other} and {server['name']} would both answer load balancers on port {place.port}: give each its own in"
                    f" warmup.{HTTP} and warmup.{AGENT}"
                )
            taken.append((server["name"], place))


def _places(raw: Any, variable: str, problems: list[str]) -> Iterator[Address]:
    if not isinstance(raw or [], (list, tuple)):
        problems.append(f"{variable} is {short_repr(raw)}, not a list: {_RIGHT}")
        return
    for entry in raw or []:
        place = None if isinstance(entry, bool) else _parse(str(entry))
        if place is None:
            problems.append(f"{variable} has {short_repr(entry)}: {_RIGHT}")
        else:
            yield place


def _parse(text: str) -> Address | None:
    found = _PLACE.fullmatch(text)
    if not found or not 1 <= int(found["port"]) <= 65535:
        return None
    host = found["six"] or found["four"]
    try:
        return Address(str(ipaddress.ip_address(host)) if host else _EVERYWHERE, int(found["port"]))
    except ValueError:
        return None


def _text(place: Address) -> str:
    return f"[{place.host}]:{place.port}" if ":" in place.host else f"{place.host}:{place.port}"
