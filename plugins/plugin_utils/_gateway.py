# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a gateway: validated, and as its script reads them."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from ansible.utils.display import Display
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.deployments import COMPOSE
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import INVOCATIONS, readiness_file
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import short_repr
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.entry import Entry, EntryError, only_entry, read_entry
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.model_list import is_given, read_models
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import policy_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import PolicyError, parse_policy

from ._gateway_clients import client_problems, normal_name, permissions, rates, token_hash
from ._networks import network_problems

_LISTEN = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})", re.ASCII)
_PATH = re.compile(r"/[A-Za-z0-9._/+@-]+", re.ASCII)
_SIZE = re.compile(r"[1-9][0-9]{0,5}[kKmM]", re.ASCII)
_ROUTE = re.compile(r"(?:GET|HEAD|POST|PUT|PATCH|DELETE) /[A-Za-z0-9._/-]*", re.ASCII)
# Longer ones do not fit into nginx' default buckets.
_ORIGIN = re.compile(r"(?=.{1,40}\Z)https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?", re.ASCII)
_RIGHT_ORIGIN = "such as 'https://chat.example', with at most 40 characters"
_UPSTREAM = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}", re.ASCII)
_READY_PATH = re.compile(r"(?!/(?:api|v1)(?:/|\Z))(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+", re.ASCII)
_LISTS = {"listen": "0.0.0.0:11443", "allow": "10.0.0.0/8", "deny": "10.0.0.0/8", "origins": "https://chat.example", "routes": "GET /api/status"}
_NUMBERS = {"timeout": (1, "whole seconds, at least 1"), "connections": (0, "a whole number, 0 for any")}
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)
_WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)


def gateway_settings(variables: Mapping[str, Any]) -> dict[str, Any]:
    """`problems`, one sentence each; without any also `composed`, `listen`, `settings`, `tokens` and `rates`. What the settings cost is a warning.

    The keys of `variables` are the role's variables without their prefix, `resident` and `instances` those of other roles.
    """
    raw = {**variables, **_served(variables)}
    problems = list(_shape_problems(raw)) or list(_problems(raw))
    if problems:
        return {"problems": problems}
    found = _settings(raw)
    for sentence in _warnings(found):
        Display().warning(sentence)
    return {
        "problems": [],
        "composed": raw["composed"],
        "listen": [{"address": address, "port": port} for address, port in map(_place, raw["listen"])],
        "settings": found,
        "tokens": [{"hash": token_hash(client), "client": client["name"]} for client in raw["clients"]],
        "rates": rates(raw["clients"]),
    }


def _served(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The server behind the gateway: its `models`, and as `others` the units of the host where it is none of them."""
    declared, entries = variables["models"], list(_entries(variables))
    entry = next((entry for entry in entries if _unit(entry, variables) == variables["unit"]), None)
    if entry and entry.models is not None and declared == variables["resident"]:
        declared = entry.models
    return {
        "models": (read_models(declared) or []) if is_given(declared) else [],
        "others": [] if entry else [_unit(entry, variables) for entry in entries],
        "ready_instance": entry.name if entry else variables["ready_instance"],
        "composed": _composed(entry, variables),
    }


def _entries(variables: Mapping[str, Any]) -> Iterator[Entry]:
    """Those that can be read; the role of the server says what is wrong with the others."""
    listed = variables["instances"]
    for place, raw in enumerate(listed if isinstance(listed, (list, tuple)) else (), 1):
        with suppress(EntryError):
            yield read_entry(raw, place, variables["host"])


def _unit(entry: Entry, variables: Mapping[str, Any]) -> str:
    return entry.unit("ollama.service", entry.deployment(variables["deployment"]))


def _composed(entry: Entry | None, variables: Mapping[str, Any]) -> dict[str, str]:
    """Of a server in a container of Compose, of which systemd tells nothing: where it `listens`, and its `address` for nginx."""
    if entry is None and not variables["instances"] and variables["deployment"] == COMPOSE and variables["unit"] == variables["server_unit"]:
        with suppress(EntryError):
            entry = only_entry(variables["host"])
    if entry is None or entry.deployment(variables["deployment"]) != COMPOSE:
        return {}
    return {"listens": entry.address.host or "0.0.0.0", "address": urlsplit(entry.address.url).netloc}


def _shape_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Ansible takes a text for a list, of which nginx would get each character."""
    for name, right in _LISTS.items():
        if not isinstance(raw[name], (list, tuple)):
            yield f"ollama_gateway_{name} is {short_repr(raw[name])}, not a list: write ['{right}']"


def _problems(raw: Mapping[str, Any]) -> Iterator[str]:
    if raw["others"]:
        yield (
            f"ollama_gateway_unit is {raw['unit']}, none of the servers in ollama_server_instances: a gateway stands before one server,"
            f" so give the unit of that one, {' or '.join(raw['others'])}"
        )
    yield from client_problems(raw["clients"])
    yield from _listen_problems(raw)
    yield from _network_problems(raw)
    for name, pattern, right in (("routes", _ROUTE, "a method and a path such as 'GET /api/status'"), ("origins", _ORIGIN, _RIGHT_ORIGIN)):
        for entry in raw[name]:
            if not pattern.fullmatch(str(entry)):
                yield f"ollama_gateway_{name} has {short_repr(entry)}: write {right}"
    if not _SIZE.fullmatch(str(raw["body_size"])):
        yield f"ollama_gateway_body_size is {short_repr(raw['body_size'])}: write it as '32m'"
    if raw["upstream"] and not _UPSTREAM.fullmatch(str(raw["upstream"])):
        yield f"ollama_gateway_upstream is {short_repr(raw['upstream'])}: write it as '127.0.0.1:11434'"
    if raw["ready_path"] and not _READY_PATH.fullmatch(str(raw["ready_path"])):
        yield f"ollama_gateway_ready_path is {short_repr(raw['ready_path'])}: write a path outside of /api and /v1, such as '/ready', or '' for none"
    yield from _number_problems(raw)
    yield from _model_problems(raw["models"])


def _listen_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    certificate, key = raw["tls_certificate"], raw["tls_key"]
    if bool(certificate) != bool(key):
        yield "ollama_gateway_tls_certificate and ollama_gateway_tls_key go together: give both, or none"
    for name, path in (("tls_certificate", certificate), ("tls_key", key), ("metrics_directory", raw["metrics_directory"])):
        if path and not _PATH.fullmatch(str(path)):
            yield f"ollama_gateway_{name} is {short_repr(path)}, which is no absolute path of plain characters"
    if not raw["listen"]:
        yield "ollama_gateway_listen is empty: give at least one address with a port"
    for entry in raw["listen"]:
        yield from _place_problems(entry, bool(certificate))


def _place_problems(entry: Any, tls: bool) -> Iterator[str]:
    try:
        address = _place(entry)[0]
    except ValueError:
        yield f"ollama_gateway_listen has {short_repr(entry)}: write '0.0.0.0:11443', or '[::]:11443'"
        return
    if not tls and not ipaddress.ip_address(address).is_loopback:
        yield f"ollama_gateway_listen has {entry} without TLS, so tokens could be read on the way: give ollama_gateway_tls_certificate"


def _place(entry: Any) -> tuple[str, int]:
    """Address and port. Raises `ValueError`."""
    found = _LISTEN.fullmatch(str(entry))
    if not found or not 0 < int(found[3]) < 65536:
        raise ValueError(entry)
    return str(ipaddress.ip_address(found[1] or found[2])), int(found[3])


def _network_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    for name in ("allow", "deny"):
        yield from network_problems(f"ollama_gateway_{name}", raw[name])


def _number_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    for name, (least, right) in _NUMBERS.items():
        if not _NUMBER.fullmatch(str(raw[name])) or int(raw[name]) < least:
            yield f"ollama_gateway_{name} is {short_repr(raw[name])}: give {right}"


def _model_problems(models: Any) -> Iterator[str]:
    try:
        parse_policy({"models": models})
    except PolicyError as error:
        yield f"ollama_gateway_models: {error}"


def _warnings(found: Mapping[str, Any]) -> Iterator[str]:
    names = [name for name, model in found["models"].items() if model["num_ctx"] is not None]
    if names and found["options"] != "pass":
        yield (
            f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} declared with num_ctx: a request below /v1 cannot ask for a context, so it"
            " loads such a model anew with the server's default. Give the model this context in its Modelfile, or all models in"
            " ollama_server_context_length"
        )


def _settings(raw: Mapping[str, Any]) -> dict[str, Any]:
    models = policy_data(parse_policy({"models": raw["models"]}))["models"] or []
    return {
        "keep_alive": raw["keep_alive"],
        "unload": raw["unload"],
        "options": raw["options"],
        "undeclared": raw["undeclared"],
        "server_keep_alive": _as_request(raw["server_keep_alive"]),
        "models": {normal_name(model["name"]): {"keep_alive": json.dumps(model["keep_alive"]), "num_ctx": model["num_ctx"]} for model in models},
        "clients": permissions(raw["clients"]),
        "routes": list(raw["routes"]),
        "ready": {"path": raw["ready_path"], "file": readiness_file(raw["ready_instance"]), "units": INVOCATIONS},
    }


def _as_request(value: Any) -> str | None:
    """The server's OLLAMA_KEEP_ALIVE as the JSON of a request, in which a number of seconds is no text; None where it is not known."""
    text = str(value).strip()
    if not text:
        return None
    return str(int(text)) if _WHOLE.fullmatch(text) else json.dumps(text)
