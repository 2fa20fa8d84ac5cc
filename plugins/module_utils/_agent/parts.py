# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent of a server consists of, in one table: units, files, folders and links; each is wanted by itself or for a feature.

Writing and removing go by it; a removal of all servers fills its names with patterns, and so finds those that no configuration names any
more. To add a unit: a template of the role and a row of UNITS. Functions of values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .._base.layout import AGENT_CACHE, AGENT_COMMAND, AGENT_CONFIGURATION, AGENT_PROGRAMS, AGENT_RUNTIME, AGENT_STATE, DEFAULT_INSTANCE, NOTIFIERS, agent_unit
from .._base.layout import UNITS as UNIT_FOLDER
from .._base.readers import read_switch
from .._ownership.claiming import Paths
from .._units.wanted import KEEP, RESTART, STOP

ROLE = "ollama_warmup"
ACCOUNT = "Keeps models of Ollama resident"
"""The comment of the account that the role makes."""
CLAIMED = (AGENT_PROGRAMS, AGENT_CACHE, AGENT_STATE)
"""The folders that others might have made; the rest is made by systemd, or below these."""
TEXTFILES = re.compile(r'"textfile_directory": *"(/[^"\\]+)"')
"""Where a configuration says that node_exporter reads."""
WATCH, RESTARTS, NOTIFY, METRICS, PROBES, REQUIRE, WANT = "watch", "restart", "notify", "metrics", "probes", "require", "want"
FEATURES = (WATCH, RESTARTS, NOTIFY, METRICS, PROBES, REQUIRE, WANT)
_PROGRAM = (AGENT_COMMAND, f"{AGENT_PROGRAMS}/current", "{configuration}")


@dataclass(frozen=True)
class UnitRow:
    """One unit. feature: what it is wanted for; none, for every server. follows: files after whose change it is when_older."""

    stem: str
    kind: str
    feature: str = ""
    active: bool = False
    when_older: str = KEEP
    follows: Sequence[str] = ()

    @property
    def key(self) -> str:
        """Its name for a server without an instance, and its template's."""
        return f"{self.stem}.{self.kind}"


# In the order in which they are started. A start of the timer begins a pass at once, so it is started anew after every change that a pass is to
# notice; a pass of a former configuration ends. What a gate or a period has begun goes on as it began.
UNITS = (
    UnitRow("ollama-warm", "target"),
    UnitRow("ollama-cold", "target"),
    UnitRow("ollama-warmup", "service", when_older=STOP, follows=_PROGRAM),
    UnitRow("ollama-warmup-wake", "path", active=True, when_older=RESTART),
    UnitRow("ollama-warmup-watch", "service", WATCH, active=True, when_older=RESTART, follows=_PROGRAM),
    UnitRow("ollama-warmup-restart", "service", RESTARTS),
    UnitRow("ollama-warmup-restart", "path", RESTARTS, active=True, when_older=RESTART),
    # It may be waiting for an address that has just been corrected.
    UnitRow("ollama-warmup-notify", "service", NOTIFY, when_older=RESTART, follows=(*_PROGRAM, "{notify_file}")),
    UnitRow("ollama-warmup-notify", "path", NOTIFY, active=True, when_older=RESTART),
    # Its socket starts it; a socket is not opened anew while the service has it.
    UnitRow("ollama-warmup-ready", "service", PROBES, when_older=STOP, follows=_PROGRAM),
    UnitRow("ollama-warmup-ready", "socket", PROBES, active=True, when_older=RESTART),
    UnitRow("ollama-warm-gate", "service", REQUIRE),
    UnitRow("ollama-warm-gate-want", "service", WANT),
    UnitRow("ollama-warmup", "timer", active=True, when_older=RESTART, follows=(*_PROGRAM, UNIT_FOLDER + "/{pass_unit}")),
)
DROPINS = {REQUIRE: "50-ollama-warm-gate.conf", WANT: "50-ollama-warm-gate-want.conf"}
"""The keys of the drop-ins on gated units, by the mode of the gate; on the host they have one name."""
_LEFT = {
    METRICS: ("{cache_folder}",),
    WATCH: ("{runtime_folder}/watch",),
    RESTARTS: ("{restart_file}",),
    NOTIFY: ("{notify_file}", "{notify_folder}", "/var/lib/{notify_state}", NOTIFIERS + "/{notify_state}"),
}
"""What the agent writes for a feature; it is removed where the feature is not wanted."""
_OF_EVERY_SERVER = ("{hold_file}", "{drain_file}", "{upgrade_drain_file}", "{state_folder}", "{cache_folder}", "{runtime_folder}", "{configuration}")


@dataclass(frozen=True)
class Names:
    """All names of one server's agent. The only server of a host has the instance default."""

    instance: str

    @property
    def suffix(self) -> str:
        """Of its units."""
        return "" if self.instance == DEFAULT_INSTANCE else f"@{self.instance}"

    @property
    def values(self) -> dict[str, str]:
        """By the words that templates and the table use."""
        instance, suffix = self.instance, self.suffix
        runtime = f"{AGENT_RUNTIME}/{instance}"
        return {
            "instance": instance,
            "command": AGENT_COMMAND,
            "library": AGENT_PROGRAMS,
            "pass_unit": agent_unit(instance),
            "wake_unit": agent_unit(instance, "path", "-wake"),
            "warm_target": f"ollama-warm{suffix}.target",
            "cold_target": f"ollama-cold{suffix}.target",
            "notify_unit": agent_unit(instance, part="-notify"),
            "notify_path_unit": agent_unit(instance, "path", "-notify"),
            "ready_socket": agent_unit(instance, "socket", "-ready"),
            "gate_unit": f"ollama-warm-gate{suffix}.service",
            "gate_want_unit": f"ollama-warm-gate-want{suffix}.service",
            "configuration": f"{AGENT_CONFIGURATION}/{instance}.json",
            "notify_file": f"{AGENT_CONFIGURATION}/{instance}.notify-urls",
            "notify_folder": f"{AGENT_STATE}/{instance}/notify",
            "notify_state": f"ollama-warmup-notify{suffix}",
            "hold_file": f"{AGENT_STATE}/{instance}.hold",
            "drain_file": f"{AGENT_STATE}/{instance}.drain",
            "upgrade_drain_file": f"{AGENT_STATE}/{instance}.upgrade-drain",
            "state_folder": f"{AGENT_STATE}/{instance}",
            "cache_folder": f"{AGENT_CACHE}/{instance}",
            "metrics_file": f"{AGENT_CACHE}/{instance}/metrics.prom",
            "metrics_link": f"ollama-warmup-{instance}.prom",
            "runtime_folder": runtime,
            "wake_file": f"{runtime}/wake",
            "warm_mark": f"{runtime}/warm",
            "restart_file": f"{runtime}/restart",
        }

    def __getitem__(self, word: str) -> str:
        return self.values[word]

    def fill(self, pattern: str) -> str:
        """A path of the table."""
        return pattern.format_map(self.values)

    def unit(self, row: UnitRow) -> str:
        """The unit of that row."""
        return f"{row.stem}{self.suffix}.{row.kind}"

    @property
    def dropin(self) -> str:
        """The file name of the drop-ins on gated units."""
        return f"50-ollama-warm-gate{self.suffix}.conf"


class Claimant(Protocol):
    """What of a server decides which paths are written for it. gates: the mode of each gated unit."""

    @property
    def name(self) -> str:
        """The instance."""

    @property
    def features(self) -> Collection[str]:
        """What its settings ask for."""

    @property
    def gates(self) -> Mapping[str, str]:
        """The mode of each gated unit."""

    @property
    def metrics_directory(self) -> str:
        """Where node_exporter reads."""


def wanted_units(features: Collection[str]) -> list[UnitRow]:
    """The rows of the units that there are to be."""
    return [row for row in UNITS if not row.feature or row.feature in features]


def wanted_templates(features: Collection[str]) -> list[str]:
    """Their keys, and those of the drop-ins."""
    return [row.key for row in wanted_units(features)] + [DROPINS[mode] for mode in (REQUIRE, WANT) if mode in features]


def claims(servers: Iterable[Claimant], user: str, takeover: bool) -> Paths:
    """All that is written on a host: each is ours, or free."""
    found = list(servers)
    files = [AGENT_COMMAND, *(path for server in found for path in _files(server))]
    links = [link for server in found for link in _links(server)]
    return Paths(ROLE, files, links, CLAIMED, [user], command=AGENT_COMMAND, takeover=takeover)


def _files(server: Claimant) -> list[str]:
    names = Names(server.name)
    units = [f"{UNIT_FOLDER}/{names.unit(row)}" for row in wanted_units(server.features)]
    dropins = [f"{UNIT_FOLDER}/{unit}.d/{names.dropin}" for unit in server.gates]
    return [*units, *dropins, names["configuration"], *([names["notify_file"]] if NOTIFY in server.features else [])]


def _links(server: Claimant) -> list[tuple[str, str]]:
    link = f"{server.metrics_directory}/{Names(server.name)['metrics_link']}"
    return [(link, f"{AGENT_CACHE}/")] if METRICS in server.features else []


def leftovers(names: Names, features: Collection[str]) -> list[str]:
    """What earlier settings may have left, in the order in which it is removed."""
    return [names.fill(pattern) for feature, patterns in _LEFT.items() if feature not in features for pattern in patterns]


def everything(names: Names) -> list[str]:
    """What goes with a server that is not declared any more, besides its units."""
    return [*leftovers(names, ()), *(names.fill(pattern) for pattern in _OF_EVERY_SERVER)]


def unit_names(rows: Iterable[UnitRow]) -> re.Pattern[str]:
    """The names of these units, of any server."""
    return re.compile("|".join(rf"{re.escape(row.stem)}(@.+)?\.{row.kind}" for row in rows))


DROPIN_NAMES = re.compile(r"50-ollama-warm-gate(@.+)?\.conf")
"""On gated units, of any server."""


def of_any_server(*patterns: str) -> list[str]:
    """Paths of the table as patterns of glob, for the only server of a host and for any other."""
    return [names.fill(pattern) for pattern in patterns for names in (Names(DEFAULT_INSTANCE), Names("*"))]


def features_of(settings: Mapping[str, object], gates: Collection[Mapping[str, str]], notify: bool) -> list[str]:
    """What the settings ask for. gates: each with its mode."""
    asked = {
        WATCH: read_switch(settings.get("watch")) is True,
        RESTARTS: settings.get("restart_server", "never") != "never",
        NOTIFY: notify,
        METRICS: read_switch(settings.get("metrics")) is True,
        PROBES: bool(settings.get("ready_listen") or settings.get("ready_agent_listen")),
        **{mode: any(gate["mode"] == mode for gate in gates) for mode in (REQUIRE, WANT)},
    }
    return [feature for feature in FEATURES if asked[feature]]
