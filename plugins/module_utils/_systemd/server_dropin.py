# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of the drop-in that the role writes on a server's unit. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._base.deployments import SYSTEMD, Deployment
from .defaults import Settled
from .quoting import quote_assignment

GPU_UNIT = "ollama-gpu-ready.service"
TARGET = "ollama.target"
_HEAD = "# Managed by Ansible (role keepwarm.ollama.ollama_server): changes made here are overwritten."
_RESTART = "Restart="  # of the service; all else is the container's
_HOME = re.compile(r"/(home|root|run/user)(/|$)")


@dataclass(frozen=True)
class Place:
    """What of a server's unit beside its environment is declared. `folder`: of its models, empty for the home of its user. `waits_for_gpu`:
    whether each start waits for the GPUs' device nodes. `grouped`: one of several servers, which start and stop together. `sandboxed`:
    its unit keeps it from every folder that no drop-in allows. `deployment`: where its environment belongs.
    `container`: lines about the container that it runs in."""

    folder: str = ""
    waits_for_gpu: bool = False
    grouped: bool = False
    sandboxed: bool = False
    deployment: Deployment = SYSTEMD
    container: Sequence[str] = ()


def dropin_text(settled: Settled, place: Place) -> str:
    """The whole file. Raises `QuotingError` for a variable that no unit can carry."""
    unit = list(_unit(place))
    restart = [line for line in place.container if line.startswith(_RESTART)]
    service = [*restart, *([f"OOMPolicy={settled.oom_policy}"] if settled.oom_policy else []), *_sandbox(place)]
    lines = [_HEAD, *settled.comments, *(["[Unit]", *unit, ""] if unit else []), f"[{place.deployment.section}]"]
    lines += [*environment_lines(settled.environment), *(line for line in place.container if line not in restart)]
    if place.deployment is not SYSTEMD:
        lines += ["", "[Service]"] if service else []
    return "".join(f"{line}\n" for line in [*lines, *service])


def environment_lines(variables: Mapping[str, str]) -> list[str]:
    """One `Environment=` line for each variable. Raises `QuotingError`."""
    return [f"Environment={quote_assignment(name, value)}" for name, value in variables.items()]


def _unit(place: Place) -> Iterator[str]:
    if place.grouped:
        yield f"PartOf={TARGET}"
    if place.waits_for_gpu:
        yield "# Before every start. Not Requires=: it never keeps the server from starting."
        yield f"Wants={GPU_UNIT}"
        yield f"After={GPU_UNIT}"
    if place.folder and '"' not in place.folder:
        yield "# Not before what holds the models is mounted. systemd takes backslashes in it as they are."
        yield f'RequiresMountsFor="{place.folder.replace("%", "%%")}"'


def _sandbox(place: Place) -> Iterator[str]:
    if not (place.grouped and place.folder and place.sandboxed):
        return
    escaped = place.folder.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    yield "# What the template keeps from all of them."
    yield f'ReadWritePaths="{escaped}"'
    if _HOME.match(place.folder):
        yield "ProtectHome=no"
