# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to know on this host for a prediction: measurements, GPUs, the server's environment. The edge of `predict/`."""

from __future__ import annotations

from collections.abc import Mapping

from ..._base.systemctl import Run
from ..predict.capacity import capacity, default_context
from ..predict.measurement import ServerSettings, settings_of_environment, settings_of_neighbours
from ..predict.predict import Knowledge
from ..values.observation import Observation
from ..values.policy import Policy
from .gpus import gpu_names
from .measurement_record import Record
from .own_host import names_this_host, own_unit
from .processes import server_processes
from .vram import read_vram


def gather(
    record: Record,
    policy: Policy,
    look: Observation,
    url: str,
    environment: Mapping[str, str | None] | None = None,
    root: str = "/",
    run: Run | None = None,
) -> Knowledge:
    """`environment` is what the server has, or will have when it loads; None where that is not known, and then its living
    runners tell. The GPUs of another machine are not known; `run` asks this one's driver, which takes up to a second."""
    local = names_this_host(url)
    settings = _settings(look, environment)
    vram = read_vram(environment or {}, root, run) if local else None
    gpus = gpu_names(root, environment)
    known = capacity(record.bounds, gpus, vram, look.living)
    context = default_context(vram, known.at_least, look.release)
    is_sure = vram is not None and environment is not None  # an environment that nobody can read may ask for another
    return Knowledge(
        measurements=record.measurements,
        capacity=known,
        settings=settings,
        limit=_limit(settings, policy, len(gpus), environment) if local else policy.max_loaded_models or None,
        default_context=context if is_sure else None,
        guessed_context=context,
    )


def running_environment(unit: str, url: str, proc: str = "/proc") -> Mapping[str, str | None] | None:
    """Of the server's process; None where it is not this machine's, or not ours to read."""
    own = own_unit(url, unit)
    processes = server_processes(own, proc, url) if own else None
    if processes is None:
        return None
    try:
        with open(f"{proc}/{processes.server.pid}/environ", encoding="utf-8", errors="replace") as file:
            pairs = (word.partition("=") for word in file.read().split("\0"))
            return {key: value for key, equals, value in pairs if equals}
    except OSError:
        return None


def _limit(settings: ServerSettings, policy: Policy, gpus: int, environment: Mapping[str, str | None] | None) -> int | None:
    """None where nobody has told it and nobody can read it: that is not the automatic one."""
    told = policy.with_limit_of(environment)
    return settings.max_loaded_models or (None if told.max_loaded_models is None else told.limit(gpus))


def _settings(look: Observation, environment: Mapping[str, str | None] | None) -> ServerSettings:
    return settings_of_neighbours(look.runners, look.cards.values()) if environment is None else settings_of_environment(environment)
