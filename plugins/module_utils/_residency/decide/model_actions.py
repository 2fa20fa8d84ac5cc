# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about a model on the disk of a server: what is declared x what is installed x what is known of its source. Pure.

Facts cost a look at a file or a request to a registry, hence each is asked for only where the decision hangs on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..values.modelfile import Modelfile
from ..values.observation import InstalledModel
from .wanted_models import ABSENT, CREATE, DELETE, LATEST, NO_ACTION, PULL, Decision, Upstream, WantedModel


@dataclass(frozen=True)
class RegistryAnswer:
    """`upstream`: what it holds under the name; else `doubt`, why that is not known, or `refusal`, that it has no such model."""

    upstream: Upstream | None = None
    doubt: str | None = None
    refusal: str | None = None


class SourceFacts(Protocol):
    """What can be told of a file without a server."""

    def source_problem(self, recipe: Modelfile) -> str | None:
        """Why no model can be made of it."""


class Facts(SourceFacts, Protocol):
    """What can be found out about one model."""

    def ask_registry(self, wanted: WantedModel) -> RegistryAnswer:
        """What its registry says."""

    def is_made_so(self, wanted: WantedModel, there: InstalledModel, recipe: Modelfile) -> bool:
        """Whether what is installed was made by this recipe."""


def decide(wanted: WantedModel, there: InstalledModel | None, facts: Facts, predicts: bool) -> Decision:
    """`there` is the installed model of that name. `predicts`: ask the registry about what is not installed too, as check mode does;
    a pull would find out by itself."""
    if there is None and (wanted.recipe or wanted.state == ABSENT):
        return decide_from_nothing(wanted, facts)
    if wanted.state == ABSENT:
        return Decision(wanted, there, DELETE)
    if there and wanted.state != LATEST:
        return Decision(wanted, there, NO_ACTION)
    if there and wanted.recipe:
        return _decide_recipe(wanted, there, wanted.recipe, facts)
    return _decide_pull(wanted, there, facts.ask_registry(wanted)) if there or predicts else Decision(wanted, there, PULL)


def decide_from_nothing(wanted: WantedModel, facts: SourceFacts) -> Decision:
    """Where there are no models at all, as far as that is known without asking a server or a registry."""
    if wanted.state == ABSENT:
        return Decision(wanted, None, NO_ACTION)
    if wanted.recipe is None:
        return Decision(wanted, None, PULL)
    return Decision(wanted, None, CREATE, refusal=facts.source_problem(wanted.recipe))


def _decide_pull(wanted: WantedModel, there: InstalledModel | None, answer: RegistryAnswer) -> Decision:
    current = there is not None and answer.upstream is not None and there.digest == answer.upstream.digest
    return Decision(wanted, there, NO_ACTION if current else PULL, answer.upstream, answer.doubt, answer.refusal)


def _decide_recipe(wanted: WantedModel, there: InstalledModel, recipe: Modelfile, facts: Facts) -> Decision:
    problem = facts.source_problem(recipe)
    if problem:
        return Decision(wanted, there, CREATE, refusal=problem)
    return Decision(wanted, there, NO_ACTION if facts.is_made_so(wanted, there, recipe) else CREATE)
