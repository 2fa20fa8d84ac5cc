# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What loading the declared models would come to, by the function that check mode foretells it with. Reads only."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .._residency.drift import make_plan
from .._residency.fit_report import warnings
from .._residency.knowledge import gather
from .._residency.measurement_record import read_record, record_path
from .._residency.observation import Observation
from .._residency.policy import Policy
from .._residency.prediction import predict

_FOLDER = "var/lib/ollama-warmup"


def prospects(
    instance: str, policy: Policy, seen: Observation, url: str, environment: Mapping[str, str | None] | None, root: str = "/"
) -> tuple[str, ...]:
    """A sentence for each declared model that is yet to be loaded and will not just fit. Raises C(RecordError)."""
    plan = make_plan(policy, seen)
    if not plan.would_change:
        return ()
    record = read_record(record_path(instance, os.path.join(root, _FOLDER)))
    return tuple(warnings(predict(plan, seen, gather(record, policy, seen, url, environment, root))))
