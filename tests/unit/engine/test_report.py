# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts as sentences and as plain data."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.drifts import BREAKING, DEGRADING, DRIFTS
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.progress import PassResult, Progress
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History, Verdict
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import diff, results, tables
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import Observation, Runners
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.past import Cause
from support.values import NOW, card, digest, installed, look, policy, processes, resident, runners

MINUTE = timedelta(minutes=1)
LIVES, DEAD = runners("a"), runners()
HAD_ITS_LOAD = History(warmed=frozenset({ModelName.parse("a")}))
PIN_CTX = {"name": "a", "num_ctx": 8192}
WARM = {"name": "a", "policy": "warm", "keep_alive": "30m"}


def verdict(declared: Any, alive: Runners | None, *listed: Any, names: Any = ("a",), history: History | None = None) -> Verdict:
    return make_plan(policy(declared), look(names, listed, alive), history).verdicts[0]


def progress(found: Verdict, **others: Any) -> Progress:
    return Progress(found.model, found, found, **others)


def done(*all_progress: Progress, warnings: tuple[str, ...] = ()) -> PassResult:
    return PassResult(all_progress, (), Observation(now=NOW), warnings)


SENTENCES = {
    "not_installed": (verdict("a", DEAD, names=()), "a is not installed on the server: pull or create it first (ollama_model, or ollama pull a:latest)"),
    "not_loaded": (
        verdict("a", DEAD),
        "a is not in memory: look at the server's journal for why it did not stay (memory, eviction, a client's keep_alive 0)",
    ),
    "expiring": (
        verdict("a", LIVES, resident("a", 5 * MINUTE)),
        "a leaves memory at 2026-08-22 08:05:00 UTC",
    ),
    "dead_runner": (
        verdict("a", DEAD, resident("a")),
        "a has no living runner process: look at the server's journal and the kernel's for why it ended",
    ),
    "hung_runner": (
        make_plan(policy("a"), replace(look(["a"], [resident("a")]), **processes("a", state="T"))).verdicts[0],
        "a has a runner process that answers nobody (it was stopped, or waits for a disk or a GPU that does not answer): a pass unloads"
        " it and loads it anew",
    ),
    "liveness_unknown": (
        verdict("a", None, resident("a")),
        "a is listed, but whether its runner lives cannot be seen from here (the server is on another host or in a container): a pass"
        " sends a load request, which is the only proof",
    ),
    "context_mismatch": (
        verdict(PIN_CTX, LIVES, resident("a")),
        "a has the context 4096 instead of 8192 (context_mismatch: reload puts it back)",
    ),
    "spilled": (
        verdict("a", LIVES, resident("a", vram=999)),
        "a has only 99 % of its size in VRAM: declare fewer or smaller models, or a smaller num_ctx",
    ),
    "stale_digest": (
        verdict("a", runners("old"), resident("a", version="1")),
        "a has older weights in memory than are installed: the next request to it waits until the installed ones are loaded",
    ),
    "overstaying": (
        verdict(WARM, LIVES, resident("a", 60 * MINUTE)),
        "a stays until 2026-08-22 09:00:00 UTC, longer than its keep_alive of 30m",
    ),
    "stuck": (
        verdict("a", LIVES, resident("a", -20 * MINUTE)),
        "a is listed past its expiry of 2026-08-22 07:40:00 UTC: a request hangs on it, or the server does",
    ),
    "loading": (verdict("a", LIVES), "a was still loading at the deadline: wait, or raise the deadline for loads"),
    "busy": (verdict("a", LIVES, resident("a", -MINUTE)), "a answers a request, so that its new expiry does not show yet"),
}


@pytest.mark.parametrize("word", sorted(DRIFTS))
def test_every_drift_has_its_sentence(word: str) -> None:
    found, sentence = SENTENCES[word]
    assert word in found.drift
    assert results.explain(found, word) == sentence


@pytest.mark.parametrize(
    ("word", "cause", "sentence"),
    [
        ("expiring", "client_changed_expiry", "a leaves memory at 2026-08-22 08:05:00 UTC: a client sent its own keep_alive"),
        ("expiring", "context_changed_by_client", "a leaves memory at 2026-08-22 08:05:00 UTC: a client sent its own num_ctx"),
        ("expiring", "server_restarted", "a leaves memory at 2026-08-22 08:05:00 UTC"),
        (
            "context_mismatch",
            "context_changed_by_client",
            "a has the context 4096 instead of 8192: a client sent its own num_ctx (context_mismatch: reload puts it back)",
        ),
        ("context_mismatch", "unknown", "a has the context 4096 instead of 8192 (context_mismatch: reload puts it back)"),
    ],
)
def test_a_client_is_blamed_only_where_the_cause_is_a_clients(word: str, cause: str, sentence: str) -> None:
    assert results.explain(SENTENCES[word][0], word, Cause(cause, "inferred")) == sentence


def test_a_changed_declaration_is_no_clients_doing() -> None:
    found = replace(SENTENCES["context_mismatch"][0], redeclared=frozenset({"num_ctx"}))
    said = results.explain(found, "context_mismatch", Cause("declaration_changed", "observed"))
    assert said == "a has the context 4096 instead of 8192: its declaration changed, and a pass reloads it once"


def test_a_context_that_the_server_caps_is_compared_with_what_it_is_capped_to() -> None:
    found = verdict({"name": "a", "num_ctx": 65536}, LIVES, resident("a"))
    assert results.explain(found, "context_mismatch").startswith("a has the context 4096 instead of 32768 (")


def test_the_difference_shows_that_older_weights_are_not_the_models() -> None:
    old = look(["a"], [resident("a", version="1")], runners("old"))
    before = diff.predicted(make_plan(policy("a"), old), NOW)["before"]
    assert yaml.safe_load(before) == [{"model": "a:latest", "in memory": False}]
    hung = replace(look(["a"], [resident("a")]), **processes("a", state="T"))
    assert yaml.safe_load(diff.predicted(make_plan(policy("a"), hung), NOW)["before"])[0]["runner"] == "hung"


def test_a_name_with_braces_does_not_break_a_sentence() -> None:
    found = verdict("a", DEAD)
    odd = replace(found, model=replace(found.model, declared="{0}"))
    assert results.explain(odd, "not_loaded").startswith("{0} is not in memory")


@pytest.mark.parametrize("word", sorted(BREAKING | {"loading"}))
def test_what_breaks_residency_fails_a_required_model_and_warns_of_an_optional_one(word: str) -> None:
    found, sentence = SENTENCES[word]
    optional = replace(found, model=replace(found.model, required=False))
    assert results.failures(done(progress(found))) == [sentence]
    assert results.failures(done(progress(optional))) == []
    assert results.warnings(done(progress(optional))) == [sentence]


@pytest.mark.parametrize("word", sorted(DEGRADING))
def test_what_degrades_it_fails_only_if_strict(word: str) -> None:
    found, sentence = SENTENCES[word]
    required = progress(replace(found, model=replace(found.model, required=True)))
    assert (results.failures(done(required)), results.warnings(done(required))) == ([], [sentence])
    assert (results.failures(done(required), strict=True), results.warnings(done(required), strict=True)) == ([sentence], [])
    optional = progress(replace(found, model=replace(found.model, required=False)))
    assert (results.failures(done(optional), strict=True), results.warnings(done(optional), strict=True)) == ([], [sentence])


def test_a_busy_model_is_undecided_and_nobodys_failure() -> None:
    found, _sentence = SENTENCES["busy"]
    assert results.failures(done(progress(found)), strict=True) == []
    assert results.warnings(done(progress(found))) == []


def test_a_models_own_failure_comes_before_what_was_seen_of_it() -> None:
    failed = progress(SENTENCES["not_loaded"][0], failure="load of a failed: out of memory")
    assert results.failures(done(failed)) == ["load of a failed: out of memory"]


def test_a_pin_of_which_nobody_knows_whether_it_lives_is_not_called_warm() -> None:
    unseen = progress(verdict("a", None, resident("a")))
    assert results.failures(done(unseen)) == ["a is listed, but whether its runner lives is not known"]
    assert results.failures(done(replace(unseen, attempts={"probe": 1}))) == []


def test_every_required_model_is_named() -> None:
    plan = make_plan(policy("a", {"name": "b", "required": False}, "c"), look(["a"], (), DEAD))
    sentences = results.failures(done(*(progress(found) for found in plan.verdicts)))
    assert [sentence.split()[0] for sentence in sentences] == ["a", "c"]


def test_advice_and_the_passes_own_warnings_are_passed_on() -> None:
    capped = progress(verdict({"name": "a", "num_ctx": 65536}, LIVES, resident("a", context=32768)))
    assert results.warnings(done(capped, warnings=("a stray failed",))) == ["a stray failed", *capped.last.advice]


@pytest.mark.parametrize(
    ("found", "warm", "strictly"),
    [
        (verdict("a", LIVES, resident("a")), True, True),
        (verdict("a", LIVES, resident("a", vram=500)), True, False),
        (verdict("a", LIVES, resident("a", 5 * MINUTE)), False, False),
        (verdict("a", DEAD, resident("a")), False, False),
        (verdict("a", LIVES), False, False),
        (verdict("a", DEAD), False, False),
        (verdict("a", DEAD, names=()), False, False),
        (verdict("a", None, resident("a")), False, False),
        (verdict({**WARM, "required": True}, LIVES, resident("a", 7 * MINUTE)), True, True),
        (verdict({**WARM, "required": True}, None, resident("a", 7 * MINUTE)), True, True),
        (verdict({**WARM, "required": True}, DEAD, history=HAD_ITS_LOAD), True, True),
        (verdict({**WARM, "required": True}, DEAD), False, False),
    ],
)
def test_before_a_pass_a_model_is_warm_when_a_pass_that_finds_it_so_would_not_fail(found: Verdict, warm: bool, strictly: bool) -> None:
    assert (results.is_warm(found, strict=False), results.is_warm(found, strict=True)) == (warm, strictly)
    assert (results.failures(done(progress(found))) == []) is warm
    assert (results.failures(done(progress(found)), strict=True) == []) is strictly


def test_obstacles_are_what_no_pass_can_put_right() -> None:
    assert results.obstacles(SENTENCES["not_installed"][0]) == [SENTENCES["not_installed"][1]]
    assert results.obstacles(SENTENCES["not_loaded"][0]) == []
    twins = make_plan(policy("a", "b"), look(["a", "b"], (), DEAD, {digest("b"): card("a")})).verdicts
    assert results.obstacles(twins[0]) == []
    assert results.obstacles(twins[1]) == [twins[1].refusal]
    cloud = replace(look([], (), DEAD), installed=(installed("a", remote=True),))
    assert "runs in the cloud" in results.obstacles(make_plan(policy("a"), cloud).verdicts[0])[0]


def test_one_model_as_data() -> None:
    before = verdict({"name": "A", "required": True}, DEAD, names=("a",))
    after = verdict("A", LIVES, resident("a", vram=600))
    found = Progress(before.model, before, after, action="load", changed=True, load_seconds=1.25, attempts={"load": 1})
    found.causes = {"spilled": Cause("gpu_lost", "inferred"), "not_loaded": Cause("evicted", "observed")}
    assert results.model_data(found, NOW) == {
        "name": "A",
        "model": "A:latest",
        "policy": "pin",
        "required": True,
        "resident": True,
        "drift": ["spilled"],
        "cause": "evicted",
        "cause_evidence": "observed",
        "action": "load",
        "before": None,
        "after": {
            "name": "a:latest",
            "digest": digest("a"),
            "expires_at": "2318-06-13T08:00:00Z",
            "forever": True,
            "context_length": 4096,
            "size": 1000,
            "size_vram": 600,
            "processor": "40%/60% CPU/GPU",
            "alive": True,
        },
        "load_seconds": 1.25,
        "failure": None,
    }


@pytest.mark.parametrize("word", sorted(SENTENCES))
def test_all_data_is_json_and_names_the_failure(word: str) -> None:
    found, sentence = SENTENCES[word]
    data = results.model_data(progress(found), NOW)
    assert json.loads(json.dumps(data)) == data
    unproven = "a is listed, but whether its runner lives is not known"
    assert data["failure"] == {"liveness_unknown": unproven}.get(word, sentence if word in BREAKING | {"loading"} else None)
    assert (data["cause"], data["cause_evidence"]) == (None, None)


@pytest.mark.parametrize(
    ("found", "action", "is_resident", "after_is_known"),
    [
        (verdict("a", LIVES, resident("a")), "none", True, True),
        (verdict("a", DEAD), "load", None, False),
        (verdict("a", LIVES, resident("a", MINUTE)), "set_expiry", None, False),
        (verdict("a", None, resident("a")), "probe", None, False),
    ],
)
def test_a_prediction_says_null_where_it_cannot_know(found: Verdict, action: str, is_resident: bool | None, after_is_known: bool) -> None:
    data = results.predicted_data(found, NOW, None)
    assert (data["action"], data["resident"], data["after"] is not None) == (action, is_resident, after_is_known)
    assert set(data) == set(results.model_data(progress(found), NOW))


def test_a_difference_shows_what_changed_and_nothing_else() -> None:
    plan = make_plan(policy("a", "b"), look(["a", "b"], [resident("a"), resident("b", MINUTE)], runners("a", "b")))
    found = diff.predicted(plan, NOW)
    before, after = yaml.safe_load(found["before"]), yaml.safe_load(found["after"])
    assert before == [
        {"model": "a:latest", "in memory": True, "runner": "alive", "until": "for ever", "context": 4096},
        {"model": "b:latest", "in memory": True, "runner": "alive", "until": "2026-08-22T08:01:00Z", "context": 4096},
    ]
    assert after == [before[0], {**before[1], "until": "for ever"}]


def test_a_difference_after_a_pass_shows_only_our_own_acts() -> None:
    first, last = verdict("a", LIVES, resident("a")), verdict("a", DEAD, resident("a", MINUTE))
    theirs = diff.carried_out(done(Progress(first.model, first, last)), NOW)
    assert theirs["before"] == theirs["after"]
    ours = diff.carried_out(done(Progress(first.model, first, last, changed=True)), NOW)
    assert yaml.safe_load(ours["after"])[0]["runner"] == "dead"


def test_a_predicted_load_shows_what_can_be_known_of_it() -> None:
    plan = make_plan(policy(PIN_CTX, {"name": "b", "policy": "warm", "keep_alive": "30m"}), look(["a", "b"], (), DEAD))
    after = yaml.safe_load(diff.predicted(plan, NOW)["after"])
    assert after == [
        {"model": "a:latest", "in memory": True, "runner": "alive", "until": "for ever", "context": 8192},
        {"model": "b:latest", "in memory": True, "runner": "alive", "until": "30m after its last request", "context": "the server's default"},
    ]


def test_a_table_is_as_wide_as_its_cells() -> None:
    text = tables.render(["model", "state"], [["a", "warm"], ["a-long-name", ""]])
    assert text == "model        state\na            warm\na-long-name"


def test_a_slow_load_is_told_with_what_was_declared() -> None:
    found = verdict({"name": "a", "slow_load_seconds": 20}, LIVES, resident("a"))
    sentence = "the load of a took 31.5 s, longer than its slow_load_seconds of 20: whoever asked meanwhile waited"
    assert results.slow_loads(done(progress(found, load_seconds=31.5))) == [sentence]
    assert results.slow_loads(done(progress(found, load_seconds=20.0), progress(found), progress(verdict("a", LIVES), load_seconds=99.0))) == []


def test_what_is_not_loaded_for_now_says_so_instead_of_asking_why_it_is_gone() -> None:
    waits = verdict("a", DEAD, history=History(withheld={ModelName.parse("a"): (digest("a"), "load of a failed: no room")}))
    assert results.failures(done(progress(waits))) == ["load of a failed: no room"]
    assert results.failures(done(progress(verdict("a", DEAD), withheld="not now"))) == ["not now"]


def test_a_conflict_about_a_context_is_a_warning_that_names_both() -> None:
    conflicts = History(conflicts={ModelName.parse("a"): 3})
    plan = make_plan(policy(PIN_CTX, context_mismatch="reload"), look(("a",), (resident("a"),), LIVES), conflicts)
    (warning, mismatch) = sorted(results.warnings(done(progress(plan.verdicts[0]))), reverse=True)
    assert warning.startswith("a was reloaded 3 times within an hour to get its context of 8192 back, and has 4096 again: a client")
    assert mismatch == SENTENCES["context_mismatch"][1]
    assert results.failures(done(progress(plan.verdicts[0]))) == []
