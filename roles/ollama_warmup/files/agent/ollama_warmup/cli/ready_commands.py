# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What load balancers are told, for a person or a script on the host, and the program that tells them."""

from __future__ import annotations

import os

from keepwarm._base.readers import InvalidValue
from keepwarm._residency.values.model_name import ModelName

from .. import exits
from ..instance import Instance
from ..ready import rule
from ..ready.proofs import full_name
from ..ready.responder import Responder, inherited
from ..ready.rule import Answer


def ready(instance: Instance, model: str | None) -> int:
    """Print the word. Raises `InvalidValue` for a name that is none."""
    found = rule.answer(instance.readiness, full_name(ModelName.parse(model)) if model else None, instance.root)
    print(found.word)
    return exits.WARM if found.is_ready else exits.NOT_RESIDENT


def answer_probes(instance: Instance, agent_port: int | None) -> int:
    """Until nobody asks any more. Raises `InvalidValue` where systemd has handed over no socket."""
    Responder(inherited(os.environ), agent_port, lambda model: _ask(instance, model)).serve()
    return exits.WARM


def _ask(instance: Instance, model: str | None) -> Answer:
    try:
        name = full_name(ModelName.parse(model)) if model else None
    except InvalidValue:
        name = ""  # which no model has
    return rule.answer(instance.readiness, name, instance.root)
