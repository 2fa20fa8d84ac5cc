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
from ansible.plugins.loader import module_loader

_ROLES = pathlib.Path(__file__).parents[2] / "roles"
FAMILIES = ("Archlinux", "Debian", "RedHat", "Suse")
"""As Ansible's fact os_family names them."""
_ELSE = "default"
_OF = "_of"
"""What a key ends with that has other values for single distributions of the family."""
WITHOUT_SYSTEMD = ("Alpine", "Slackware", "FreeBSD", "OpenBSD", "NetBSD", "DragonFly", "Darwin")


def platform(asked: Mapping[str, Any]) -> dict[str, Any]:
    """asked: `role`; `facts` of the host, which may lack all of os_family, distribution and pkg_mgr; as `lacking`, by what is to be installed,
    the input that names its package and the name that counts. What the role's file for that family says, `problems`, and `package_problems`."""
    facts = asked.get("facts") or {}
    family, distribution = (str(facts.get(key) or "") for key in ("os_family", "distribution"))
    found = dict(_read(str(asked["role"]), family if family in FAMILIES else _ELSE))
    special = {key.removesuffix(_OF): found.pop(key) for key in list(found) if key.endswith(_OF)}
    found |= {key: values[distribution] for key, values in special.items() if distribution in values}
    named = _named(facts)
    unknown = [problem for what, (given, package) in (asked.get("lacking") or {}).items() for problem in _unknown(what, given, package, named)]
    package_problems = (unknown or _unmanageable(facts, named)) if asked.get("lacking") else []
    return {**found, "family": family, "distribution": named, "problems": _problems(family, named), "package_problems": package_problems}


def _problems(family: str, named: str) -> list[str]:
    if family not in WITHOUT_SYSTEMD:
        return []
    return [f"This host runs {named}, which has no systemd, whose units are what is managed here: it is not supported (docs/platforms.md)"]


def _unknown(what: str, given: str, package: Any, named: str) -> list[str]:
    if package:
        return []
    choice = f", or name a package in {given}" if given else ""
    return [f"This host lacks {what}, and no package of {named} is known for it: install it by other means{choice}"]


def _unmanageable(facts: Mapping[str, Any], named: str) -> list[str]:
    """Ansible itself has the modules of some package managers; those of others are in a collection."""
    manager = facts.get("pkg_mgr")
    if not manager or module_loader.has_plugin(manager):
        return []
    if manager in ("unknown", "atomic_container"):
        return [f"Something has to be installed on this host, but Ansible finds no package manager on {named}: install it by other means"]
    return [f"Packages of {named} are installed by {manager}, whose module this controller lacks: install the collection community.general there"]


def _named(facts: Mapping[str, Any]) -> str:
    """As a sentence has it."""
    known = [str(facts[key]) for key in ("distribution", "distribution_version") if facts.get(key)]
    return " ".join(known) or "a distribution that is not known (gather_facts)"


@cache
def _read(role: str, family: str) -> Mapping[str, Any]:
    variables = yaml_load((_ROLES / role / "vars" / f"{family}.yml").read_text(encoding="utf-8"))
    found: Mapping[str, Any] = variables[f"__{role}_platform"]
    return found
