# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of an agent's files: from a server's settings and the role's templates, which read nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.parts import (
    METRICS,
    NOTIFY,
    ROLE,
    Names,
    features_of,
    wanted_templates,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.marks import MANAGED_BY, role_mark
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_SLEEP = ("suspend.target", "hibernate.target", "hybrid-sleep.target", "suspend-then-hibernate.target")
_CONTAINERS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]  # private networks, out of which engines take theirs
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f:.]*:[0-9a-f:.]*")
_WANT = "-gate-want"


def templates_of(folder: str) -> Environment:
    """Texts for systemd and Python, in which nothing is escaped; a name that nobody gives is an error."""
    return Environment(
        loader=FileSystemLoader(folder), trim_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined
    )


def command_text(templates: Environment, python: str) -> str:
    """The program that starts the agent."""
    return templates.get_template("ollama-warmup.j2").render(Names("default").values, python=python)


def server_texts(templates: Environment, entry: Mapping[str, Any], host: Mapping[str, Any]) -> dict[str, Any]:
    """One server as the module ollama_agent takes it. host: url, container_network, systemd, user, python, notify,
    metrics_directory."""
    judged, names = entry["judged"], Names(entry["name"])
    features = features_of(entry["settings"], judged["gates"], host["notify"])
    given = {
        **names.values,
        "unit": entry["unit"],
        "settings": judged,
        "user": host["user"],
        "python": host["python"],
        "systemd": int(host["systemd"]),
        "notify": NOTIFY in features,
        "metrics": METRICS in features,
        "sleep_targets": _SLEEP,
        "ip_allow": reachable(host["url"], host["container_network"] or not entry["follows_unit"]),
    }
    return {
        "name": entry["name"],
        "features": features,
        "configuration": configuration_text(entry, host["url"], NOTIFY in features),
        "contents": {key: _render(templates, key, given) for key in wanted_templates(features)},
        "gates": {gate["unit"]: gate["mode"] for gate in judged["gates"]},
        "metrics_directory": host["metrics_directory"] if METRICS in features else "",
    }


def configuration_text(entry: Mapping[str, Any], url: str, notify: bool) -> str:
    """What the agent reads."""
    judged = entry["judged"]
    configuration = {
        MANAGED_BY: role_mark(ROLE),
        "url": url,
        "unit": entry["unit"],
        "follows_unit": bool(entry["follows_unit"]),
        "policy": judged["policy"],
        "deadlines": {"load": judged["load_timeout"]},
        "ready_timeout": judged["ready_timeout"],
        "reload_budget": judged["reload_budget"],
        "context_reloads": judged["context_reloads"],
        "metrics": judged["metrics"],
        "restart_server": entry["settings"].get("restart_server", "never"),
        "restart_server_after": judged["restart_server_after"],
        "proof_age": judged["proof_age"],
        "notify": notify,
    }
    return json.dumps(configuration, indent=2, sort_keys=True) + "\n"


def reachable(url: str, in_containers: bool = False) -> list[str]:
    """All that a pass and the gates may reach, where the URL has an address; a name stands for whatever it is resolved to.

    `in_containers`: a port of this host may be passed on into a container's network. systemd judges a packet after the kernel has put the
    container's address into it.
    """
    host = urlsplit(url).hostname or ""
    containers = _CONTAINERS if in_containers else []
    if host == "localhost":
        return [host, *containers]
    return ["localhost", host, *containers] if _ADDRESS.fullmatch(host) else []


def _render(templates: Environment, key: str, given: Mapping[str, Any]) -> str:
    """Both modes of a gate have one template."""
    mode = "want" if _WANT in key else "require"
    return templates.get_template(f"{key.replace(_WANT, '-gate')}.j2").render(given, gate_mode=mode)
