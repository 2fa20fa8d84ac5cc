# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in order, as the doctor sees it, and short ways to have it otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.examination import (
    AgentLook,
    DriverLook,
    Entry,
    Examination,
    JournalLook,
    Listener,
    ServerLook,
    Store,
    UnitLook,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.assessment import Assessment
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.conflicts import Conflict
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.environment import Assignment
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.host import Process, Unit

from .values import NOW, card, digest, look, policy, resident, runners

EPOCH = NOW.timestamp()
DROPIN = "/etc/systemd/system/ollama.service.d/zz-keepwarm.conf"
COMMAND = "/usr/local/bin/ollama-warmup"
CONFIGURATION = "/etc/ollama-warmup/default.json"
ENVIRONMENT = {"OLLAMA_KEEP_ALIVE": "45m", "OLLAMA_MAX_LOADED_MODELS": "3", "PATH": "/bin"}
ON_GPU = 'level=INFO source=types.go:42 msg="inference compute" id=GPU-0 library=CUDA'
ON_CPU = 'level=INFO source=types.go:42 msg="inference compute" id=cpu library=cpu'
LOADED = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}
TIMER = {**LOADED, "TimersMonotonic": "{ OnUnitInactiveUSec=4min ; next_elapse=1h 2min }"}
UNITS = {
    "ollama-warmup.service": {"LoadState": "loaded", "ActiveState": "inactive", "UnitFileState": "enabled", "User": "ollama-warmup"},
    "ollama-warmup.timer": TIMER,
    "ollama-warmup-watch.service": {"LoadState": "not-found", "ActiveState": "inactive"},
}
STATUS: dict[str, Any] = {"last_pass": {"at": EPOCH - 60, "exit": 0, "failures": []}, "history": {"incidents": []}}
UNIT = Unit(
    name="ollama.service", names=("ollama.service",), load_state="loaded", active_state="active", sub_state="running", main_pid=211,
    fragment_path="/etc/systemd/system/ollama.service", dropin_paths=(DROPIN,), need_daemon_reload=False, executable="/usr/local/bin/ollama",
    oom_policy="continue", user="ollama", file_state="enabled",
)  # fmt: skip


def unit(state: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None, **changes: Any) -> UnitLook:
    """The server's unit; `state` is what systemd says otherwise, `environment` what the process and its files have besides."""
    values = {**ENVIRONMENT, **(environment or {})}
    made = UnitLook(
        unit=replace(UNIT, **(state or {})),
        properties={"Result": "success"},
        effective=Assessment(values, frozenset(values), ()),
        winners={key: Assignment(key, value, DROPIN) for key, value in values.items()},
        dropin=DROPIN,
        process=Process(211, values, None),
    )
    return replace(made, **changes)


def with_conflict(wins: bool) -> UnitLook:
    """Another file sets what our drop-in sets."""
    conflict = Conflict("OLLAMA_KEEP_ALIVE", "/etc/default/ollama", "5m", "45m", wins)
    return unit(effective=Assessment(ENVIRONMENT, frozenset(ENVIRONMENT), (conflict,)))


def journal(*current: str, **others: Any) -> JournalLook:
    """Lines of the present start, after the usual first one."""
    first = Entry(EPOCH - 600, ON_GPU)
    lines = tuple(Entry(EPOCH - 100 + number, line) for number, line in enumerate(current))
    return JournalLook(**{"startup": (first,), "current": (first, *lines), **others})


def server(*listed: Any, alive: Any = None, installed: tuple[str, ...] = ("a", "b"), **changes: Any) -> ServerLook:
    """It answers, with these models in memory, and these on its disk."""
    cards = {digest(name): card(name) for name in installed}
    entries = listed or (resident("a"), resident("b"))
    seen = look(installed, entries, alive or runners(*(entry.name.model for entry in entries)), cards)
    return ServerLook(**{"url": "http://127.0.0.1:11434", "version": "0.32.15", "observation": seen, "asked_at": EPOCH, **changes})


def agent(units: Mapping[str, Mapping[str, str]] | None = None, **changes: Any) -> AgentLook:
    """The agent, at work; `units` are those that are otherwise."""
    made = AgentLook(
        command=COMMAND,
        installed=True,
        python="/usr/bin/python3",
        configuration=CONFIGURATION,
        configured=True,
        raw={"url": "http://127.0.0.1:11434", "unit": "ollama.service"},
        status=STATUS,
        units={**UNITS, **(units or {})},
    )
    return replace(made, **changes)


def healthy(**changes: Any) -> Examination:
    """Nothing is wrong but what is said."""
    made = Examination(
        instance="default",
        unit_name="ollama.service",
        now=EPOCH,
        unit=unit(),
        journal=journal(),
        listeners=(Listener("127.0.0.1", 11434, 211, "ollama", "ollama.service"),),
        server=server(),
        policy=policy("a", "b"),
        stores=(Store("/usr/share/ollama/.ollama/models", True, frozenset({"a:latest", "b:latest"})),),
        driver=DriverLook(
            cards={"nvidia": ("0000:01:00.0",)}, nodes=("/dev/nvidia-uvm", "/dev/nvidia0", "/dev/nvidiactl"), smi="0, L4, 570.0, Enabled, 1 MiB, 24 GiB"
        ),
        agent=agent(),
    )
    return replace(made, **changes)
