# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of the roles and playbooks, read from where they are described: a second list of them would go out of date."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

_COLLECTION = pathlib.Path(__file__).parents[2]
ROLES = ("ollama_server", "ollama_model", "ollama_warmup", "ollama_gateway", "ollama_pull")
PREFIXES = (*(f"{role}_" for role in ROLES), "keepwarm_")
# Variables of the playbooks themselves begin with two underscores.
_PLAYBOOK_INPUT = re.compile(r"(?<![A-Za-z0-9_])keepwarm_[a-z_]*[a-z]")


@cache
def options(role: str) -> Mapping[str, Mapping[str, Any]]:
    """The role's inputs by name, of all its entry points, as its argument specs have them."""
    specs = yaml_load((_COLLECTION / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    points = specs["argument_specs"].values()
    return {name: option for point in points for name, option in point["options"].items()}


@cache
def outputs(role: str) -> frozenset[str]:
    """What other roles and plays may read of the role: its variables without the two underscores of private ones."""
    variables = yaml_load((_COLLECTION / "roles" / role / "vars" / "main.yml").read_text(encoding="utf-8"))
    return frozenset(name for name in variables if not name.startswith("__"))


@cache
def known_names() -> frozenset[str]:
    """Every input of every role and playbook, and every output of a role."""
    playbooks = (path.read_text(encoding="utf-8") for path in (_COLLECTION / "playbooks").glob("*.yml"))
    ours = {name for text in playbooks for name in _PLAYBOOK_INPUT.findall(text)}
    return frozenset(ours.union(_of_the_judge(), *map(options, ROLES), *map(outputs, ROLES)))


def _of_the_judge() -> frozenset[str]:
    """The inputs of the role that judges all names: it has no argument specs, since it comes before them."""
    return frozenset(yaml_load((_COLLECTION / "roles" / "ollama_variables" / "defaults" / "main.yml").read_text(encoding="utf-8")))
