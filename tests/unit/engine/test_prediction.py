# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan's loads will come to: with a driver's word, without one, and with what is known of models and settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import Capacity
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.measurement import Measurement, RunnerSettings, ServerSettings
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.predict import Fit, Knowledge, predict
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import prediction_report
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import (
    CacheShape,
    InstalledModel,
    ModelCard,
    Observation,
    ResidentModel,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import Policy
from hypothesis import given
from hypothesis import strategies as st
from support.values import blob, card, digest, look, policy, resident, runners

PLAIN = RunnerSettings(1, "f16", "auto")
SETTINGS = ServerSettings(PLAIN)
MINUTES = timedelta(minutes=1)


def weighed(name: str, **others: Any) -> ModelCard:
    """Its cache takes two bytes for each token, whoever reckons; its file takes 1000."""
    return replace(card(name), cache=CacheShape(1, 1), **others)


def server(names: str, listed: tuple[ResidentModel, ...] = (), **cards: ModelCard) -> Observation:
    known = {digest(name): cards.get(name, weighed(name)) for name in names.split()}
    return look(names.split(), listed, runners(*(entry.name.model for entry in listed)), known)


def measured(name: str, size: int, context: int = 4096) -> Measurement:
    return Measurement(digest(name), context, PLAIN, size, size, 1.0)


def predict_fits(declared: Policy, seen: Observation, **known: Any) -> dict[str, Fit]:
    knowledge = Knowledge(**{"settings": SETTINGS, "default_context": 4096, **known})
    return {fit.name.partition(":")[0]: fit for fit in predict(make_plan(declared, seen), seen, knowledge)}


def verdicts(fits: dict[str, Fit]) -> dict[str, tuple[str, str | None]]:
    return {name: (fit.verdict, fit.evidence) for name, fit in fits.items()}


def test_new_weights_are_loaded_beside_the_older_ones_of_their_name() -> None:
    seen = replace(server("a", (resident("a", version="1", context=9999),)), runners=runners("old"))
    found = predict_fits(policy("a"), seen, capacity=Capacity(10**6))["a"]
    assert (found.verdict, found.is_loaded, found.footprint.size if found.footprint else None) == ("fits", False, 1000 + 2 * 4096)
    cramped = predict_fits(policy("a"), seen, capacity=Capacity(10**6), limit=1)["a"]
    assert (cramped.verdict, cramped.outcome.evicts if cramped.outcome else ()) == ("evicts", ("a:latest (older weights)",))


def test_what_is_in_memory_is_told_as_it_is() -> None:
    seen = server("a b c", (resident("a"), resident("b", vram=400), resident("c", vram=0)))
    found = predict_fits(policy("a", "b", "c"), seen, capacity=Capacity(10))
    assert verdicts(found) == {"a": ("fits", "measured"), "b": ("spills", "measured"), "c": ("fits", "measured")}
    assert prediction_report.warnings(found.values()) == []
    assert prediction_report.sentence(found["b"]) == "b:latest is in memory with 400 B of its 1.0 kB in VRAM"


def test_one_guess_makes_all_after_it_a_guess() -> None:
    known = (measured("a", 9000), measured("c", 9000))
    found = predict_fits(policy("a", "b", "c"), server("a b c"), measurements=known, capacity=Capacity(60_000))
    assert verdicts(found) == {"a": ("fits", "measured"), "b": ("fits", "estimated"), "c": ("fits", "estimated")}
    assert (found["b"].footprint.size, found["b"].footprint.reckoned) == (1000 + 2 * 4096, 1000 + 2 * 4096)
    assert prediction_report.sentence(found["c"]).endswith(" VRAM are free (the size of what is loaded before it is estimated)")


def test_what_nobody_knows_of_one_nobody_knows_of_those_after_it() -> None:
    """b takes any amount: what would fit without it may not fit beside it, and what would not fit without it will not fit with it."""
    seen = server("a b c d", b=card("b"))
    known = (measured("a", 9000), measured("c", 9000), measured("d", 90_000))
    found = predict_fits(policy("a", "b", "c", "d"), seen, measurements=known, capacity=Capacity(60_000))
    assert verdicts(found) == {"a": ("fits", "measured"), "b": ("unknown", None), "c": ("unknown", None), "d": ("spills", "estimated")}
    assert prediction_report.fit_data(found["c"])["size_vram"] is None
    assert prediction_report.sentence(found["c"]) == (
        "whether c:latest will fit is not known: it takes 9.0 kB (measured), and nobody knows how much b:latest takes, which is loaded before it"
    )


def test_what_gives_its_place_back_is_in_nobodys_way() -> None:
    """b is one too many, of whatever size; it is set aside before the last is revived in its own place."""
    first, last = sorted("ac", key=blob)
    seen = replace(server("a b c", (resident(first, size=9000), resident(last, size=9000)), b=card("b")), runners=runners(first))
    found = predict_fits(policy(first, "b", last), seen, measurements=(measured(last, 9000),), capacity=Capacity(60_000), limit=2)
    assert verdicts(found) == {first: ("fits", "measured"), "b": ("evicts", "counted"), last: ("fits", "estimated")}


@pytest.mark.parametrize(
    ("capacity", "verdict"),
    [
        (Capacity(), "unknown"),
        (Capacity(None, at_least=9000), "fits"),
        (Capacity(None, at_least=8999), "unknown"),
        (Capacity(None, at_least=100, at_most=9000), "spills"),
        (Capacity(None, at_least=100, at_most=9001), "unknown"),
        (Capacity(9000), "fits"),
        (Capacity(8999), "spills"),
        (Capacity(8999, at_least=9000), "spills"),  # no more than all of it, whatever was seen
        (Capacity(9001, at_least=9000, others=2), "fits"),
        (Capacity(18_000, at_least=18_000, others=9001), "spills"),
        (Capacity(9500, at_most=9000), "spills"),
    ],
)
def test_without_a_driver_only_what_is_so_in_any_case_is_told(capacity: Capacity, verdict: str) -> None:
    found = predict_fits(policy("a"), server("a"), measurements=(measured("a", 9000),), capacity=capacity)
    assert found["a"].verdict == verdict


def test_a_model_that_gets_in_with_more_memory_may_take_anothers_place() -> None:
    """Neither is sure: with the least memory b is set aside and c fits, with the most b fits and c does not."""
    seen = server("a b c", (resident("a", size=4000),))
    known = {"measurements": (measured("b", 9192), measured("c", 3000, 512)), "capacity": Capacity(None, at_least=8000, at_most=16_001)}
    found = predict_fits(policy("a", "b", {"name": "c", "num_ctx": 512}), seen, **known)
    assert verdicts(found) == {"a": ("fits", "measured"), "b": ("unknown", None), "c": ("unknown", None)}


@pytest.mark.parametrize(
    ("declared", "known", "context"),
    [
        ({"name": "a", "num_ctx": 512}, {}, 512),
        ({"name": "a", "num_ctx": 65536}, {}, 32768),  # what it was trained for
        ("a", {"settings": ServerSettings(PLAIN, context_length=1024)}, 1024),
        ("a", {}, 4096),
        ("a", {"default_context": 262144}, 32768),
        ("a", {"default_context": None, "measurements": (measured("a", 5000, 2048),)}, 2048),
        ("a", {"default_context": None, "guessed_context": 16384, "measurements": (measured("a", 5000, 2048),)}, 2048),
        ("a", {"default_context": None, "guessed_context": 16384}, 16384),
        ("a", {"measurements": (measured("a", 5000, 2048),)}, 4096),
    ],
)
def test_the_context_is_the_servers_choice(declared: Any, known: dict[str, Any], context: int) -> None:
    found = predict_fits(policy(declared), server("a"), **known)
    assert found["a"].footprint.reckoned == 1000 + 2 * context


def test_a_modelfiles_own_context_comes_before_the_servers() -> None:
    seen = server("a", a=weighed("a", num_ctx=256))
    assert predict_fits(policy("a"), seen)["a"].footprint.reckoned == 1000 + 2 * 256


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (server("a", a=card("a")), "whether a:latest will fit is not known: it was never measured, and the server does not tell enough to estimate its size"),
        (
            server("a"),
            "whether a:latest will fit is not known: it takes 9.2 kB (estimated), and it is not known how much VRAM there is, which no driver tells",
        ),
        (server(""), "whether a:latest will fit is not known: it was never measured, and the server does not tell enough to estimate its size"),
    ],
)
def test_what_is_not_known_is_said_and_nobody_is_warned(seen: Observation, sentence: str) -> None:
    found = predict_fits(policy("a"), seen)
    assert verdicts(found) == {"a": ("unknown", None)}
    assert prediction_report.fit_data(found["a"])["text"] == sentence
    assert prediction_report.warnings(found.values()) == []


def test_of_what_was_seen_in_use_the_rest_is_named() -> None:
    seen = server("a b", (resident("a", size=1000),))
    found = predict_fits(policy("a", "b"), seen, capacity=Capacity(None, at_least=5000))
    assert prediction_report.sentence(found["b"]).endswith("it is not known how much VRAM there is, of which 4.0 kB more than is taken were ever seen in use")


def test_one_model_too_many_needs_no_sizes() -> None:
    seen = server("a b", (resident("a"),), b=card("b"))
    found = predict_fits(policy("a", "b"), seen, limit=1)
    assert verdicts(found)["b"] == ("evicts", "counted")
    assert prediction_report.warnings(found.values()) == [
        "b:latest is one model too many under OLLAMA_MAX_LOADED_MODELS=1: loading it will evict a:latest; a pass then loads a:latest again"
        " and stops trying b:latest"
    ]


def test_who_stays_for_ever_only_after_the_pass_has_said_so_is_not_the_first_to_go() -> None:
    """A client gave the pin a minute, which the pass mends before it loads anything; the stray has an hour."""
    seen = server("a b stray", (resident("a", MINUTES), resident("stray", 60 * MINUTES)))
    found = predict_fits(policy("a", "b"), seen, capacity=Capacity(11_000), measurements=(measured("b", 9192),))
    assert found["b"].outcome.evicts[0] == "stray:latest"


def test_a_stray_that_the_pass_gives_less_time_goes_before_a_warm_model() -> None:
    seen = server("w b stray", (resident("w", 20 * MINUTES), resident("stray")))
    declared = policy({"name": "w", "policy": "warm", "keep_alive": "30m"}, "b", undeclared_keep_alive="5m")
    found = predict_fits(declared, seen, capacity=Capacity(12_990), measurements=(measured("b", 9192),))
    assert found["b"].outcome.evicts == ("stray:latest",)


def test_equal_ones_go_by_their_weights() -> None:
    names = sorted("abc", key=blob)
    seen = server("a b c d", tuple(resident(name) for name in names))
    found = predict_fits(policy("d"), seen, capacity=Capacity(12_600), measurements=(measured("d", 9192),))
    assert found["d"].outcome.evicts == tuple(f"{name}:latest" for name in names[:2])


def test_what_failed_before_is_loaded_last() -> None:
    seen = server("a b")
    knowledge = Knowledge((measured("a", 9192), measured("b", 9192)), Capacity(15_000), SETTINGS, default_context=4096)
    plan = make_plan(policy("a", "b"), seen)
    assert [fit.verdict for fit in predict(plan, seen, knowledge)] == ["fits", "evicts"]
    assert [fit.verdict for fit in predict(plan, seen, knowledge, [ModelName.parse("a")])] == ["evicts", "fits"]


def test_of_a_revived_model_its_own_dead_runner_is_no_neighbour() -> None:
    seen = server("a", (resident("a", size=9192),))
    dead = replace(seen, runners=runners())
    found = predict_fits(policy("a"), dead, capacity=Capacity(10_000), measurements=(measured("a", 9192),))
    assert verdicts(found) == {"a": ("fits", "measured")}


@pytest.mark.parametrize("declared", [("a", "b"), ("b",)], ids=["a pin", "a stray"])
def test_a_dead_neighbour_takes_no_memory_but_its_place_in_the_number(declared: tuple[str, ...]) -> None:
    """The pin failed before, so that b is loaded before it is revived."""
    dead = replace(server("a b", (resident("a", size=9192),)), runners=runners())
    plan, known = make_plan(policy(*declared), dead), (measured("b", 9192), measured("a", 5))
    knowledge = Knowledge(known, Capacity(12_000), SETTINGS, default_context=4096)
    found = {fit.name: fit for fit in predict(plan, dead, knowledge, [ModelName.parse("a")])}
    assert (found["b:latest"].verdict, found["b:latest"].outcome.free) == ("fits", 12_000)
    found = {fit.name: fit for fit in predict(plan, dead, replace(knowledge, limit=1), [ModelName.parse("a")])}
    assert found["b:latest"].outcome.evicts == ("a:latest",)


def test_the_numbers_are_in_the_result() -> None:
    seen = server("a b", (resident("a", size=4000),))
    found = predict_fits(policy("a", "b"), seen, capacity=Capacity(12_000), measurements=(measured("b", 9500),))
    assert prediction_report.fit_data(found["b"]) == {
        "verdict": "evicts",
        "evidence": "measured",
        "size": 9500,
        "size_vram": 9500,
        "reckoned": 9192,
        "free": 8000,
        "evicts": ["a:latest"],
        "text": "b:latest will not fit beside the other models: it takes 9.5 kB (measured); the server reckons 9.2 kB for it and fills no more than 80 % of"
        " the 8.0 kB of VRAM that are free: loading it will evict a:latest; a pass then loads a:latest again and stops trying b:latest",
    }


@pytest.mark.parametrize(
    ("vram", "sentence"),
    [
        (20_000, "b:latest will fit: it takes 9.5 kB (measured), and 20.0 kB of VRAM are free"),
        (9000, "b:latest will not fit into VRAM: it takes 9.5 kB (measured), and 9.0 kB are free, so that the rest runs on the CPU"),
    ],
)
def test_a_sentence_for_each_verdict(vram: int, sentence: str) -> None:
    found = predict_fits(policy("b"), server("b"), capacity=Capacity(vram), measurements=(measured("b", 9500),))
    assert prediction_report.sentence(found["b"]) == sentence


def test_what_evicts_in_vain_is_told_so() -> None:
    seen = server("a b", (resident("a", MINUTES),))
    found = predict_fits(policy("b"), seen, capacity=Capacity(9000), measurements=(measured("b", 9500),))
    assert prediction_report.sentence(found["b"]).endswith(": loading it will evict a:latest, and even so only 9.0 kB of it get into VRAM")


@given(st.lists(st.sampled_from("abcd"), unique=True, max_size=4), st.none() | st.integers(0, 50_000), st.none() | st.integers(1, 4), st.integers(0, 20_000))
def test_there_is_always_one_answer_a_model_and_it_can_be_said(listed: list[str], total: int | None, limit: int | None, at_least: int) -> None:
    seen = server("a b c d", tuple(resident(name) for name in listed))
    found = predict_fits(policy("a", "b", "c", "d"), seen, capacity=Capacity(total, at_least), limit=limit)
    assert list(found) == ["a", "b", "c", "d"]
    for fit in found.values():
        data = prediction_report.fit_data(fit)
        assert "\n" not in data["text"] and "None" not in data["text"]
        assert (data["evidence"] is None) == (data["verdict"] == "unknown")
    assert not {fit.name for fit in found.values() if fit.is_problem} & {f"{name}:latest" for name in listed}


def test_a_model_of_the_cloud_or_of_nowhere_is_not_loaded() -> None:
    seen = replace(server(""), installed=(InstalledModel(ModelName.parse("a"), digest("a"), remote=True),))
    assert verdicts(predict_fits(policy("a", "b"), seen, capacity=Capacity(9000))) == {"a": ("unknown", None), "b": ("unknown", None)}
