# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server's plan: what was declared for it and what the host is, put together (`server_plan.py` and `server_dropin.py` decide)."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .. import _server_state
from .._base.deployments import COMPOSE, DEPLOYMENTS
from .._base.layout import COMPOSE_PROJECTS
from .._base.systemctl import RunWith
from .._compose.wanted import project_file
from .._ownership.claiming import Paths, obstacles
from .._ownership.manifest import ManifestError
from .._ownership.takeover import OwnershipError
from .._systemd import server_plan
from .._systemd.defaults import Host, Settled, count_pins, settle
from .._systemd.environment import declared_environment
from .._systemd.host import HostError
from .._systemd.reload_risk import containers_at_risk, refusal
from .._systemd.server_dropin import Place
from .._systemd.server_plan import Declared
from .._systemd.trial_run import Tried, try_out
from .observation import Observation


@dataclass(frozen=True)
class Occasion:
    """What a plan is made for. `claims`: the paths that the role writes beside the drop-in; `dropin`: what that contains by now."""

    declared: Declared
    claims: Paths
    check_mode: bool
    run: RunWith
    dropin: str | None = None

    @property
    def pins(self) -> int:
        """How many models are to stay in memory."""
        return count_pins(self.declared.models)


def declaration(params: Mapping[str, Any]) -> Declared:
    """From the module's option `declared`."""
    deployment = DEPLOYMENTS[params["deployment"]]
    sandboxed = params["sandboxed"] and not deployment.in_container
    place = Place(params["folder"] or "", params["gpu"] != "none", params["grouped"], sandboxed, deployment, params["container"])
    return Declared(
        environment=params["environment"],
        defaults=params["defaults"],
        models=params["models"],
        oom_policy=None if params["oom_policy"] in (None, "", "auto") else params["oom_policy"],
        place=place,
        **{name: params[name] for name in ("start", "restart", "install", "ours", "may_come", "beginning", "warnings", "account", "allow_daemon_reload")},
    )


def settled(declared: Declared, seen: Observation) -> Settled:
    """What was declared with the role's defaults, none of which beats what others wrote."""
    own = declared_environment([seen.on_disk], {}).assignments if seen.on_disk else ()
    host = Host({entry.key: entry for entry in seen.written}, {entry.key: entry.value for entry in own}, seen.gpus)
    return settle(declared.environment, declared.models, declared.defaults, declared.oom_policy, host)


def plan(occasion: Occasion, found: Settled, content: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """As the module returns it. `told`: what it tells of the unit with the drop-in `content`. Raises `HostError`."""
    declared = occasion.declared
    expected = server_plan.is_expected(declared, told, occasion.check_mode)
    dropin = {"unit": told["unit"], "content": content, "keeps_former": True, "deployment": declared.place.deployment.word}
    said = _sentences(occasion, found, content, told)
    acts = _acts(declared, told, expected)
    predicted = outlook(declared, told, expected, acts["restarts"])
    return {"dropin": dropin, "beginning": declared.beginning, "expected": expected, "outlook": predicted, **said, **acts}


def outlook(declared: Declared, told: Mapping[str, Any], expected: bool, restarts: bool) -> dict[str, Any]:
    """What the roles after this one predict with in check mode, as the role's README has it."""
    is_grouped = declared.place.grouped
    comes = expected or (is_grouped and told["main_pid"] == 0 and declared.start != server_plan.NEVER)
    return {
        "comes": comes,
        "restarts": comes or restarts,
        "empty": comes and not ((is_grouped or declared.place.deployment.in_container) and _finds_models(declared)),
        "url": told["url"],
        "environment": told["environment_predicted"],
    }


def _finds_models(declared: Declared) -> bool:
    """Whether there may be models where a new server looks for them: in a folder that is there, or in the home of an account that is."""
    if declared.place.folder:
        return os.path.isdir(declared.place.folder)
    return any(entry.pw_name == declared.account for entry in pwd.getpwall())


def _sentences(occasion: Occasion, found: Settled, content: str, told: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is refused, warned of and said."""
    declared = occasion.declared
    judged = server_plan.is_judged(declared, told, occasion.check_mode)
    is_settled = judged or server_plan.is_expected(declared, told, occasion.check_mode)
    other = server_plan.other_deployment(declared, told) or _composed(declared, told["unit"])
    refused = [other] if other else _claimed_by_others(occasion, told["dropin"]) or (server_plan.refusals(told) if judged else [])
    endangered = _endangered(occasion, content, told)
    if endangered and not declared.allow_daemon_reload:
        refused = [*refused, f"{refusal('ollama_server', endangered)}."]
    tried = _tried(occasion, content, told) if judged and not refused else Tried()
    warned = [*(found.warnings if is_settled else ()), *(server_plan.warnings(told) if judged else ())]
    acts = server_plan.acts(declared, told)
    return {
        "refusals": [*refused, *tried.problems],
        "warnings": [*declared.warnings, *warned, *_untried(told, tried)],
        "notices": [*(found.standing if is_settled else ()), *(server_plan.notices(declared, acts, told) if judged else ())],
    }


def _composed(declared: Declared, unit: str) -> str:
    """The refusal of a server that is in a container of Compose, of which systemd knows nothing; an attempt that came to nothing is none. Raises
    `HostError`."""
    record = _read(unit.replace("@", "-"), _server_state.COMPOSE)
    if record is None or not os.path.exists(project_file(str(record.get("name")))):
        return ""
    return (
        f"{unit} is there as {COMPOSE} ({COMPOSE_PROJECTS}), and ollama_server_deployment is {declared.place.deployment.word}: set that to {COMPOSE}, or have"
        " its container removed first (ollama_server_state: absent; its models stay)."
    )


def _acts(declared: Declared, told: Mapping[str, Any], expected: bool) -> dict[str, Any]:
    """What becomes of the server, with what an earlier play has left to be done. Raises `HostError`."""
    acts = server_plan.acts(declared, told)
    kept, noted = (_kept(told["unit"], what) for what in (_server_state.DROPIN, _server_state.MODELS))
    due = expected or noted or server_plan.is_due(acts, told, kept)
    return {"start": declared.start, **asdict(acts), "due": due, "restorable": noted}


def _endangered(occasion: Occasion, content: str, told: Mapping[str, Any]) -> list[str]:
    """The containers that would lose their GPU by what is to be written. A unit that is still to come is written, too."""
    is_due = not told["exists"] or told["need_daemon_reload"] or occasion.dropin != content
    return containers_at_risk(occasion.run) if is_due else []


def _untried(told: Mapping[str, Any], tried: Tried) -> list[str]:
    """The warning that the sandbox was not tried."""
    if tried.untried is None:
        return []
    return [f"whether the sandbox of {told['unit']} allows the settings could not be tried: {tried.untried}"]


def _claimed_by_others(occasion: Occasion, dropin: str) -> list[str]:
    """The refusal of what others made where the role writes."""
    claims = occasion.claims
    paths = Paths(claims.role, [dropin, *claims.files], folders=claims.folders, takeover=claims.takeover)
    try:
        obstacles(paths, occasion.run)
    except (OwnershipError, ManifestError) as error:
        return [str(error)]
    return []


def _tried(occasion: Occasion, content: str, told: Mapping[str, Any]) -> Tried:
    """Neither check mode nor the beginning of a play has made the folder, nor the unit that allows it, where the role makes them."""
    declared = occasion.declared
    is_made = declared.place.sandboxed if declared.place.grouped else declared.installs
    is_to_come = is_made and (occasion.check_mode or declared.beginning)
    folder = None if is_to_come else declared.place.folder or None
    return try_out(occasion.run, told["unit"], content, folder, told["environment_predicted"].get("OLLAMA_HOST"))


def _kept(unit: str, what: str) -> bool:
    """Whether an earlier play has left that behind."""
    return _read(unit, what) is not None


def _read(unit: str, what: str) -> dict[str, Any] | None:
    try:
        return _server_state.read(unit, what)
    except _server_state.StateError as error:
        raise HostError(str(error)) from error
