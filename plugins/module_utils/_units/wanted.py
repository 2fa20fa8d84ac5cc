# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted: the units of a set and the drop-ins that belong to it. Values."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .._base.deployments import SYSTEMD, Deployment, deployment_of, service_of
from .._base.layout import UNITS

KEEP, RESTART, STOP = "keep", "restart", "stop"

_INSTALL = re.compile(r"^(WantedBy|RequiredBy|UpheldBy)=(.*)$", re.MULTILINE)
_LINKED = {"WantedBy": "wants", "RequiredBy": "requires", "UpheldBy": "upholds"}


@dataclass(frozen=True)
class WantedUnit:
    """One unit. `content`: None where there is to be none. `active`: whether it is to run from now on. `when_older`: what becomes of
    one that runs and was started before one of the files that it `follows`, its own among them, was last changed. `enabled`: whether its
    section [Install] counts; without, somebody else starts it, and enables it. `replaces`: a unit file of others is copied aside."""

    name: str
    content: str | None
    active: bool = False
    when_older: str = KEEP
    follows: Sequence[str] = ()
    enabled: bool = True
    replaces: bool = False

    @property
    def path(self) -> str:
        """The unit file."""
        return f"{deployment_of(self.name).folder}/{self.name}"

    @property
    def service(self) -> str:
        """What systemd has of it."""
        return service_of(self.name)

    def links(self) -> list[str]:
        """What `systemctl enable` makes of its section [Install]."""
        found = _INSTALL.findall(self.content or "") if self.enabled else []
        return [f"{UNITS}/{other}.{_LINKED[key]}/{self.name}" for key, others in found for other in others.split()]


@dataclass(frozen=True)
class WantedDropin:
    """A drop-in of ours on a unit, of others or not. `keeps_former`: what it contained before is kept until the unit has run with it."""

    unit: str
    name: str
    content: str
    keeps_former: bool = False
    deployment: Deployment = SYSTEMD

    @property
    def path(self) -> str:
        """The file."""
        return f"{UNITS}/{self.unit}.d/{self.name}" if self.deployment is SYSTEMD else self.deployment.dropin(self.unit, self.name)


@dataclass(frozen=True)
class WantedFile:
    """A file that a unit needs, in a folder of ours. `content`: None where there is to be none."""

    path: str
    content: str | None


@dataclass(frozen=True)
class WantedSet:
    """All units of the set that there can be, and `dropins`; of ours that are named `dropin_name` there are to be no others."""

    units: Sequence[WantedUnit]
    dropins: Sequence[WantedDropin] = ()
    dropin_name: str = ""
    files: Sequence[WantedFile] = ()

    def contents(self) -> dict[str, str]:
        """What is to be in which file."""
        units = {unit.path: unit.content for unit in self.units if unit.content is not None}
        files = {file.path: file.content for file in self.files if file.content is not None}
        return {**files, **units, **{dropin.path: dropin.content for dropin in self.dropins}}

    def servers(self) -> list[str]:
        """The units that somebody else restarts."""
        return [*(unit.service for unit in self.units if not unit.enabled), *(dropin.unit for dropin in self.dropins if dropin.keeps_former)]

    def asked(self) -> list[str]:
        """The units whose loaded state counts. A template has none."""
        names = [*(unit.service for unit in self.units), *(dropin.unit for dropin in self.dropins)]
        return list(dict.fromkeys(name for name in names if not os.path.splitext(name)[0].endswith("@")))
