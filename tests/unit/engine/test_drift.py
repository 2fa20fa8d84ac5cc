# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decision table, row by row, and what holds for every row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.actions import LOADS, NO_ACTION
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.displacement import SetAside
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.drifts import BREAKING, DRIFTS
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History, Plan, Verdict
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import Observation, Runners
from hypothesis import given
from hypothesis import strategies as st
from support.values import EMBEDS, FOREVER, NOW, blob, card, digest, installed, look, policy, processes, resident, runners

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
PIN = {"name": "a"}
PIN_CTX = {"name": "a", "num_ctx": 8192}
WARM = {"name": "a", "policy": "warm", "keep_alive": "30m"}
A = ModelName.parse("a")
LIVES, DEAD, UNKNOWN = runners("a"), runners(), None
NO_HISTORY = History()
HAD_ITS_LOAD = History(warmed=frozenset({A}))


@dataclass(frozen=True)
class Row:
    """One observation of the declared model `a`, and what is decided about it."""

    sentence: str
    declared: dict[str, Any]
    seen: Observation
    drift: tuple[str, ...]
    action: str
    resident: bool | None
    num_ctx: int | None = None
    others: dict[str, Any] = field(default_factory=dict)
    history: History = NO_HISTORY


def seen(alive: Runners | None, *listed: Any, names: tuple[str, ...] = ("a",), cards: Any = None) -> Observation:
    return look(names, listed, alive, cards)


def hung(state: str, left: timedelta = FOREVER, waiting: float | None = None) -> Observation:
    return replace(look(["a"], [resident("a", left)]), **processes("a", state=state, waiting=waiting))


def unlisted(seconds: float, state: str = "S") -> Observation:
    return replace(look(["a"]), **processes("a", state=state, unlisted=seconds))


WAITS = History(loading=900)

TABLE = [
    # A pin that is not listed.
    Row("a pin that is not installed is missing", PIN, seen(DEAD, names=()), ("not_installed",), "none", False),
    Row("a pin that is not installed is missing, whoever can be seen", PIN, seen(UNKNOWN, names=()), ("not_installed",), "none", False),
    Row("a pin that is not listed is loaded", PIN, seen(DEAD), ("not_loaded",), "load", False),
    Row("a pin that is not listed is loaded where processes cannot be seen", PIN, seen(UNKNOWN), ("not_loaded",), "load", False),
    Row("a pin is loaded with its declared context", PIN_CTX, seen(DEAD), ("not_loaded",), "load", False, 8192),
    Row("a pin whose runner lives but is not listed is loading: wait", PIN, seen(LIVES), ("loading",), "wait", False),
    Row("a runner of an unknown kind is no sign of a load", PIN, seen(runners(complete=False)), ("not_loaded",), "load", False),
    Row("another model's runner is no sign of a load", PIN, seen(runners("b"), resident("b"), names=("a", "b")), ("not_loaded",), "load", False),
    # A pin that is listed for ever.
    Row("a pin that is listed for ever and lives is left alone", PIN, seen(LIVES, resident("a")), (), "none", True, 4096),
    Row("a pin whose runner is dead is revived with its context", PIN, seen(DEAD, resident("a")), ("dead_runner",), "revive", False, 4096),
    Row(
        "a dead pin is revived with the declared context",
        PIN_CTX,
        seen(DEAD, resident("a")),
        ("dead_runner", "context_mismatch"),
        "revive",
        False,
        8192,
    ),
    Row(
        "a pin whose processes cannot be seen is probed with its context",
        PIN,
        seen(UNKNOWN, resident("a")),
        ("liveness_unknown",),
        "probe",
        None,
        4096,
    ),
    Row(
        "a pin beside a runner of an unknown kind is probed",
        PIN,
        seen(runners(complete=False), resident("a")),
        ("liveness_unknown",),
        "probe",
        None,
        4096,
    ),
    Row(
        "a living pin beside a runner of an unknown kind is left alone",
        PIN,
        seen(runners("a", complete=False), resident("a")),
        (),
        "none",
        True,
        4096,
    ),
    # A pin that is listed with an end.
    Row("a pin that ends is set back", PIN, seen(LIVES, resident("a", 5 * MINUTE)), ("expiring",), "set_expiry", False, 4096),
    Row(
        "a pin that ends where processes cannot be seen is set back",
        PIN,
        seen(UNKNOWN, resident("a", 5 * MINUTE)),
        ("liveness_unknown", "expiring"),
        "set_expiry",
        False,
        4096,
    ),
    Row(
        "a pin that ends in nineteen years is set back",
        PIN,
        seen(LIVES, resident("a", timedelta(days=19 * 365))),
        ("expiring",),
        "set_expiry",
        False,
        4096,
    ),
    Row("a pin that ends in 21 years is for ever", PIN, seen(LIVES, resident("a", timedelta(days=21 * 365))), (), "none", True, 4096),
    Row("a pin that ends this second is set back", PIN, seen(LIVES, resident("a", -SECOND)), ("expiring",), "set_expiry", False, 4096),
    Row("a pin past its end is busy, and set back all the same", PIN, seen(LIVES, resident("a", -MINUTE)), ("busy",), "set_expiry", True, 4096),
    Row(
        "a pin long past its end is stuck, and set back all the same",
        PIN,
        seen(LIVES, resident("a", -20 * MINUTE)),
        ("stuck",),
        "set_expiry",
        True,
        4096,
    ),
    Row(
        "a dead pin that ends is revived, which sets it back too",
        PIN,
        seen(DEAD, resident("a", 5 * MINUTE)),
        ("dead_runner", "expiring"),
        "revive",
        False,
        4096,
    ),
    Row("a dead pin past its end is revived", PIN, seen(DEAD, resident("a", -MINUTE)), ("dead_runner", "busy"), "revive", False, 4096),
    # Context.
    Row("another context is reported and kept", PIN_CTX, seen(LIVES, resident("a")), ("context_mismatch",), "none", True, 4096),
    Row(
        "another context is put back if that was asked for",
        PIN_CTX,
        seen(LIVES, resident("a")),
        ("context_mismatch",),
        "reload",
        True,
        8192,
        {"context_mismatch": "reload"},
    ),
    Row(
        "the declared context is left alone even if reloads were asked for",
        PIN_CTX,
        seen(LIVES, resident("a", context=8192)),
        (),
        "none",
        True,
        8192,
        {"context_mismatch": "reload"},
    ),
    Row(
        "no declared context means that any is right",
        PIN,
        seen(LIVES, resident("a", context=77)),
        (),
        "none",
        True,
        77,
        {"context_mismatch": "reload"},
    ),
    Row(
        "a context above the training context is capped, as the server does",
        {"name": "a", "num_ctx": 65536},
        seen(LIVES, resident("a", context=32768)),
        (),
        "none",
        True,
        32768,
        {"context_mismatch": "reload"},
    ),
    Row(
        "a load sends the capped context",
        {"name": "a", "num_ctx": 65536},
        seen(DEAD),
        ("not_loaded",),
        "load",
        False,
        32768,
    ),
    Row(
        "without a known training context the declared one is wanted",
        {"name": "a", "num_ctx": 65536},
        seen(LIVES, resident("a", context=32768), cards={digest("a"): card("a", training=None)}),
        ("context_mismatch",),
        "none",
        True,
        32768,
    ),
    Row(
        "a vision model's context is at least 2048, as the server sees to",
        {"name": "a", "num_ctx": 1024},
        seen(LIVES, resident("a", context=2048), cards={digest("a"): card("a", {"completion", "vision"})}),
        (),
        "none",
        True,
        2048,
        {"context_mismatch": "reload"},
    ),
    Row("a server that tells no context is not second-guessed", PIN_CTX, seen(LIVES, resident("a", context=None)), (), "none", True),
    Row(
        "a pin that ends, with another context, is set back without a reload",
        PIN_CTX,
        seen(LIVES, resident("a", MINUTE)),
        ("expiring", "context_mismatch"),
        "set_expiry",
        False,
        4096,
    ),
    Row(
        "a pin that ends, with another context, is reloaded if that was asked for",
        PIN_CTX,
        seen(LIVES, resident("a", MINUTE)),
        ("expiring", "context_mismatch"),
        "reload",
        False,
        8192,
        {"context_mismatch": "reload"},
    ),
    Row(
        "a probe never sends the declared context",
        PIN_CTX,
        seen(UNKNOWN, resident("a")),
        ("liveness_unknown", "context_mismatch"),
        "probe",
        None,
        4096,
    ),
    # A runner that answers nobody.
    Row("a pin whose runner is stopped is unloaded and loaded", PIN, hung("T"), ("hung_runner",), "revive", False, 4096),
    Row("a pin whose runner is traced is somebody's to debug", PIN, hung("t"), (), "none", True, 4096),
    Row("a pin whose runner waits for a disk may go on", PIN, hung("D", waiting=9.9), (), "none", True, 4096),
    Row("a pin whose runner waits in vain hangs", PIN, hung("D", waiting=10), ("hung_runner",), "revive", False, 4096),
    Row("a pin whose runner waited and runs again is well", PIN, hung("S", waiting=None), (), "none", True, 4096),
    Row("a hung pin that ends is revived, which sets it back too", PIN, hung("T", 5 * MINUTE), ("hung_runner", "expiring"), "revive", False, 4096),
    Row("a warm model whose runner is stopped is revived", WARM, hung("T", 7 * MINUTE), ("hung_runner",), "revive", False, 4096),
    # A runner that is not listed.
    Row("a runner that is not listed is loading until the deadline", PIN, unlisted(899.9), ("loading",), "wait", False, history=WAITS),
    Row("a stopped runner that is not listed is loading, too", PIN, unlisted(5, "T"), ("loading",), "wait", False, history=WAITS),
    Row("a runner that is not listed at the deadline is loaded beside", PIN, unlisted(900), ("not_loaded",), "load", False, history=WAITS),
    Row("a runner that is not listed is loading for whoever has no deadline", PIN, unlisted(9e6), ("loading",), "wait", False),
    # Share in VRAM.
    Row("a pin partly in VRAM is spilled", PIN, seen(LIVES, resident("a", vram=600)), ("spilled",), "none", True, 4096),
    Row("a pin all but wholly in VRAM is spilled", PIN, seen(LIVES, resident("a", size=10**6, vram=10**6 - 1)), ("spilled",), "none", True, 4096),
    Row("a pin wholly on the CPU is on a host without a GPU", PIN, seen(LIVES, resident("a", vram=0)), (), "none", True, 4096),
    Row(
        "a pin that must be on the GPU and is not is spilled",
        {**PIN, "min_gpu_percent": 1},
        seen(LIVES, resident("a", vram=0)),
        ("spilled",),
        "none",
        True,
        4096,
    ),
    Row("a pin with its declared share is not spilled", {**PIN, "min_gpu_percent": 60}, seen(LIVES, resident("a", vram=600)), (), "none", True, 4096),
    Row(
        "a pin with a little less than its declared share is spilled",
        {**PIN, "min_gpu_percent": 100},
        seen(LIVES, resident("a", vram=996)),
        ("spilled",),
        "none",
        True,
        4096,
    ),
    # New weights under the name.
    Row(
        "old weights that stay for ever are replaced by a load of the new ones",
        PIN,
        seen(runners("old"), resident("a", version="1")),
        ("stale_digest",),
        "load",
        False,
    ),
    Row(
        "the new ones are loaded with the declared context, whatever the old ones have",
        {**PIN_CTX, "min_gpu_percent": 100},
        seen(runners("old"), resident("a", version="1", vram=0)),
        ("stale_digest",),
        "load",
        False,
        8192,
    ),
    Row(
        "new weights that are loading already beside the old ones are waited for",
        PIN,
        seen(runners("a", "old"), resident("a", version="1")),
        ("loading", "stale_digest"),
        "wait",
        False,
    ),
    Row(
        "old weights whose blob is known are old, whatever else runs",
        PIN,
        seen(runners("a"), resident("a", version="1"), cards={digest("a1"): card("old")}),
        ("loading", "stale_digest"),
        "wait",
        False,
    ),
    Row(
        "old weights of which only their blob can be known are old on another host, too",
        PIN,
        seen(UNKNOWN, resident("a", version="1"), cards={digest("a1"): card("old")}),
        ("stale_digest",),
        "load",
        False,
    ),
    Row(
        "another template on weights that are known is the same model on another host, too",
        PIN,
        seen(UNKNOWN, resident("a", version="1"), cards={digest("a1"): card("a")}),
        ("liveness_unknown",),
        "probe",
        None,
        4096,
    ),
    Row(
        "a warm model's old weights are replaced as long as they stay",
        WARM,
        seen(runners("old"), resident("a", 7 * MINUTE, version="1")),
        ("stale_digest",),
        "load",
        False,
        history=HAD_ITS_LOAD,
    ),
    Row(
        "old weights that leave are replaced by a load of the new ones",
        PIN,
        seen(runners("old"), resident("a", MINUTE, version="1")),
        ("stale_digest",),
        "load",
        False,
    ),
    Row(
        "old weights whose runner is dead are replaced",
        PIN,
        seen(DEAD, resident("a", version="1")),
        ("stale_digest",),
        "load",
        False,
    ),
    Row("another template on the same weights is the same model", PIN, seen(LIVES, resident("a", version="1")), (), "none", True, 4096),
    Row(
        "new and old weights side by side: the new ones count",
        PIN,
        seen(runners("a", "old"), resident("a", version="1"), resident("a")),
        (),
        "none",
        True,
        4096,
    ),
    Row(
        "another digest where processes cannot be seen is probed, which loads the new weights unless they are the same",
        PIN,
        seen(UNKNOWN, resident("a", version="1")),
        ("liveness_unknown",),
        "probe",
        None,
        4096,
    ),
    Row(
        "another digest that ends where processes cannot be seen is loaded, which sets it back where the weights are the same",
        PIN,
        seen(UNKNOWN, resident("a", MINUTE, version="1")),
        ("liveness_unknown", "expiring"),
        "load",
        False,
    ),
    Row(
        "another digest beside a runner of an unknown kind may be anybody's",
        PIN,
        seen(runners("old", complete=False), resident("a", version="1")),
        ("liveness_unknown",),
        "probe",
        None,
        4096,
    ),
    Row("exactly ten minutes past its end a pin is still busy", PIN, seen(LIVES, resident("a", -10 * MINUTE)), ("busy",), "set_expiry", True, 4096),
    Row(
        "exactly at the grain of the clock a warm model does not overstay",
        WARM,
        seen(LIVES, resident("a", 30 * MINUTE + 5 * SECOND)),
        (),
        "none",
        True,
        4096,
    ),
    Row(
        "exactly the grain of the clock past its end a pin ends",
        PIN,
        seen(LIVES, resident("a", -5 * SECOND)),
        ("expiring",),
        "set_expiry",
        False,
        4096,
    ),
    # Deleted.
    Row("a deleted pin that is still listed is missing", PIN, seen(LIVES, resident("a"), names=()), ("not_installed",), "none", False, 4096),
    # A warm model.
    Row("a warm model that had no load since the start is loaded", WARM, seen(DEAD), ("not_loaded",), "load", False),
    Row("a warm model that had its load is left out", WARM, seen(DEAD), (), "none", False, history=HAD_ITS_LOAD),
    Row("a warm model that is loading is waited for", WARM, seen(LIVES), ("loading",), "wait", False, history=HAD_ITS_LOAD),
    Row("a warm model that is listed is left to its expiry", WARM, seen(LIVES, resident("a", 7 * MINUTE)), (), "none", True, 4096),
    Row("a warm model at its full expiry is left alone", WARM, seen(LIVES, resident("a", 30 * MINUTE)), (), "none", True, 4096),
    Row(
        "a warm model beyond the grain of the clock overstays",
        WARM,
        seen(LIVES, resident("a", 30 * MINUTE + 6 * SECOND)),
        ("overstaying",),
        "set_expiry",
        True,
        4096,
    ),
    Row("a warm model within the grain of the clock does not", WARM, seen(LIVES, resident("a", 30 * MINUTE + 4 * SECOND)), (), "none", True, 4096),
    Row(
        "a warm model that somebody made stay for ever is brought down", WARM, seen(LIVES, resident("a")), ("overstaying",), "set_expiry", True, 4096
    ),
    Row("a warm model past its expiry is busy", WARM, seen(LIVES, resident("a", -MINUTE)), ("busy",), "none", True, 4096),
    Row("a warm model long past its expiry is stuck", WARM, seen(LIVES, resident("a", -11 * MINUTE)), ("stuck",), "none", True, 4096),
    Row("a warm model whose runner is dead is revived", WARM, seen(DEAD, resident("a", 7 * MINUTE)), ("dead_runner",), "revive", False, 4096),
    Row(
        "a warm model is not probed, which would lengthen its stay",
        WARM,
        seen(UNKNOWN, resident("a", 7 * MINUTE)),
        ("liveness_unknown",),
        "none",
        None,
        4096,
    ),
    Row("a warm model that is not installed is missing", WARM, seen(DEAD, names=()), ("not_installed",), "none", False, history=HAD_ITS_LOAD),
]


def plan_of(row: Row) -> Plan:
    return make_plan(policy(row.declared, **row.others), row.seen, row.history)


@pytest.mark.parametrize("row", TABLE, ids=[row.sentence for row in TABLE])
def test_the_table(row: Row) -> None:
    plan = plan_of(row)
    (verdict,) = plan.verdicts
    assert (verdict.drift, verdict.action, verdict.resident, verdict.num_ctx) == (row.drift, row.action, row.resident, row.num_ctx)
    assert plan.has_work is (row.action != "none")
    assert plan.would_change is (row.action in {"load", "revive", "reload", "set_expiry"})
    assert verdict.refusal is None


def test_every_word_and_every_action_is_in_the_table() -> None:
    assert {word for row in TABLE for word in row.drift} == DRIFTS
    assert {row.action for row in TABLE} == LOADS | {"none", "wait", "probe", "set_expiry"}


@pytest.mark.parametrize("row", TABLE, ids=[row.sentence for row in TABLE])
@pytest.mark.parametrize("skew", [timedelta(days=-400), timedelta(hours=3)], ids=["slow", "fast"])
def test_a_skewed_clock_changes_no_verdict(row: Row, skew: timedelta) -> None:
    """Now and expiry are the same server's; only their difference counts."""
    listed = tuple(replace(entry, expiry=replace(entry.expiry, moment=entry.expiry.moment + skew)) for entry in row.seen.resident)
    shifted = replace(row.seen, now=NOW + skew, resident=listed)
    before, after = plan_of(row).verdicts[0], plan_of(replace(row, seen=shifted)).verdicts[0]
    assert (after.drift, after.action, after.num_ctx) == (before.drift, before.action, before.num_ctx)


def one(observation: Observation, *models: Any, **others: Any) -> Verdict:
    return make_plan(policy(*models, **others), observation).verdicts[-1]


def test_a_name_matches_in_any_spelling() -> None:
    verdict = one(look(["Library/a:latest"], [resident("A")], LIVES, {digest("Library/a:latest"): card("a")}), "a")
    assert verdict.listed is not None
    assert verdict.installed is not None


def test_a_copy_that_was_loaded_first_stands_for_the_model() -> None:
    """One runner per weights blob, listed under the name that loaded it first."""
    copy = replace(resident("copy"), digest=digest("a"))
    assert one(look(["a"], [copy], LIVES), "a").drift == ()
    derived = resident("derived")
    same_weights = {digest("derived"): card("a")}
    assert one(look(["a", "derived"], [derived], LIVES, same_weights), "a").drift == ()


def test_the_digest_tells_before_the_name() -> None:
    """The name may list old weights beside the new ones under a copy's name."""
    old, new = resident("a", version="1"), replace(resident("copy"), digest=digest("a"))
    assert one(look(["a"], [old, new], runners("a", "old")), "a").listed == new


def test_a_deleted_copy_that_holds_the_weights_is_not_taken_for_a_load_in_progress() -> None:
    """Its digest is no longer installed, so that nobody can tell its weights: waiting for it would never end."""
    verdict = one(look(["a"], [resident("gone")], LIVES), "a")
    assert (verdict.drift, verdict.action) == (("not_loaded",), "load")


@pytest.mark.parametrize("second", ["b", {"name": "b", "policy": "warm", "keep_alive": 60}], ids=["pin", "warm"])
@pytest.mark.parametrize("listed", [(), (resident("a"),)], ids=["cold", "resident"])
def test_the_second_of_two_names_of_one_blob_is_refused(second: Any, listed: Any) -> None:
    observation = look(["a", "b"], listed, LIVES if listed else DEAD, {digest("b"): card("a")})
    plan = make_plan(policy("a", second), observation)
    first, twin = plan.verdicts
    assert first.refusal is None
    assert twin.refusal == "b and a are two names of the same weights, which share one runner: keep one"
    assert (twin.action, twin.resident, twin.num_ctx) == (NO_ACTION, False, 4096 if listed else None)


def test_two_copies_of_one_manifest_are_twins_too() -> None:
    copy = replace(installed("b"), digest=digest("a"))
    observation = replace(look(["a"], (), DEAD), installed=(installed("a"), copy))
    assert "two names of the same weights" in str(one(observation, "a", "b").refusal)


def test_a_stub_for_the_cloud_is_refused() -> None:
    observation = replace(look([], (), DEAD), installed=(installed("a", remote=True),))
    verdict = one(observation, "a")
    assert verdict.refusal == "a runs in the cloud and is never in this server's memory: take it off the list"
    assert (verdict.action, verdict.resident) == (NO_ACTION, False)


SET_ASIDE = History(set_aside={A: SetAside(beside={"x:latest": 1000})})


def test_what_an_earlier_pass_set_aside_is_not_loaded_again() -> None:
    (verdict,) = make_plan(policy("a"), seen(runners("x"), resident("x"), names=("a", "x")), SET_ASIDE).verdicts
    assert (verdict.action, verdict.resident, verdict.drift) == (NO_ACTION, False, ("not_loaded",))
    old = seen(runners("old", "x"), resident("a", version="1"), resident("x"), names=("a", "x"))
    (verdict,) = make_plan(policy("a"), old, SET_ASIDE).verdicts
    assert (verdict.action, verdict.resident, verdict.drift) == (NO_ACTION, False, ("stale_digest",))
    assert str(verdict.refusal).startswith("a was set aside by an earlier pass: memory does not hold it beside the models declared before it;")


def test_what_was_set_aside_and_is_in_memory_all_the_same_is_a_model_like_any_other() -> None:
    (verdict,) = make_plan(policy("a"), seen(LIVES, resident("a", MINUTE)), SET_ASIDE).verdicts
    assert (verdict.refusal, verdict.action) == (None, "set_expiry")
    (verdict,) = make_plan(policy("a"), seen(LIVES), SET_ASIDE).verdicts
    assert (verdict.refusal, verdict.action) == (None, "wait")


def test_a_context_above_the_training_context_is_advised_against() -> None:
    (advice,) = one(look(["a"]), {"name": "a", "num_ctx": 65536}).advice
    assert advice == "a was trained for a context of 32768, so that num_ctx 65536 becomes 32768 on the server: declare 32768"
    assert one(look(["a"]), {"name": "a", "num_ctx": 32768}).advice == ()
    assert one(look([]), {"name": "a", "num_ctx": 65536}).advice == ()


def test_verdicts_are_in_declared_order() -> None:
    plan = make_plan(policy("c", "a", "b"), look(["a", "b", "c"], [resident("b")], runners("b")))
    assert [str(verdict.model.name) for verdict in plan.verdicts] == ["c:latest", "a:latest", "b:latest"]


def test_a_plan_for_some_models_is_silent_about_the_others_and_about_strays() -> None:
    plan = make_plan(policy("a", "b", undeclared_keep_alive="10m"), look(["a", "b", "c"], [resident("c")], runners("c")))
    assert plan.within(None) is plan
    part = plan.within(frozenset({ModelName.parse("b")}))
    assert ([verdict.model.declared for verdict in part.verdicts], part.strays) == (["b"], ())
    assert len(plan.strays) == 1


# Models that are not declared.

TEN = KeepAlive.parse("10m")
BOTH_LIVE = runners("a", "b")


def strays_of(observation: Observation, history: History | None = None, **others: Any) -> list[tuple[str, str, KeepAlive]]:
    plan = make_plan(policy("a", **others), observation, history)
    return [(str(stray.name), stray.action, stray.keep_alive) for stray in plan.strays]


def beside(*listed: Any, alive: Runners | None = BOTH_LIVE) -> Observation:
    return look(["a", "b"], [resident("a"), *listed], alive)


def test_a_stray_is_left_alone_unless_told_otherwise() -> None:
    assert strays_of(beside(resident("b"))) == []


@pytest.mark.parametrize(
    ("left", "told"),
    [(FOREVER, True), (11 * MINUTE, True), (10 * MINUTE + 4 * SECOND, False), (9 * MINUTE, False), (-MINUTE, False)],
)
@pytest.mark.parametrize("alive", [runners("a", "b"), None], ids=["seen", "unseen"])
def test_a_stray_that_stays_too_long_is_told_when_to_go(left: timedelta, told: bool, alive: Runners | None) -> None:
    expected = [("b:latest", "set_expiry", TEN)] if told else []
    assert strays_of(beside(resident("b", left), alive=alive), undeclared_keep_alive="10m") == expected


def test_a_dead_stray_is_not_asked_for_anything_which_would_revive_it() -> None:
    history = History(pinned=frozenset({ModelName.parse("b")}))
    assert strays_of(beside(resident("b"), alive=runners("a")), history, undeclared_keep_alive="10m", release="unload") == []


def test_a_deleted_stray_cannot_be_asked() -> None:
    observation = look(["a"], [resident("a"), resident("b")], runners("a", "b"))
    assert strays_of(observation, undeclared_keep_alive="10m") == []


def test_old_weights_of_a_pin_are_let_go_by_another_name_of_theirs_once_the_new_ones_are_there() -> None:
    copy = replace(installed("copy"), digest=digest("a1"))
    names, cards = (installed("a"), copy), {digest("a"): card("a"), digest("a1"): card("old")}
    old, new = resident("a", version="1"), resident("a")
    before = Observation(NOW, names, (old,), cards, runners("old"))
    after = Observation(NOW, names, (old, new), cards, runners("a", "old"))
    assert strays_of(before) == []
    assert strays_of(after) == [("copy:latest", "set_expiry", KeepAlive.parse("5m"))]
    assert strays_of(after, release="unload") == [("copy:latest", "unload", KeepAlive.parse("5m"))]
    assert strays_of(after, release="keep") == []
    assert make_plan(policy("a", "copy"), after).strays == ()
    assert make_plan(policy("a"), after).verdicts[0].advice == ()


def test_old_weights_without_another_name_are_told() -> None:
    observation = look(["a"], [resident("a", version="1"), resident("a")], runners("a", "old"))
    verdict = one(observation, "a")
    assert (verdict.resident, verdict.drift, verdict.action) == (True, (), NO_ACTION)
    (advice,) = verdict.advice
    assert advice.startswith("the older weights of a stay in memory beside the installed ones, and no request can name them any more: ")
    leaving = look(["a"], [resident("a", MINUTE, version="1"), resident("a")], runners("a", "old"))
    assert one(leaving, "a").advice == ()


def test_a_stray_with_old_weights_cannot_be_asked_either() -> None:
    """A request under its name would load the new ones."""
    observation = beside(resident("b", version="1"), alive=runners("a", "old"))
    assert strays_of(observation, undeclared_keep_alive="10m") == []
    assert strays_of(observation, History(pinned=frozenset({ModelName.parse("b")})), release="unload") == []


def test_a_pins_own_old_weights_are_no_stray() -> None:
    """A request under their name would reach the new ones, and end a pin."""
    observation = look(["a"], [resident("a"), resident("a", version="1")], runners("a", "old"))
    assert strays_of(observation, undeclared_keep_alive="10m") == []


def test_a_declared_model_is_no_stray_under_another_name() -> None:
    assert strays_of(look(["a", "b"], [resident("b")], runners("a"), {digest("b"): card("a")}), undeclared_keep_alive="10m") == []


@pytest.mark.parametrize(
    ("release", "left", "expected"),
    [
        ("expire", FOREVER, [("b:latest", "set_expiry", KeepAlive.parse("5m"))]),
        ("expire", 4 * MINUTE, []),
        ("unload", FOREVER, [("b:latest", "unload", KeepAlive.parse("5m"))]),
        ("unload", 4 * MINUTE, [("b:latest", "unload", KeepAlive.parse("5m"))]),
        ("keep", FOREVER, []),
    ],
)
def test_a_model_taken_off_the_list_is_given_back(release: str, left: timedelta, expected: Any) -> None:
    history = History(pinned=frozenset({ModelName.parse("b"), A}))
    assert strays_of(beside(resident("b", left)), history, release=release) == expected


def test_a_model_taken_off_the_list_gets_what_undeclared_ones_get() -> None:
    history = History(pinned=frozenset({ModelName.parse("b")}))
    assert strays_of(beside(resident("b")), history, undeclared_keep_alive="10m") == [("b:latest", "set_expiry", TEN)]
    assert strays_of(beside(resident("b")), history, undeclared_keep_alive="10m", release="keep") == [("b:latest", "set_expiry", TEN)]


def test_strays_are_work_and_change() -> None:
    plan = make_plan(policy("a", undeclared_keep_alive="10m"), beside(resident("b")))
    assert plan.has_work
    assert plan.would_change
    assert not make_plan(policy("a"), beside(resident("b"))).has_work


# What holds for every policy and every observation.

NAMES = ["a", "b", "c", "d"]
LEFT = st.sampled_from([FOREVER, 50 * MINUTE, 5 * MINUTE, SECOND, -SECOND, -MINUTE, -30 * MINUTE])
DECLARED = st.one_of(
    st.fixed_dictionaries({}, optional={"num_ctx": st.sampled_from([2048, 4096, 65536]), "min_gpu_percent": st.integers(0, 100)}),
    st.fixed_dictionaries({"policy": st.just("warm"), "keep_alive": st.sampled_from(["2s", "30m"])}, optional={"num_ctx": st.just(4096)}),
)
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "undeclared_keep_alive": st.just("10m"),
        "context_mismatch": st.sampled_from(["report", "reload"]),
        "release": st.sampled_from(["expire", "unload", "keep"]),
    },
)


@st.composite
def policies(draw: st.DrawFn) -> Any:
    names = draw(st.permutations(NAMES))[: draw(st.integers(0, 4))]
    return policy(*({"name": name, **draw(DECLARED)} for name in names), **draw(OTHERS))


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    entries = []
    for name in draw(st.lists(st.sampled_from([*NAMES, "gone"]), unique=True)):
        version, context = draw(st.sampled_from(["", "", "1"])), draw(st.sampled_from([2048, 4096, 32768]))
        entries.append(resident(name, draw(LEFT), version=version, context=context, vram=draw(st.sampled_from([0, 400, 1000]))))
    alive = draw(st.none() | st.builds(Runners, st.frozensets(st.sampled_from([blob(name) for name in NAMES])), st.booleans()))
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    twins = draw(st.dictionaries(st.sampled_from([digest(name) for name in NAMES]), st.sampled_from([card("a"), card("d", EMBEDS, None)])))
    return look(names, entries, alive, twins)


SOME_NAME = st.sampled_from([ModelName.parse(name) for name in NAMES])
HISTORIES = st.builds(
    History,
    *[st.frozensets(SOME_NAME)] * 2,
    set_aside=st.dictionaries(SOME_NAME, st.just(SetAside(("x",), {"b:latest": 1000}))),
    withheld=st.dictionaries(SOME_NAME, st.just((digest("a"), "not now"))),
    conflicts=st.dictionaries(SOME_NAME, st.just(3)),
)


@given(policies(), observations(), HISTORIES)
def test_what_is_resident_is_listed_and_lives(declared: Any, observation: Observation, history: History) -> None:
    for verdict in make_plan(declared, observation, history).verdicts:
        if verdict.resident:
            assert verdict.listed in observation.resident
            assert verdict.alive is True
            assert not BREAKING.intersection(verdict.drift)
            assert verdict.refusal is None


@given(policies(), observations(), HISTORIES)
def test_no_context_is_sent_that_would_reload_a_runner_which_is_right(declared: Any, observation: Observation, history: History) -> None:
    for verdict in make_plan(declared, observation, history).verdicts:
        if verdict.action not in LOADS and verdict.in_memory and verdict.listed is not None:
            assert given_by_the_server(verdict) == verdict.listed.context_length
        if verdict.num_ctx is not None and verdict.model.num_ctx is None:
            assert verdict.listed is not None and verdict.num_ctx == verdict.listed.context_length


def given_by_the_server(verdict: Verdict) -> int | None:
    """The context of a runner that answers to the num_ctx sent; a model that embeds has its training context by default."""
    training = verdict.card.training_context if verdict.card else None
    if verdict.card and "embedding" in verdict.card.capabilities:
        return min(verdict.num_ctx or 2**20, training or 2**20)
    return verdict.num_ctx


@given(policies(), observations(), HISTORIES)
def test_a_model_that_cannot_be_helped_is_not_touched(declared: Any, observation: Observation, history: History) -> None:
    for verdict in make_plan(declared, observation, history).verdicts:
        if verdict.refusal or "not_installed" in verdict.drift:
            assert verdict.action == NO_ACTION


@given(policies(), observations(), HISTORIES)
def test_no_stray_is_a_declared_model(declared: Any, observation: Observation, history: History) -> None:
    plan = make_plan(declared, observation, history)
    for stray in plan.strays:
        assert declared.find(stray.listed.name) is None
        assert stray.listed not in [verdict.listed for verdict in plan.verdicts]
        assert not stray.keep_alive.is_forever


@given(policies(), observations(), HISTORIES)
def test_the_same_sight_gives_the_same_plan(declared: Any, observation: Observation, history: History) -> None:
    assert make_plan(declared, observation, history) == make_plan(declared, replace(observation), history)


@given(policies(), HISTORIES)
def test_a_healthy_server_gives_no_work(declared: Any, history: History) -> None:
    """Whatever is declared, a server that holds it as declared is left alone."""
    listed = []
    for model in declared.models:
        left = FOREVER if model.is_pin else model.keep_alive.as_timedelta()
        context = min(model.num_ctx or 4096, 32768)
        listed.append(resident(str(model.name), left, context=context))
    plan = make_plan(declared, look(NAMES, listed, runners(*NAMES)), history)
    assert not plan.has_work
    assert all(verdict.resident is True and verdict.drift == () and verdict.settled for verdict in plan.verdicts)
