# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the collection keeps its own on a host, and what its units are called. Roles and templates aside, this is the only place that
names them; `below` is for a host whose top is elsewhere, as in a test."""

from __future__ import annotations

import os

UNITS = "/etc/systemd/system"
"""Where an administrator's units are, and ours."""
VENDOR_UNITS = ("/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
QUADLETS = "/etc/containers/systemd"
"""Where an administrator's units of Podman's are, and ours."""
QUADLET_FOLDERS = ("/run/containers/systemd", QUADLETS, "/usr/share/containers/systemd")
"""Where Podman looks for them, the folder that counts first first."""
QUADLETS_OF_USERS = f"{QUADLETS}/users"
"""Of which the managers of users make services, not the system's."""
COMPOSE_PROJECTS = "/etc/keepwarm-ollama"
"""Ours, a folder each."""
BOOT_FOLDERS = "/etc/tmpfiles.d"
"""Which folders below /run are there from a boot on."""
IN_CONTAINER_PROGRAMS = "/usr/local/lib/keepwarm"
IN_CONTAINER_READINESS = "/run/keepwarm"
"""Where a container of ours has the programs of its health check, and the folder with the readiness file."""
DROPIN = "zz-keepwarm.conf"
"""Of ours beside a server's unit; it sorts after the `override.conf` that Ollama's documentation tells people to make."""

RECORDS = "/var/lib/keepwarm-ollama"
"""What the roles note down of a host."""
SERVER_RECORDS = f"{RECORDS}/server"
ARCHIVES = f"{RECORDS}/archives"
"""Of images, while they are loaded."""
GATEWAY_CONFIGURATION = "/etc/nginx/conf.d/ollama-gateway.conf"
GATEWAY_STATE = "/var/lib/ollama-gateway"
GATEWAY_PROGRAM = "/usr/local/lib/ollama-gateway/ollama_gateway_metrics.py"
GATEWAY_RECORD = f"{RECORDS}/gateway.json"
"""Which files of the gateway nginx has loaded."""
SCRATCH = "/run/keepwarm-ollama"
MADE_MODELS = "/var/lib/ollama-model/made.json"
"""Which model was made of which file (`_residency/server/made_record.py`); a removal takes it away."""

INVOCATIONS = "/run/systemd/units"
"""systemd's own: for each unit that runs, a link to the name of this start of it."""

SERVER_COMMAND = "/usr/local/bin/ollama"
SERVER_PROGRAMS = "/usr/local/lib/ollama-server"

AGENT_COMMAND = "/usr/local/bin/ollama-warmup"
AGENT_PROGRAMS = "/usr/local/lib/ollama-warmup"
AGENT_CONFIGURATION = "/etc/ollama-warmup"
AGENT_STATE = "/var/lib/ollama-warmup"
"""Of all agents of a host; each has a folder of its own in it, as in the next two."""
AGENT_RUNTIME = "/run/ollama-warmup"
AGENT_CACHE = "/var/cache/ollama-warmup"
READINESS = "ready"
"""In the runtime folder of an agent: what load balancers and health checks read (docs/readiness.md)."""
STATE_FILE = "state.json"
MEASUREMENTS = "measurements.json"
NOTIFIERS = "/var/lib/private"
"""Where systemd keeps the state of users that are there only while a unit runs."""

DEFAULT_INSTANCE = "default"


def below(root: str, path: str) -> str:
    """A path of the host, seen from where `root` is its top."""
    return os.path.join(root, path.lstrip("/"))


def names_in(folder: str, root: str = "/") -> list[str]:
    """What is in a folder of the host, in order; nothing where there is no such folder."""
    try:
        return sorted(os.listdir(below(root, folder)))
    except OSError:
        return []


def agent_unit(instance: str, kind: str = "service", part: str = "") -> str:
    """The name of a unit of that instance; `part` is as `-watch` or `-notify`."""
    suffix = "" if instance == DEFAULT_INSTANCE else f"@{instance}"
    return f"ollama-warmup{part}{suffix}.{kind}"


def readiness_file(instance: str) -> str:
    """Of the agent of that instance."""
    return f"{AGENT_RUNTIME}/{instance}/{READINESS}"


def invocation_link(unit: str, root: str = "/") -> str:
    """The link that tells one start of a unit from the next; not there while the unit does not run."""
    return below(root, f"{INVOCATIONS}/invocation:{unit}")
