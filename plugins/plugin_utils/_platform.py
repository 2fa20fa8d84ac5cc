# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between distributions: names of packages and folders, from one file for each family in a role's vars/."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

_ROLES = pathlib.Path(__file__).parents[2] / "roles"
FAMILIES = ("Archlinux", "Debian", "RedHat", "Suse")
"""As Ansible's fact os_family names them."""
_ELSE = "default"
_OF = "_of"
"""What a key ends with that has other values for single distributions of the family."""
WITHOUT_SYSTEMD = ("Alpine", "Chimera", "Void", "Slackware", "FreeBSD", "OpenBSD", "NetBSD", "DragonFly", "Darwin", "Solaris")


def platform(asked: Mapping[str, Any]) -> dict[str, Any]:
    """asked: `role`, and `facts` of the host (os_family, distribution), which may lack both. What the role's file for that family says, and
    `problems`."""
    facts = asked.get("facts") or {}
    family, distribution = (str(facts.get(key) or "") for key in ("os_family", "distribution"))
    found = dict(_read(str(asked["role"]), family if family in FAMILIES else _ELSE))
    special = {key.removesuffix(_OF): found.pop(key) for key in list(found) if key.endswith(_OF)}
    found |= {key: values[distribution] for key, values in special.items() if distribution in values}
    return {**found, "family": family, "distribution": _named(facts), "problems": _problems(family, _named(facts))}


def _problems(family: str, named: str) -> list[str]:
    if family not in WITHOUT_SYSTEMD:
        return []
    return [f"This host runs {named}, which has no systemd, whose units are what is managed here: it is not supported (docs/platforms.md)"]


def _named(facts: Mapping[str, Any]) -> str:
    """As a sentence has it."""
    return " ".join(str(facts[key]) for key in ("distribution", "distribution_version") if facts.get(key)) or "an unknown distribution"


@cache
def _read(role: str, family: str) -> Mapping[str, Any]:
    variables = yaml_load((_ROLES / role / "vars" / f"{family}.yml").read_text(encoding="utf-8"))
    found: Mapping[str, Any] = variables[f"__{role}_platform"]
    return found
