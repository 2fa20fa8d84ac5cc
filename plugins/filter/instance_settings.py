# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: instance_settings
short_description: Gives each of several Ollama servers of a host its settings, or says what is wrong with the list
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Judges the list C(ollama_server_instances), refuses what two servers of one host cannot share, and puts the settings of each
    together, its own before those of the role's variables.
  - Only the roles and playbooks of this collection use it. It may change in any release.
positional: _input, role
options:
  _input:
    description:
      - The list, as the role P(keepwarm.ollama.ollama_server#role) describes it.
    type: list
    elements: dict
    required: true
  role:
    description: Whose settings.
    type: str
    choices: [server, model, warmup]
    required: true
  flat:
    description: The role's variables by their names without its prefix, which count for every instance that has none of its own.
    type: dict
    required: true
  around:
    description:
      - C(unit), the unit of the instance C(default); C(host), the address of those that name none; C(resident), the models of those
        that name none; C(folder), where models are on the disk; C(max_loaded_models), what the host's variable says.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Put two servers' settings together
  ansible.builtin.debug:
    msg: "{{ [{'name': 'a', 'port': 11435}, {'name': 'b', 'port': 11436, 'server': {'num_parallel': 4}}]
             | keepwarm.ollama.instance_settings('server', flat={'keep_alive': '30m', 'gpu': 'auto'}) }}"
"""

RETURN = r"""
_value:
  description:
    - C(problems), one sentence for each thing that is wrong, and C(instances), none if there is any. Each has its C(name), C(unit)
      and C(url), C(follows_unit) (whether its address is its unit's), its C(settings) and its C(models), and as C(judged) what the
      role's own filter makes of them; for the role V(server), what was C(declared), as M(keepwarm.ollama.ollama_unit_info) takes it.
    - An empty list stands for the only server of the host, the instance C(default), described by O(flat) alone.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.keepwarm.ollama.plugins.filter.wanted_models import wanted_models
from ansible_collections.keepwarm.ollama.plugins.filter.warmup_settings import warmup_settings
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import read_switch
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import short_repr
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.clashes import clashes
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.devices import DeviceError
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.entry import DEFAULT, Entry, EntryError, read_entry
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.model_list import RIGHT, is_given, read_models
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.options import SERVER_SETTINGS
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.settings import Host, merged, server_defaults, server_settings
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.settings import judge as judge_server

Judged = tuple[dict[str, Any], Mapping[str, Any]]


def instance_settings(raw: Any, role: str, flat: Mapping[str, Any], around: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The settings of every instance, or every problem."""
    around = around or {}
    if role in _ONLY and raw in (None, "", []):
        return _ONLY[role](flat, around)
    entries, problems = _read(raw, around.get("host"))
    problems += clashes(entries)
    unread = _unread(role, flat, around)
    if unread:
        return {"problems": problems + unread, "instances": []}
    resident = around.get("resident")
    host = Host(entries, read_models(resident) if is_given(resident) else None, around.get("folder") or None, _declared_most(around))
    found = [_instance(entry, role, flat, host, around.get("unit") or "ollama.service", problems) for entry in entries]
    return {"problems": problems, "instances": [] if problems else found}


def _only_agent(flat: Mapping[str, Any], dummy: Mapping[str, Any]) -> dict[str, Any]:
    """A host without a list has one server, which the role's variables describe: a list of one."""
    judged = warmup_settings(flat)
    url = flat.get("url") or ""
    entry = {"name": "default", "unit": flat.get("unit"), "url": url, "follows_unit": not url, "models": flat.get("models"), "settings": flat, "judged": judged}
    return {"problems": judged["problems"], "instances": [] if judged["problems"] else [entry]}


def _only_server(flat: Mapping[str, Any], around: Mapping[str, Any]) -> dict[str, Any]:
    """A host without a list has one server, of which the role's variables say everything."""
    settings = {**flat, "host": around.get("host"), "max_loaded_models": around.get("max_loaded_models")}
    judged = {**judge_server({name: settings[name] for name in (*SERVER_SETTINGS, "host") if name in settings}, settings.get("environment")), "defaults": {}}
    resident = around.get("resident")
    models = (read_models(resident) or []) if is_given(resident) else []
    found = {"name": DEFAULT, "unit": around.get("unit") or "ollama.service", "models": models, "settings": settings, "judged": judged}
    known = {**found, "declared": _declared(found, grouped=False)}
    return {"problems": judged["problems"], "instances": [] if judged["problems"] else [known]}


def _only_model(flat: Mapping[str, Any], around: Mapping[str, Any]) -> dict[str, Any]:
    """A host without a list has one server, which the role's variables describe: a list of one."""
    judged = wanted_models(flat["models"], around.get("resident"), flat["pull"], flat["pull_state"], flat["pull_insecure"], flat["prune"])
    resident = around.get("resident")
    models = read_models(resident) if is_given(resident) else None
    url = flat.get("url") or ""
    entry = {"name": DEFAULT, "unit": flat.get("unit"), "url": url, "follows_unit": not url, "models": models, "settings": flat, "judged": judged}
    return {"problems": judged["problems"], "instances": [] if judged["problems"] else [entry]}


_ONLY = {"server": _only_server, "model": _only_model, "warmup": _only_agent}


def _declared(instance: Mapping[str, Any], grouped: bool) -> dict[str, Any]:
    """As M(keepwarm.ollama.ollama_unit_info) takes it."""
    settings, judged = instance["settings"], instance["judged"]
    return {
        "environment": judged["environment"],
        "defaults": judged["defaults"],
        "models": instance["models"] or [],
        "oom_policy": settings.get("oom_policy"),
        "folder": settings.get("models") or "",
        "gpu": settings.get("gpu") or "auto",
        "grouped": grouped,
        "start": start_word(settings.get("start", "auto")),
        "restart": settings.get("restart") or "auto",
        "warnings": judged["warnings"],
    }


def start_word(raw: Any) -> str:
    """auto, true or false; what is none of them as text."""
    if raw == "auto":
        return "auto"
    switch = read_switch(raw)
    return str(raw) if switch is None else str(switch).lower()


def _read(raw: Any, host: Any) -> tuple[list[Entry], list[str]]:
    entries: list[Entry] = []
    problems: list[str] = []
    if not isinstance(raw, (list, tuple)):
        return [], [f"ollama_server_instances is {short_repr(raw)}, not a list: give one such as [{{name: a, port: 11435}}], or [] for the one server"]
    for place, entry in enumerate(raw, 1):
        try:
            entries.append(read_entry(entry, place, host))
        except EntryError as error:
            problems += error.problems
    return entries, problems


def _unread(role: str, flat: Mapping[str, Any], around: Mapping[str, Any]) -> list[str]:
    """The host's lists of models that cannot be read; what a readable one says, the roles' own judges do."""
    lists = {"ollama_warmup_models": around.get("resident"), "ollama_model_models": flat.get("models") if role == "model" else None}
    return [
        f"{name} is {short_repr(models)}, not a list of models: {RIGHT}"
        for name, models in lists.items()
        if is_given(models) and read_models(models) is None
    ]


def _declared_most(around: Mapping[str, Any]) -> Any:
    """C(max_loaded_models) of the host. Up to ansible-core 2.18 a templated null is an empty text."""
    most = around.get("max_loaded_models")
    return None if most is None or most == "" else most


def _instance(
    entry: Entry, role: str, flat: Mapping[str, Any], host: Host, plain: str, problems: list[str]
) -> dict[str, Any]:
    known = {"name": entry.name, "unit": entry.unit(plain), "url": entry.address.url}
    try:
        settings, judged = _JUDGES[role](entry, {**flat, "unit": known["unit"], "url": known["url"]}, host)
    except DeviceError as error:
        problems.append(f"instance {entry.name}: {error}")
        return known
    problems += [f"instance {entry.name}: {problem}" for problem in judged["problems"]]
    found = {**known, "follows_unit": True, "models": host.models(entry), "settings": settings, "judged": judged}
    return {**found, "declared": _declared(found, grouped=True)} if role == "server" else found


def _server(entry: Entry, flat: Mapping[str, Any], host: Host) -> Judged:
    settings = server_settings(entry, flat, host)
    start = settings.get("start", "auto")
    settings["start"] = start if start == "auto" else boolean(start, strict=False)
    written = {name: settings[name] for name in (*SERVER_SETTINGS, "host") if name in settings}
    return settings, {**judge_server(written, settings["environment"]), "defaults": server_defaults(entry, host)}


def _warmup(entry: Entry, flat: Mapping[str, Any], host: Host) -> Judged:
    settings = {**merged(entry, "warmup", flat), "models": host.models(entry)}
    settings["max_loaded_models"] = host.max_loaded_models(entry, "warmup")
    return settings, warmup_settings({**flat, **settings}, of_instance=True)


def _model(entry: Entry, flat: Mapping[str, Any], host: Host) -> Judged:
    settings = merged(entry, "model", flat)
    # What others of the same folder keep is not this one's to prune.
    others = [model for other in host.sharing(entry) for model in [*_listed(merged(other, "model", flat)), *(host.models(other) or ())]]
    declared, kept = host.models(entry) or (), wanted_models([], [model for model in others if model.get("state") != "absent"])["kept"]
    judged = wanted_models(
        settings["models"],
        declared,
        settings["pull"],
        settings["pull_state"],
        settings["pull_insecure"],
        settings["prune"],
    )
    return settings, {**judged, "kept": [*judged["kept"], *kept]}


def _listed(settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return read_models(settings["models"]) or []


_JUDGES: dict[str, Callable[[Entry, Mapping[str, Any], Host], Judged]] = {
    "server": _server,
    "model": _model,
    "warmup": _warmup,
}


class FilterModule:
    """Several servers of one host."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"instance_settings": instance_settings}
