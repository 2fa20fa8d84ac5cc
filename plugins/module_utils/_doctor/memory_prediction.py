# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What loading the declared models would come to, by the function that check mode predicts it with. Reads only."""

from __future__ import annotations

from .._base.systemctl import Run
from .._residency.decide.plan import make_plan
from .._residency.server.host_prediction import HostPrediction, Source, predict_on_host
from .._residency.server.measurement_record import record_path
from .agent_history import agent_history
from .examination import Examination


def predict_memory(look: Examination, root: str = "/", run: Run | None = None) -> HostPrediction:
    """For each declared model that is yet to be loaded."""
    server, policy = look.server, look.policy
    if server is None or server.observation is None or policy is None:
        return HostPrediction(())
    environment = look.unit.environment if look.unit and look.unit.serves and server.is_own else None
    source = Source(server.url, record_path(look.instance, root=root), environment, run, root)
    return predict_on_host(policy, make_plan(policy, server.observation, agent_history(look)), server.observation, source)
