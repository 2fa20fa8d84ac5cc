# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients of a gateway: who they are, what they may do, and the hashes of their tokens."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import short_repr
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName

VARIABLE = "ollama_gateway_clients"
_KEYS = {"name", "token", "token_sha256", "roles", "models", "rate", "burst"}
# nginx takes some words at the beginning of a map's line for its own, and longer ones do not fit into its default buckets.
_NAME = re.compile(r"(?!(?:default|hostnames|include|volatile)$)[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
_TOKEN = re.compile(r"[!-~]{16,512}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_RATE = re.compile(r"[1-9][0-9]{0,6}r/[sm]", re.ASCII)
_ROLES = {"admin"}


def normal_name(name: Any) -> str:
    """host/namespace/model:tag in lower case, as the judge has it. Raises `InvalidValue`."""
    parts = ModelName.parse(name)
    return f"{parts.host}/{parts.namespace}/{parts.model}:{parts.tag}".lower()


def client_problems(clients: Any) -> Iterator[str]:
    """One sentence for each thing that is wrong. No token is shown."""
    if not isinstance(clients, (list, tuple)) or not clients:
        yield f"{VARIABLE} is empty: nobody could use the gateway; give each client a name and a token"
        return
    names: set[str] = set()
    hashes: dict[str, str] = {}
    for number, client in enumerate(clients, 1):
        if not isinstance(client, Mapping) or not _NAME.fullmatch(str(client.get("name", ""))):
            yield f"{VARIABLE} has no name that could be used at entry {number}: give it one of at most 40 small letters, digits, '.', '_' and '-'"
            continue
        yield from _problems_of(client, names, hashes)


def _problems_of(client: Mapping[str, Any], names: set[str], hashes: dict[str, str]) -> Iterator[str]:
    name = client["name"]
    if name in names:
        yield f"{VARIABLE} has the name {name} twice"
    names.add(name)
    unknown = sorted(map(str, set(client) - _KEYS))
    if unknown:
        yield f"{VARIABLE} has the key {unknown[0]!r} for {name}: there are {', '.join(sorted(_KEYS))}"
    yield from _permission_problems(client, name)
    problem = _token_problem(client)
    if problem:
        yield f"{VARIABLE} has for {name} {problem}"
        return
    other = hashes.setdefault(token_hash(client), name)
    if other != name:
        yield f"{VARIABLE} has the same token for {other} and {name}: give each its own"


def _token_problem(client: Mapping[str, Any]) -> str | None:
    if ("token" in client) == ("token_sha256" in client):
        return "no token, or two: give either token or token_sha256"
    if "token" in client:
        return None if _TOKEN.fullmatch(str(client["token"])) else "a token that is none: give 16 to 512 printable ASCII characters without blanks"
    return None if _SHA256.fullmatch(str(client["token_sha256"])) else "a token_sha256 that is none: give 64 hexadecimal digits"


def _permission_problems(client: Mapping[str, Any], name: str) -> Iterator[str]:
    for role in _listed(client.get("roles")):
        if role not in _ROLES:
            yield f"{VARIABLE} has the role {short_repr(role)} for {name}: there is only 'admin'"
    for model in _listed(client.get("models")):
        try:
            normal_name(model)
        except InvalidValue as error:
            yield f"{VARIABLE} has for {name} a {error}"
    if "rate" in client and not _RATE.fullmatch(str(client["rate"])):
        yield f"{VARIABLE} has the rate {short_repr(client['rate'])} for {name}: write it as '10r/s' or '60r/m'"
    if not re.fullmatch("[0-9]{1,4}", str(client.get("burst", 0))):
        yield f"{VARIABLE} has the burst {short_repr(client['burst'])} for {name}, which is no number from 0 to 9999"


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]


def token_hash(client: Mapping[str, Any]) -> str:
    """The SHA-256 in 43 letters of base64url, as the script of nginx makes it. In hexadecimal it would not fit into nginx' default buckets."""
    hexadecimal = str(client.get("token_sha256") or hashlib.sha256(str(client["token"]).encode()).hexdigest())
    raw = bytes.fromhex(hexadecimal)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def permissions(clients: Any) -> dict[str, dict[str, Any]]:
    """What the judge has to know of each client."""
    return {
        client["name"]: {
            "admin": "admin" in _listed(client.get("roles")),
            "models": None if client.get("models") is None else sorted(map(normal_name, _listed(client["models"]))),
        }
        for client in clients
    }


def rates(clients: Any) -> list[dict[str, Any]]:
    """The different rates, each with the clients that have it."""
    found: dict[tuple[str, int], list[str]] = {}
    for client in clients:
        if "rate" in client:
            found.setdefault((str(client["rate"]), int(client.get("burst", 0))), []).append(client["name"])
    return [{"rate": rate, "burst": burst, "clients": names} for (rate, burst), names in sorted(found.items())]
