# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one instance keeps its things. One instance is one server, one policy, one pass."""

from __future__ import annotations

import os
import re

from keepwarm._base import layout
from keepwarm._base.readers import InvalidValue

DEFAULT = layout.DEFAULT_INSTANCE
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)


class InstanceError(InvalidValue):
    """A name that could leave the folders of the instances; the message is one sentence."""


class Instance:
    """Paths and unit names of the instance `name`, below `root`."""

    def __init__(self, name: str = DEFAULT, root: str = "/") -> None:
        if _NAME.fullmatch(name) is None:
            raise InstanceError(f"instance {name!r} is not a name: use letters, digits, '_' and '-'")
        self.name = name
        self.root = root

    @property
    def configuration(self) -> str:
        """The file that the role writes."""
        return layout.below(self.root, f"{layout.AGENT_CONFIGURATION}/{self.name}.json")

    @property
    def state_folder(self) -> str:
        """State and lock; only the service user writes here."""
        return layout.below(self.root, f"{layout.AGENT_STATE}/{self.name}")

    @property
    def measurements(self) -> str:
        """What models were measured to take in memory; beside the state, in a file of its own that few passes touch."""
        return os.path.join(self.state_folder, layout.MEASUREMENTS)

    @property
    def warm_mark(self) -> str:
        """Exists from a pass that ended warm until the next one begins; ollama-warm.target starts on its condition."""
        return self._runtime("warm")

    @property
    def wake(self) -> str:
        """Creating this has systemd make a pass, at once or after the one that is running; every pass removes it first."""
        return self._runtime("wake")

    @property
    def restart(self) -> str:
        """Creating this has root's unit restart the server, where that is wanted, and not more often than that unit lets it."""
        return self._runtime("restart")

    @property
    def hold(self) -> str:
        """Beside the state's folder, where only root writes: an operator's word that passes are to be left out."""
        return f"{self.state_folder}.hold"

    @property
    def drain(self) -> str:
        """Beside the hold: an operator's word that balancers are to send no requests, while passes go on."""
        return f"{self.state_folder}.drain"

    @property
    def upgrade_drain(self) -> str:
        """The same by a play that upgrades the server: it ends its own only, and an operator's stays."""
        return f"{self.state_folder}.upgrade-drain"

    @property
    def readiness(self) -> str:
        """What load balancers and health checks read; every user may."""
        return layout.below(self.root, layout.readiness_file(self.name))

    @property
    def watch_pipe(self) -> str:
        """Where a pass tells the watch that it has ended."""
        return self._runtime("watch")

    @property
    def by_hand(self) -> str:
        """Root creates it before a pass that an operator asked for: what failed is tried at once."""
        return self._runtime("by_hand")

    @property
    def metrics(self) -> str:
        """What node_exporter reads; below /var/cache, where every user may look."""
        return layout.below(self.root, f"{layout.AGENT_CACHE}/{self.name}/metrics.prom")

    @property
    def notifications(self) -> str:
        """Notifications that wait to be sent; the notifier, who is of the service user's group, empties it."""
        return os.path.join(self.state_folder, "notify")

    @property
    def notifier_state(self) -> str:
        """The folder of the notifier's own, where systemd keeps those of users that are there only while a unit runs."""
        return layout.below(self.root, f"{layout.NOTIFIERS}/{self.notifier[: -len('.service')]}")

    @property
    def unit(self) -> str:
        """The oneshot that makes a pass."""
        return layout.agent_unit(self.name)

    @property
    def notifier(self) -> str:
        """The unit that sends notifications, and alone knows where to."""
        return layout.agent_unit(self.name, part="-notify")

    def _runtime(self, name: str) -> str:
        """Below /run, which a reboot empties."""
        return layout.below(self.root, f"{layout.AGENT_RUNTIME}/{self.name}/{name}")
