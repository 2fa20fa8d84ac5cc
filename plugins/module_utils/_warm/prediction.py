# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the module ollama_warm would do. Pure, but for the look at the GPUs where something would be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from .._residency.decide.causes import evident_cause
from .._residency.decide.verdicts import Plan
from .._residency.predict.predict import Fit
from .._residency.report import diff, results
from .._residency.report.prediction_report import fit_data, warnings
from .._residency.values.model_name import ModelName
from .._residency.values.observation import InstalledModel, Observation
from .._residency.values.policy import Policy
from .asked import Expected


def predicted_server(policy: Policy, seen: Observation | None, expected: Expected) -> Observation:
    """The server as a run would find it. Where nobody saw it, or is to see it, it holds nothing."""
    if expected.empty:
        return _with_installed(Observation(now=datetime.now(timezone.utc)), expected.installed)
    look = _assumed(policy) if seen is None else replace(seen, resident=(), runners=None) if expected.restarted else seen
    return _with_installed(look, expected.installed)


def _assumed(policy: Policy) -> Observation:
    """An empty server that has every declared model installed."""
    installed = tuple(InstalledModel(model.name, digest="") for model in policy.models)
    return Observation(now=datetime.now(timezone.utc), installed=installed)


def _with_installed(look: Observation, fresh: frozenset[ModelName]) -> Observation:
    """The server once these models are on its disk, whose earlier weights are out of memory by then."""
    kept = tuple(model for model in look.installed if model.name not in fresh)
    pulled = tuple(InstalledModel(name, digest="") for name in sorted(fresh, key=str))
    resident = tuple(model for model in look.resident if model.name not in fresh)
    return replace(look, installed=kept + pulled, resident=resident)


def predicted_result(plan: Plan, look: Observation, strict: bool, fits: Mapping[str, Fit]) -> dict[str, Any]:
    """The module's result in check mode."""
    own = [fits[str(verdict.model.name)] for verdict in plan.verdicts]
    required = [verdict for verdict in plan.verdicts if verdict.model.required]
    return {
        "changed": plan.would_change,
        "warm": all(results.is_warm(verdict, strict) for verdict in required),
        "reasons": [sentence for verdict in required for sentence in results.lacks(verdict, strict)],
        "models": [
            {**results.predicted_data(verdict, look.now, evident_cause(verdict)), "fit": fit_data(fit)}
            for verdict, fit in zip(plan.verdicts, own)
        ],
        "undeclared": [results.stray_data(stray) for stray in plan.strays],
        "diff": diff.predicted(plan, look.now),
        "failures": [problem for verdict in required for problem in results.obstacles(verdict)],
        "warnings": warnings(own),
    }
