# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that somebody declared, and what is wrong with them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import short_repr


def network_settings(variables: Mapping[str, Any]) -> dict[str, Any]:
    """variables: lists of networks by the names of their inputs."""
    return {"problems": [problem for name, entries in variables.items() for problem in network_problems(name, entries)]}


def network_problems(name: str, entries: Iterable[Any]) -> Iterator[str]:
    """One sentence for each that is none. An address alone is a network of one."""
    for entry in entries:
        try:
            network = ipaddress.ip_network(str(entry).replace("%", " "))  # nobody takes a network with a scope
        except ValueError:
            yield f"{name} has {short_repr(entry)}, which is no network: write '10.0.0.0/8', without bits of a host"
            continue
        mapped = getattr(network.network_address, "ipv4_mapped", None)
        if mapped:
            yield f"{name} has {short_repr(entry)}, as which no packet comes: write the IPv4 address itself, as in {mapped}"
