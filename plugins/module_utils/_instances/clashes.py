# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two instances of one host may not have in common. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from .._systemd.address import EVERY_INTERFACE, Address, effective_address
from .entry import DEFAULT, Entry

_REPLACE = "ollama_server_instances_replace"
_OF_WARMUP = ("warm-gate", "warm-gate-want", "warmup", "warmup-notify", "warmup-ready", "warmup-restart", "warmup-watch")
_OWN_SERVICES = frozenset({"firewall", "gateway-metrics", "gpu-ready", "pull", *_OF_WARMUP})
"""What follows `ollama-` in the names of the collection's other units."""


def clashes(entries: Sequence[Entry]) -> Iterator[str]:
    """One sentence for each name, address and device that two instances share."""
    for one, other in combinations(entries, 2):
        if one.name == other.name:
            yield f"two instances are named {one.name}: give one of them another name"
        elif overlap(one.address, other.address):
            yield (
                f"instances {one.name} and {other.name} would both listen on {shown(one.address)}"
                f"{'' if one.address == other.address else f' ({shown(other.address)})'}: give one of them another port"
            )
        yield from _shared_devices(one, other)


def composed_clashes(names: Sequence[str]) -> Iterator[str]:
    """Of the servers of Compose: one sentence for each two whose projects, which have no capitals, would be one, and for each that would be taken for
    another unit of the collection. Same names are told of by `clashes`."""
    for one, other in combinations(names, 2):
        if one != other and one.lower() == other.lower():
            yield f"instances {one} and {other} would share one project of Compose, whose name has no capitals: give one of them another name"
    for name in names:
        if name in _OWN_SERVICES:
            yield f"instance {name} would be called ollama-{name}.service, which is another unit of this collection: give it another name"


def overlap(one: Address, other: Address) -> bool:
    """Whether a second server could not listen there while a first one does."""
    if one.port != other.port:
        return False
    hosts = {_normal(one.host), _normal(other.host)}
    return len(hosts) == 1 or bool(hosts & set(EVERY_INTERFACE))


def shown(address: Address) -> str:
    """As OLLAMA_HOST has it."""
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"


def undeclared_server(addresses: Mapping[str, Address], seen: Mapping[str, Any]) -> str | None:
    """Why the plain server, of which `ollama_unit_info` told `seen`, is in the way of the declared ones, by name; None if it is not."""
    if DEFAULT in addresses:  # that is the plain server itself
        return None
    if seen["active_state"] not in ("active", "activating", "reloading") and not seen["enabled"]:
        return None
    address = effective_address((seen["environment_predicted"] or {}).get("OLLAMA_HOST", ""))
    met = [name for name, declared in addresses.items() if overlap(declared, address)]
    managed = seen["dropin"] in seen["dropin_paths"]
    if not met and not managed:
        return None
    why = f"listens on {shown(address)}, as instance {met[0]} is to" if met else "was declared before, and is not any more"
    return (
        f"{seen['unit']} {why}: stop it for good with 'systemctl disable --now {seen['unit']}', let the role do that by"
        f" {_REPLACE}, or give it an entry named default and an address of its own"
    )


def _shared_devices(one: Entry, other: Entry) -> Iterator[str]:
    for device in sorted({text.lower() for text in one.devices or ()} & {text.lower() for text in other.devices or ()}):
        yield f"instances {one.name} and {other.name} would both use the GPU {device}: leave it to one of them"


def _normal(host: str) -> str:
    name = "127.0.0.1" if host.lower() == "localhost" else host
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower()
