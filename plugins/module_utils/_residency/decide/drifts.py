# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of drifts: all that a word means, in one row. Pure.

What detects a drift is in detection.py. Reports, the doctor's findings, metrics, alert rules and the tables of the documentation follow from
the rows: `make tables` writes those that are files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..values.past import Cause
from .cause_rules import (  # fmt: skip
    INFERRED,
    OBSERVED,
    REPULLED,
    RUNNER_DIED,
    RUNNER_HUNG,
    UNKNOWN,
    Rule,
    context_changed,
    expiry_changed,
    left_memory,
    never_installed,
    runner_ended,
    spilled,
)
from .declaration import KEEP_ALIVE, NUM_CTX

BREAKS = "breaks"
"""The model is not resident."""
DEGRADES = "degrades"
"""It is resident, and not as declared."""
LATER = "undecided"
"""A later look decides."""
UNSEEN = "unseen"
"""It cannot be seen from here."""


@dataclass(frozen=True)
class Drift:
    """`sentence` follows the model's name in a report, `finding` is the doctor's code for it and `remedy` its advice; both texts are
    formatted. `evident` is the cause that shows by itself, `rule` tells it from the look before, `declares` is the part of a
    declaration that it differs from. `passes`: a pass or mere waiting may end it, so that a reader of the state waits for it.
    `gloss` explains a word that does not explain itself.
    """

    word: str
    severity: str
    sentence: str
    finding: str
    remedy: str
    evident: Cause | None = None
    rule: Rule | None = None
    declares: str | None = None
    passes: bool = True
    gloss: str | None = None


NOT_INSTALLED = "not_installed"
NOT_LOADED = "not_loaded"
EXPIRING = "expiring"
DEAD_RUNNER = "dead_runner"
HUNG_RUNNER = "hung_runner"
CONTEXT_MISMATCH = "context_mismatch"
SPILLED = "spilled"
STALE_DIGEST = "stale_digest"
OVERSTAYING = "overstaying"
STUCK = "stuck"
LOADING = "loading"
BUSY = "busy"
LIVENESS_UNKNOWN = "liveness_unknown"

REGISTRY = (
    Drift(
        NOT_INSTALLED,
        BREAKS,
        "is not installed on the server: pull or create it first (ollama_model, or ollama pull {name})",
        finding="model_not_installed",
        remedy="OLLAMA_HOST={address} ollama pull {name}, or ollama_model_pull: true and the play site",
        rule=never_installed,
        passes=False,
    ),
    Drift(
        STALE_DIGEST,
        BREAKS,
        "has older weights in memory than are installed: the next request to it waits until the installed ones are loaded",
        finding="stale_digest",
        remedy="{command} run loads the installed ones; systemctl restart {unit} drops the older ones",
        evident=Cause(REPULLED, OBSERVED),
        gloss="the name has new weights, which are not loaded",
    ),
    Drift(
        NOT_LOADED,
        BREAKS,
        "is not in memory: look at the server's journal for why it did not stay (memory, eviction, a client's keep_alive 0)",
        finding="not_in_memory",
        remedy="{command} run loads it; the other findings, and {command} status, tell why it left",
        rule=left_memory,
    ),
    Drift(
        DEAD_RUNNER,
        BREAKS,
        "has no living runner process: look at the server's journal and the kernel's for why it ended",
        finding="dead_runner",
        remedy="{command} run loads it anew; journalctl -k tells whether the kernel ended it",
        evident=Cause(RUNNER_DIED, OBSERVED),
        rule=runner_ended,
    ),
    Drift(
        HUNG_RUNNER,
        BREAKS,
        "has a runner process that answers nobody (it was stopped, or waits for a disk or a GPU that does not answer): a pass"
        " unloads it and loads it anew",
        finding="hung_runner",
        remedy="{command} run unloads it and loads it anew; if it stays, journalctl -k tells what it waits for (a disk, a GPU, a network mount)",
        evident=Cause(RUNNER_HUNG, OBSERVED),
        gloss="its process was stopped",
    ),
    Drift(
        EXPIRING,
        BREAKS,
        "leaves memory at {expires_at}{blame}",
        finding="leaving_memory",
        remedy="{command} run puts it back; find the client that sends its own keep_alive",
        rule=expiry_changed,
        declares=KEEP_ALIVE,
    ),
    Drift(
        OVERSTAYING,
        DEGRADES,
        "stays until {expires_at}, longer than its keep_alive of {keep_alive}",
        finding="overstaying",
        remedy="{command} run brings it down to its own keep_alive",
        rule=expiry_changed,
        declares=KEEP_ALIVE,
    ),
    Drift(
        CONTEXT_MISMATCH,
        DEGRADES,
        "has the context {context} instead of {wanted}{blame} (context_mismatch: reload puts it back)",
        finding="context_mismatch",
        remedy="ollama_warmup_context_mismatch: reload; and have clients send no num_ctx",
        rule=context_changed,
        declares=NUM_CTX,
        passes=False,
    ),
    Drift(
        SPILLED,
        DEGRADES,
        "has only {percent} % of its size in VRAM: declare fewer or smaller models, or a smaller num_ctx",
        finding="spilled",
        remedy="declare fewer or smaller models, or a smaller num_ctx; nvidia-smi tells who else uses the GPU",
        rule=spilled,
        passes=False,
    ),
    Drift(
        STUCK,
        DEGRADES,
        "is listed past its expiry of {expires_at}: a request hangs on it, or the server does",
        finding="stuck",
        remedy="systemctl restart {unit}, if the request never ends",
        passes=False,
    ),
    Drift(
        LOADING,
        LATER,
        "was still loading at the deadline: wait, or raise the deadline for loads",
        finding="undecided",
        remedy="look again in a minute",
    ),
    Drift(BUSY, LATER, "answers a request, so that its new expiry does not show yet", finding="undecided", remedy="look again in a minute"),
    Drift(
        LIVENESS_UNKNOWN,
        UNSEEN,
        "is listed, but whether its runner lives cannot be seen from here (the server is on another host or in a"
        " container): a pass sends a load request, which is the only proof",
        finding="liveness_unknown",
        remedy="{command} run asks it for a load, which costs nothing where it lives",
        passes=False,
    ),
)
"""The drift that explains most first."""

ON_CPU = (
    "runs entirely on the CPU: look whether the server found its GPU (it says so in its journal when it starts), and"
    " restart the server once the driver works"
)
"""Instead of the sentence of `SPILLED`, where nothing is in VRAM."""
REDECLARED = "has the context {context} instead of {wanted}: its declaration changed, and a pass reloads it once"
"""Instead of the sentence of `CONTEXT_MISMATCH`, where the declaration changed."""

BY_WORD: Mapping[str, Drift] = {row.word: row for row in REGISTRY}
UNKNOWN_CAUSE = Cause(UNKNOWN, INFERRED)


def words_of(*severities: str) -> frozenset[str]:
    """The drifts of these severities."""
    return frozenset(row.word for row in REGISTRY if row.severity in severities)


BREAKING = words_of(BREAKS)
DEGRADING = words_of(DEGRADES)
UNDECIDED = words_of(LATER)
NEUTRAL = words_of(LATER, UNSEEN)
"""Neither breaks residency nor degrades it."""
DRIFTS = frozenset(BY_WORD)
PASSING = frozenset(row.word for row in REGISTRY if row.passes)
