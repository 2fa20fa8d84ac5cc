# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's own defaults: written into the drop-in only where nobody else has written a value. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .others import Written

KEEP_ALIVE = "OLLAMA_KEEP_ALIVE"
LIMIT = "OLLAMA_MAX_LOADED_MODELS"
NO_PRUNE = "OLLAMA_NOPRUNE"
OOM_POLICY = "OOMPolicy"
KEYS = (KEEP_ALIVE, LIMIT, NO_PRUNE)
"""The variables of which the role has a default."""
_HALF_AN_HOUR = "1800s"
_CONTINUE = "continue"
_AUTOMATIC_PER_GPU = 3  # docs/ollama-semantics.md#eviction
_STEP = 4
_COMMENT = "# Defaults of the role, which nobody has declared: "
_NAMED = re.compile(rf"^{re.escape(_COMMENT)}(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Host:
    """What a host has before: `written` by others, `ours` in our drop-in, and its GPUs."""

    written: Mapping[str, Written]
    ours: Mapping[str, str | None]
    gpus: int


@dataclass(frozen=True)
class Settled:
    """The variables of the drop-in, which of them are `defaults`, its `oom_policy` (None: another file's stands), the sentences for
    values of others that stand, and the warnings."""

    environment: Mapping[str, str]
    defaults: tuple[str, ...]
    oom_policy: str | None
    standing: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def comments(self) -> list[str]:
        """What the drop-in says of it, for readers and for `default_keys`."""
        named = [_COMMENT + " ".join(self.defaults)] if self.defaults else []
        return [*named, *(f"# {sentence}" for sentence in self.standing)]


def default_keys(text: str) -> frozenset[str]:
    """The variables of a drop-in that nobody has declared, by its own comment."""
    found = _NAMED.search(text)
    return frozenset(found.group(1).split() if found else ())


def settle(declared: Mapping[str, str], models: Any, own: Mapping[str, str], oom_policy: str | None, host: Host) -> Settled:
    """Add the defaults to what is `declared`. `own` are defaults that follow from other servers of the host; `models` is the list
    of declared models, whatever it holds."""
    entries = models if isinstance(models, (list, tuple)) else ()
    wanted = {KEEP_ALIVE: _HALF_AN_HOUR, LIMIT: str(_limit(len(entries), host)), **own}
    raised = _raised(declared, count_pins(entries), host, wanted[LIMIT])
    free = [key for key in wanted if key not in declared and (key not in host.written or (key == LIMIT and raised))]
    stands = [host.written[key] for key in wanted if key not in declared and key not in free]
    policy = oom_policy or (None if OOM_POLICY in host.written else _CONTINUE)
    stands += [host.written[OOM_POLICY]] if policy is None else []
    return Settled(
        environment={**{key: wanted[key] for key in free}, **declared},
        defaults=tuple(free),
        oom_policy=policy,
        standing=tuple(_stands(entry) for entry in stands),
        warnings=tuple(raised),
    )


def count_pins(models: Iterable[Any]) -> int:
    """How many of the declared models are to stay for ever: all that do not say otherwise."""
    return sum(1 for model in models if not isinstance(model, Mapping) or model.get("policy", "pin") != "warm")


def effective_limit(value: str | None, gpus: int) -> int:
    """How many models a server holds at once; what is no number, and 0, is automatic (envconfig/config.go, Uint)."""
    return _number(value) or _AUTOMATIC_PER_GPU * max(gpus, 1)


def _limit(models: int, host: Host) -> int:
    """In steps, since each change of it would be one of the server: it never goes down, and never below what the server does by itself."""
    return max(_STEP * (models // _STEP + 1), _number(host.ours.get(LIMIT)), effective_limit(None, host.gpus))


def _raised(declared: Mapping[str, str], pins: int, host: Host, wanted: str) -> Sequence[str]:
    """The warning about a limit of others that the pins do not fit under: they were declared, too."""
    written = host.written.get(LIMIT)
    if LIMIT in declared or written is None or written.value is None or effective_limit(written.value, host.gpus) >= pins:
        return ()
    return (
        f"{written.place} sets {LIMIT} to {written.value}, but {pins} models are pinned: it is raised to {wanted}."
        " Take it out there, or pin fewer models",
    )


def _stands(entry: Written) -> str:
    """Without the value, which may be a secret, and would change the drop-in with every edit of the other file."""
    verb = "takes it away" if entry.value is None else "sets it"
    return f"{entry.key} is not written here: {entry.path} {verb}, and that stands."


def _number(text: str | None) -> int:
    text = (text or "").strip().strip("\"'")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
