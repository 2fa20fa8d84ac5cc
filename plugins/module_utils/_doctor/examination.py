# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that was seen of one instance of a server and of its host, before anybody judges it: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base import layout
from .._residency.predict.capacity import Vram
from .._residency.server.hold_file import Hold
from .._residency.values.address import AddressError, check_url
from .._residency.values.observation import Observation
from .._residency.values.policy import Policy
from .._systemd.address import DEFAULT_PORT, Address, effective_address
from .._systemd.assessment import Assessment
from .._systemd.environment import Assignment
from .._systemd.host import Process, Unit
from .._systemd.ignored_lines import IgnoredLine
from .._systemd.restart import Restart
from .container import ContainerLook
from .permission import Account, account_of

VISIBLE_DEVICES = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")
Properties = Mapping[str, str]
"""What `systemctl show` says of a unit, by property."""


def entries_of(raw: Any) -> Sequence[Any]:
    """A list in the answer of another program; none where it is something else."""
    return raw if isinstance(raw, list) else ()


@dataclass(frozen=True)
class UnitLook:
    """The server's unit. `effective` is what its files on disk give, `winners` which file gave each variable, `own` what
    our drop-in (at `dropin`, None without one) says itself; `restart` is how the running server differs from it;
    `serves` is false where its main process only wraps the server, as in a container. `ignored` are lines of its files that do
    nothing, `unread` files in its folders that are no drop-ins, `missing_files` what `EnvironmentFile=` names and is not there, with the
    `-` that makes it optional; `changed` is when each of its files was, in seconds since 1970."""

    unit: Unit
    properties: Properties = field(default_factory=dict)
    effective: Assessment = field(default_factory=lambda: Assessment({}, frozenset(), ()))
    winners: Mapping[str, Assignment] = field(default_factory=dict)
    environment_files: tuple[str, ...] = ()
    dropin: str | None = None
    process: Process | None = None
    restart: Restart = field(default_factory=Restart)
    behind_disk: bool = False
    serves: bool = True
    ignored: tuple[IgnoredLine, ...] = ()
    unread: tuple[str, ...] = ()
    missing_files: tuple[str, ...] = ()
    changed: Mapping[str, float] = field(default_factory=dict)

    @property
    def environment(self) -> Mapping[str, str | None]:
        """What the server has, or would be started with."""
        return self.process.environment if self.process else self.effective.values

    @property
    def account(self) -> Account:
        """Whom its server runs as."""
        return account_of(self.unit.user, self.properties)

    @property
    def is_down(self) -> bool:
        """Whether it is, or is about to be, and nothing has it started."""
        return self.unit.exists and self.unit.active_state in ("inactive", "failed", "deactivating")

    @property
    def started(self) -> int:
        """When its main process last was, in seconds since 1970; 0 if not known."""
        text = self.properties.get("ExecMainStartTimestamp", "").lstrip("@")
        return int(text) if text.isascii() and text.isdigit() else 0

    @property
    def address(self) -> Address:
        """Where the running server means to listen, or a started one would."""
        return effective_address(self.environment.get("OLLAMA_HOST") or "")


@dataclass(frozen=True)
class ShellSetting:
    """A variable in a file that only shells and logins read."""

    path: str
    line: int
    key: str
    value: str


@dataclass(frozen=True)
class Entry:
    """A line of the journal; `time` in seconds since 1970."""

    time: float
    message: str


@dataclass(frozen=True)
class JournalLook:
    """`startup`: the first lines of the present start of the server's unit, `current`: its last ones, `earlier`: those of the
    starts before it, `kernel`: the kernel's. `began` is the moment of the present start, in seconds since 1970; 0 if not known."""

    startup: tuple[Entry, ...] = ()
    current: tuple[Entry, ...] = ()
    earlier: tuple[Entry, ...] = ()
    kernel: tuple[Entry, ...] = ()
    began: float = 0.0


@dataclass(frozen=True)
class Listener:
    """A listening TCP socket. `pid` is 0 where its process is not known, `unit` empty where it is of no unit."""

    host: str
    port: int
    pid: int = 0
    program: str = ""
    unit: str = ""


@dataclass(frozen=True)
class ServerLook:
    """What answered at `url`: `failure` is the engine's sentence, `failed` the name of its kind. `asked_at` is our own clock
    when `observation` was made, in seconds since 1970. `start` names the start of its process, where that is of this machine (`is_own`)."""

    url: str
    start: str | None = None
    is_own: bool = True
    version: str = ""
    observation: Observation | None = None
    asked_at: float = 0.0
    failure: str = ""
    failed: str = ""


@dataclass(frozen=True)
class Store:
    """A folder of models, and the declared ones whose manifest it holds. `blocked`: where its user cannot pass, if anywhere."""

    path: str
    exists: bool = True
    models: frozenset[str] = frozenset()
    blocked: str = ""


@dataclass(frozen=True)
class DriverLook:
    """`cards`: PCI addresses of display controllers by vendor (nvidia, amd), `count`: how many GPUs their drivers have for
    the server. `smi`: what nvidia-smi printed, None without one. `hidden`: device nodes that the server's user may not open.
    `set_aside`: why a card is not for a server of this system, by PCI address; it is not among `cards`."""

    cards: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    count: int = 0
    smi: str | None = None
    smi_failure: str = ""
    hidden: tuple[str, ...] = ()
    set_aside: Mapping[str, str] = field(default_factory=dict)

    @property
    def vendors(self) -> frozenset[str]:
        """Whose GPUs the machine has, by its devices or by their drivers' nodes."""
        return frozenset([*(vendor for vendor, found in self.cards.items() if found), *("amd" if node == "/dev/kfd" else "nvidia" for node in self.nodes)])


@dataclass(frozen=True)
class AgentLook:
    """The agent of this instance. `problems` are what its own `validate` says, `status` what its `status --json` does;
    `python_missing` the interpreter that is not there, `owner_problem` a sentence; `units` are by name.
    `asks_this_host` is whether its URL is of this machine. `hold` is the one that is on, `held_until` the end of the last one,
    on or over, in seconds since 1970. `drains` are those that are on, by their files."""

    command: str
    installed: bool = False
    python: str = ""
    python_missing: str = ""
    configuration: str = ""
    configured: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    status: Mapping[str, Any] = field(default_factory=dict)
    units: Mapping[str, Properties] = field(default_factory=dict)
    pass_unit: str = layout.agent_unit(layout.DEFAULT_INSTANCE)
    timer: str = layout.agent_unit(layout.DEFAULT_INSTANCE, "timer")
    watch: str = layout.agent_unit(layout.DEFAULT_INSTANCE, part="-watch")
    user_missing: str = ""
    owner_problem: str = ""
    asks_this_host: bool = True
    hold: Hold | None = None
    held_until: float = 0.0
    drains: Mapping[str, Hold] = field(default_factory=dict)

    @property
    def url(self) -> str | None:
        """Where it asks the server; None where its configuration names none that could be asked."""
        raw = self.raw.get("url")
        try:
            return check_url(raw) if isinstance(raw, str) else None
        except AddressError:  # which its own validation says
            return None

    @property
    def last_pass(self) -> Mapping[str, Any]:
        """How the last pass ended; empty before the first."""
        found = self.status.get("last_pass")
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Examination:
    """One instance on one host at one moment (`now`, in seconds since 1970). What is None could not be looked at, which
    `unseen` says, a sentence each. `gateway`: where nginx is to listen for it, if the host has one."""

    instance: str
    unit_name: str
    now: float
    unit: UnitLook | None = None
    shell: tuple[ShellSetting, ...] = ()
    journal: JournalLook | None = None
    listeners: tuple[Listener, ...] | None = None
    server: ServerLook | None = None
    policy: Policy | None = None
    stores: tuple[Store, ...] = ()
    driver: DriverLook = field(default_factory=DriverLook)
    agent: AgentLook = field(default_factory=lambda: AgentLook(layout.AGENT_COMMAND))
    predictions: tuple[str, ...] = ()
    vram: Vram | None = None
    container: ContainerLook | None = None
    unseen: tuple[str, ...] = ()
    gateway: tuple[Address, ...] = ()

    @property
    def command(self) -> str:
        """The agent's command for this instance, as an operator types it."""
        return "ollama-warmup" if self.instance == layout.DEFAULT_INSTANCE else f"ollama-warmup --instance {self.instance}"

    @property
    def url(self) -> str | None:
        """Where the server answers, or is to."""
        if self.server:
            return self.server.url
        return self.unit.address.url if self.unit and self.unit.unit.exists else self.agent.url

    @property
    def address(self) -> str:
        """The same as OLLAMA_HOST has it for a client of a person's, who may have another one in his shell."""
        return self.url or Address("127.0.0.1", DEFAULT_PORT).url

    @property
    def is_elsewhere(self) -> bool:
        """Whether the agent looks after a server of another machine, so that this one's unit is none of its."""
        return self.agent.url is not None and not self.agent.asks_this_host

    @property
    def gpu_expected(self) -> str:
        """What says that this host has a GPU for the server; empty where nothing does, or where it is to use none."""
        cards = [f"{vendor} {address}" for vendor, found in self.driver.cards.items() for address in found]
        declared = [model.declared for model in self.policy.models if model.min_gpu_percent] if self.policy else []
        names = [*(f"min_gpu_percent of {name}" for name in declared), *(() if self._without_gpu else (*cards, *self.driver.nodes))]
        return names[0] if names else ""

    @property
    def _without_gpu(self) -> bool:
        """An id that no GPU has leaves the CPU (Ollama's documentation, docs/gpu.mdx)."""
        environment = self.unit.environment if self.unit else {}
        return any(environment.get(key) == "-1" for key in VISIBLE_DEVICES)
