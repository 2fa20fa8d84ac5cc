# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that says whether a host is warm, before one stand-in server.

`support.agent` comes first: it makes the agent importable. A view is a function that gives true for warm. C(LOOKS) are
those that look, C(WRITTEN) read what a pass has written.
"""

from __future__ import annotations

import os
import pathlib
import signal
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.processes import living_runners, server_identity
from ansible_collections.keepwarm.ollama.plugins.module_utils._warm import warming
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_warm
from ollama_warmup import exits
from ollama_warmup.cli import commands, waiting
from ollama_warmup.cli.looking import Look
from ollama_warmup.configuration import Configuration, Metrics, load
from ollama_warmup.metrics import sampling
from ollama_warmup.passes import one_pass

from .agent import RUNNING, Agent
from .ansible_module import Entrance
from .fake_server import FakeServer
from .live_host import UNIT, LiveHost

_OBSERVER = "keepwarm._residency.server.observer"


class Views:
    """`seeing`: the server's processes are in sight, as they are not on another host or in a container."""

    def __init__(self, live: LiveHost, root: pathlib.Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.live = live
        self.seeing = True
        self._agent = Agent(root, FakeServer([]))
        self._capsys = capsys
        self._module = Entrance(ollama_warm.main, patch, capsys, root)
        self._declared: tuple[Any, ...] = ()
        self._hung = 0
        patch.setattr(f"{_OBSERVER}.living_runners", lambda _unit, **_where: living_runners(UNIT, live.proc()))
        patch.setattr(f"{_OBSERVER}.require_processes", lambda _unit, _url: None)
        patch.setattr("ollama_warmup.passes.one_pass.server_identity", lambda _unit, **_where: server_identity(UNIT, live.proc()))
        patch.setattr("ollama_warmup.configuration.own_unit", lambda *_address: self._unit())
        patch.setattr(warming, "own_unit", lambda *_address: self._unit())
        patch.setattr("ollama_warmup.passes.startup_wait.unit_state", lambda _unit: RUNNING)
        patch.setattr("ollama_warmup.cli.looking.unit_state", lambda _unit: RUNNING)
        patch.setattr("ollama_warmup.passes.measuring.unit_environment", lambda _unit: {})
        patch.delenv("JOURNAL_STREAM", raising=False)

    def _unit(self) -> str | None:
        return UNIT if self.seeing else None

    def declare(self, *models: Any) -> None:
        self._declared = models

    def make_pass(self) -> int:
        """One pass of the agent; its exit status."""
        return one_pass.make_pass(self._agent.instance, self._configured())

    def looks(self) -> dict[str, bool]:
        """What each of those that look says now."""
        return {name: look(self) for name, look in LOOKS.items()}

    def written(self) -> dict[str, bool]:
        """What the last pass has written."""
        return {name: read(self) for name, read in WRITTEN.items()}

    def stop_server(self) -> None:
        """It still has its port, and answers nobody."""
        self._hung = self.live.stand_in._process.pid
        os.kill(self._hung, signal.SIGSTOP)

    def wake_server(self) -> None:
        if self._hung:
            os.kill(self._hung, signal.SIGCONT)

    def _configured(self) -> Configuration:
        """A stand-in that was restarted has another port."""
        models = [{"name": model} if isinstance(model, str) else model for model in self._declared]
        deadlines = {"connect": 2, "answer": 2, "load": 60}
        self._agent.configure(*models, url=self.live.url, deadlines=deadlines)
        return load(self._agent.instance.configuration)

    def _check(self) -> bool:
        self._configured()
        return commands.check(self._agent.instance) == exits.WARM

    def _wait(self) -> bool:
        self._configured()
        return waiting.wait(self._agent.instance, timeout=0) == exits.WARM

    def _status(self) -> Mapping[str, Any]:
        self._configured()
        return Look(self._agent.instance).seen()

    def _module_says(self) -> bool:
        self._capsys.readouterr()
        models = [{"name": model} if isinstance(model, str) else model for model in self._declared]
        result = self._module.run(check=True, url=self.live.url, models=models, connect_timeout=2, answer_timeout=2)
        return bool(result["warm"]) and result["observed"] is True

    def _samples(self) -> dict[str, float]:
        configuration = replace(self._configured(), metrics=Metrics("/nowhere", 240, 3600))
        told = sampling.samples(configuration, Metrics("/nowhere", 240, 3600), self._agent.state, sampling.Moment(0.0))
        return {sample.name: sample.value for sample in told}


LOOKS: Mapping[str, Callable[[Views], bool]] = {
    "check": lambda views: views._check(),
    "wait, as every gate does": lambda views: views._wait(),
    "status": lambda views: views._status()["exit"] == exits.WARM,
    "status, each model": lambda views: all(model["resident"] is True for model in views._status()["models"]),
    "module ollama_warm": lambda views: views._module_says(),
}
WRITTEN: Mapping[str, Callable[[Views], bool]] = {
    "warm mark, as the warm target does": lambda views: os.path.exists(views._agent.instance.warm_mark),
    "metrics": lambda views: views._samples()["ollama_warmup_warm"] == 1,
    "metrics, each model": lambda views: views._samples()["ollama_warmup_model_resident"] == 1,
}
