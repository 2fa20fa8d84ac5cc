# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers of a host, each with its settings and what they come to for a role: from the list, or the one that the role's variables describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.deployments import COMPOSE, SYSTEMD
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import short_repr
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.clashes import clashes, composed_clashes
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.container import container_problems, container_settings
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.devices import DeviceError
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.entry import DEFAULT, Entry, EntryError, only_entry, read_entry
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.model_list import RIGHT, is_given, read_models
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.options import SERVER_SETTINGS
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.settings import Host, merged, server_defaults, server_settings
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.settings import judge as judge_server

from ._probe_places import shared_places
from ._server_deployments import composed, deployment_problems, install_problems, start_word
from ._upgrade_obstacles import upgrade_obstacles
from ._wanted_models import wanted_models
from ._warmup_settings import warmup_settings

Judged = tuple[dict[str, Any], Mapping[str, Any]]


def server_entries(listed: Any, role: str, flat: Mapping[str, Any], around: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The settings of every server, or every problem. listed: ollama_server_instances; empty stands for the only server of the host."""
    around = around or {}
    entries, problems = _only(role, flat, around) if listed in (None, "", []) else _several(listed, role, flat, around)
    found: dict[str, Any] = {"problems": problems, "instances": [] if problems else entries}
    return {**found, **_by_deployment(found["instances"], around)} if role == "server" else found


def _by_deployment(entries: list[dict[str, Any]], around: Mapping[str, Any]) -> dict[str, Any]:
    """`instances`: those that systemd runs; `composed`: those that an engine does, as M(keepwarm.ollama.ollama_compose) takes them, and all of each."""
    of_compose = [entry for entry in entries if entry["container"]["deployment"] == COMPOSE]
    return {
        "instances": [entry for entry in entries if entry not in of_compose],
        "composed": [composed(entry) for entry in of_compose],
        "composed_settings": {entry["unit"]: entry["settings"] for entry in of_compose},
        "upgrade_obstacles": _obstacles(entries, around),
    }


def _several(listed: Any, role: str, flat: Mapping[str, Any], around: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    entries, problems = _read(listed, around.get("host"))
    problems += clashes(entries)
    deployment = flat.get("deployment") or around.get("deployment")
    problems += composed_clashes([entry.name for entry in entries if entry.deployment(deployment) == COMPOSE])
    if role == "server":
        problems += install_problems([entry.deployment(deployment) for entry in entries], around.get("install"))
    unread = _unread(role, flat, around)
    if unread:
        return [], problems + unread
    host = Host(entries, _resident(around), around.get("folder") or None, _declared_most(around))
    instances = [_instance(entry, role, flat, host, around, problems) for entry in entries]
    if role == "warmup" and not problems:
        problems += shared_places(instances)
    return instances, problems


def _only(role: str, flat: Mapping[str, Any], around: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """A host without a list has one server, of which the role's variables say everything: a list of one."""
    entry = _ONLY[role](flat, around)
    return [{"name": DEFAULT, **entry}], entry["judged"]["problems"]


def _only_agent(flat: Mapping[str, Any], around: Mapping[str, Any]) -> dict[str, Any]:
    url, models = flat.get("url") or "", flat.get("models")
    declared = read_models(models) if is_given(models) else None
    found = {"unit": flat.get("unit"), "models": declared, "settings": flat, "judged": warmup_settings(flat)}
    return {**found, **_address_of(url, flat, around)}


def _only_store(flat: Mapping[str, Any], around: Mapping[str, Any]) -> dict[str, Any]:
    url, declared = flat.get("url") or "", around.get("resident")
    judged = wanted_models(flat["models"], declared, flat["pull"], flat["pull_state"], flat["pull_insecure"], flat["prune"])
    return {"unit": flat.get("unit"), "models": _resident(around), "settings": flat, "judged": judged, **_address_of(url, flat, around)}


def _address_of(url: str, flat: Mapping[str, Any], around: Mapping[str, Any]) -> dict[str, Any]:
    """Where the one server answers: as given, as declared for a container that no unit runs, or as its unit says, which may be another's."""
    if not url and around.get("deployment") == COMPOSE and flat.get("unit") == around.get("unit"):
        url = _declared_address(around.get("host"))
    return {"url": url, "follows_unit": not url}


def _declared_address(host: Any) -> str:
    """What cannot be read, the server's role refuses."""
    with suppress(EntryError):
        return only_entry(str(host) if host else None).address.url
    return ""


def _only_server(flat: Mapping[str, Any], around: Mapping[str, Any]) -> dict[str, Any]:
    settings = {**flat, "host": around.get("host"), "max_loaded_models": around.get("max_loaded_models")}
    judged = {**judge_server({name: settings[name] for name in (*SERVER_SETTINGS, "host") if name in settings}, settings.get("environment")), "defaults": {}}
    own = [*container_problems(settings, "ollama_server_"), *deployment_problems(settings, judged["environment"])]
    own += install_problems([settings.get("deployment") or SYSTEMD.word], around.get("install"))
    judged["problems"] = [*judged["problems"], *own]
    found = {"unit": around.get("unit") or "ollama.service", "models": _resident(around) or [], "settings": settings, "judged": judged}
    return found if judged["problems"] else {**found, "declared": _declared(found, grouped=False), "container": _container(found, grouped=False)}


_ONLY: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]] = {"server": _only_server, "model": _only_store, "warmup": _only_agent}


def _resident(around: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """The models of the host that are to be in memory; None where nobody declared any."""
    resident = around.get("resident")
    return read_models(resident) if is_given(resident) else None


def _obstacles(instances: list[dict[str, Any]], around: Mapping[str, Any]) -> list[str]:
    restart = {instance["unit"]: instance["settings"].get("restart") for instance in instances}
    contained = [instance["unit"] for instance in instances if instance["declared"]["deployment"] != SYSTEMD.word]
    return upgrade_obstacles({key: around.get(key) for key in ("state", "install", "keep_releases")} | {"restart": restart, "contained": contained})


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
        "deployment": settings.get("deployment") or SYSTEMD.word,
    }


def _container(instance: Mapping[str, Any], grouped: bool) -> dict[str, Any]:
    """As M(keepwarm.ollama.ollama_container) takes it; of a server that is in none, that alone."""
    settings = instance["settings"]
    target = "" if start_word(settings.get("start", "auto")) == "false" else "ollama.target" if grouped else "multi-user.target"
    folder = instance["judged"]["environment"].get("OLLAMA_MODELS") or ""
    around = {"unit": instance["unit"], "gpu": settings.get("gpu") or "auto", "folder": folder, "wanted_by": target}
    return {**around, **container_settings(settings)}


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
    """`max_loaded_models` of the host. Up to ansible-core 2.18 a templated null is an empty text."""
    most = around.get("max_loaded_models")
    return None if most is None or most == "" else most


def _instance(
    entry: Entry, role: str, flat: Mapping[str, Any], host: Host, around: Mapping[str, Any], problems: list[str]
) -> dict[str, Any]:
    deployment = entry.deployment(flat.get("deployment") or around.get("deployment"))
    known = {"name": entry.name, "unit": entry.unit(around.get("unit") or "ollama.service", deployment), "url": entry.address.url}
    try:
        settings, judged = _JUDGES[role](entry, {**flat, "unit": known["unit"], "url": known["url"]}, host)
    except DeviceError as error:
        problems.append(f"instance {entry.name}: {error}")
        return known
    problems += [f"instance {entry.name}: {problem}" for problem in judged["problems"]]
    found = {**known, "follows_unit": deployment != COMPOSE, "models": host.models(entry), "settings": settings, "judged": judged}
    return {**found, "declared": _declared(found, grouped=True), "container": _container(found, grouped=True)} if role == "server" else found


def _server(entry: Entry, flat: Mapping[str, Any], host: Host) -> Judged:
    settings = server_settings(entry, flat, host)
    start = settings.get("start", "auto")
    settings["start"] = start if start == "auto" else boolean(start, strict=False)
    written = {name: settings[name] for name in (*SERVER_SETTINGS, "host") if name in settings}
    judged = judge_server(written, settings["environment"])
    problems = [*judged["problems"], *deployment_problems(settings, judged["environment"])]
    return settings, {**judged, "problems": problems, "defaults": server_defaults(entry, host)}


def _warmup(entry: Entry, flat: Mapping[str, Any], host: Host) -> Judged:
    settings = {**merged(entry, "warmup", flat), "models": host.models(entry)}
    settings["max_loaded_models"] = host.max_loaded_models(entry, "warmup")
    return settings, warmup_settings({**flat, **settings}, of_instance=True)


def _store(entry: Entry, flat: Mapping[str, Any], host: Host) -> Judged:
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
    "model": _store,
    "warmup": _warmup,
}
