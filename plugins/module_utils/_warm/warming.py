# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the module ollama_warm on a host, or its prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._base.readers import InvalidValue
from .._base.systemctl import Run
from .._residency.decide.declaration import changes
from .._residency.decide.pace import Pace
from .._residency.decide.plan import make_plan
from .._residency.decide.progress import PassResult
from .._residency.decide.verdicts import History, Plan
from .._residency.execute.warmer import Warmer
from .._residency.predict.predict import Knowledge, predict
from .._residency.report import diff, results
from .._residency.server.client import OllamaServer, ServerFailure, ServerTooOld, leading_numbers
from .._residency.server.declaration_record import read_applied, state_path
from .._residency.server.gpus import count_gpus
from .._residency.server.host_prediction import HostPrediction, Source, predict_on_host
from .._residency.server.knowledge import running_environment
from .._residency.server.measurement_record import record_path
from .._residency.server.observer import Observer
from .._residency.server.own_host import names_this_host, own_unit
from .._residency.values.model_name import ModelName
from .._residency.values.observation import Observation
from .asked import Asked, Environment
from .prediction import predicted_result, predicted_server

Result = dict[str, Any]


class Warming:
    """run: the module's run_command. driver: runs the GPU driver's program. Results have failures and warnings, one sentence each."""

    def __init__(self, asked: Asked, server: OllamaServer, run: Run, driver: Run) -> None:
        self._asked, self._server, self._run, self._driver = asked, server, run, driver
        self._policy = asked.policy
        self._warnings = list(self._limit_warnings())
        self._history = self._remembered()

    def predict(self) -> Result:
        """What a run would do. Raises `ServerTooOld`."""
        seen, reason = (None, None) if self._asked.expected.empty else self._observe()
        if reason:
            self._warnings.append(f"{reason}; predicting for an empty server that has every declared model installed")
        look = predicted_server(self._policy, seen, self._asked.expected)
        plan = make_plan(self._policy, look, self._history)
        expected = self._host_prediction(plan, look, seen)
        self._warnings += expected.problems
        told = predicted_result(plan.within(self._asked.only), look, self._policy.strict, {fit.name: fit for fit in expected.fits})
        return {**self._told(told), "observed": seen is not None, "unobserved": reason}

    def carry_out(self) -> Result:
        """What was done. Raises `ServerFailure`."""
        pace = Pace(verify=self._asked.verify_timeout, loading=self._asked.load_timeout)
        done: PassResult = Warmer(self._observer(), self._policy, self._history, self._asked.only, pace).run()
        reasons = results.failures(done, self._policy.strict)
        return self._told(
            {
                "changed": any(progress.changed for progress in done.models) or bool(done.strays),
                "warm": not reasons,
                "reasons": reasons,
                "models": [results.model_data(progress, done.look.now) for progress in done.models],
                "undeclared": [results.stray_data(stray) for stray in done.strays],
                "diff": diff.carried_out(done, done.look.now),
                "failures": reasons,
                "warnings": [*results.warnings(done, self._policy.strict), *results.slow_loads(done)],
            }
        )

    def _told(self, result: Result) -> Result:
        return {"url": self._server.url, **result, "warnings": [*self._warnings, *result["warnings"]]}

    def _observer(self) -> Observer:
        return Observer(self._server, self._policy, own_unit(self._server.url, self._asked.unit), run=self._run)

    def _observe(self) -> tuple[Observation | None, str | None]:
        """One look, or the sentence why there is none. A server that is too old is no prediction but a failure."""
        try:
            look = self._observer().look()
            return replace(look, release=leading_numbers(self._server.require_version())), None
        except ServerTooOld:
            raise
        except ServerFailure as failure:
            return None, str(failure)

    def _host_prediction(self, plan: Plan, look: Observation, seen: Observation | None) -> HostPrediction:
        """What the loads will come to in memory; nothing is known of a server that nobody saw."""
        if seen is None:
            return HostPrediction(predict(plan, look, Knowledge()))
        source = Source(self._asked.url, record_path(self._asked.instance), self._environment(), self._driver)
        return predict_on_host(self._policy, plan, look, source, seen)

    def _environment(self) -> Environment | None:
        """The one that the server will have when it loads; else the one that the process has, where that can be read."""
        given = self._asked.expected.environment
        return running_environment(self._asked.unit, self._asked.url) if given is None else given

    def _limit_warnings(self) -> tuple[str, ...]:
        """Of the limit on the number of models that was told; else of the server's own, if that can be read."""
        if not names_this_host(self._asked.url):
            return ()
        return self._policy.with_limit_of(self._environment()).warnings(count_gpus())

    def _remembered(self) -> History:
        """Without a history every warm model counts as having had its load, unless told otherwise."""
        warmed = () if self._asked.load_warm else (model.name for model in self._policy.models if not model.is_pin)
        return History(warmed=frozenset(warmed), redeclared=self._redeclared())

    def _redeclared(self) -> Mapping[ModelName, frozenset[str]]:
        """What of the declarations is still to be put into effect; nothing where that cannot be told."""
        if not self._asked.apply_changes:
            return {}
        try:
            applied = read_applied(state_path(self._asked.instance))
        except InvalidValue as error:
            self._warnings.append(str(error))
            return {}
        return {} if applied is None else changes(self._policy, applied)
