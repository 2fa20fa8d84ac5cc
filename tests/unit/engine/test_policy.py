# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be declared, and the sentence for what may not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import policy_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import PolicyError, parse_policy
from hypothesis import given
from hypothesis import strategies as st
from support.values import policy


def problems_of(raw: Any) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as refused:
        parse_policy(raw)
    assert str(refused.value) == "; ".join(refused.value.problems)
    return refused.value.problems


def test_a_bare_name_is_a_required_pin() -> None:
    (model,) = policy("Qwen3:8b").models
    assert (model.declared, str(model.name), model.policy, model.required) == ("Qwen3:8b", "Qwen3:8b", "pin", True)
    assert model.keep_alive == KeepAlive.FOREVER
    assert (model.num_ctx, model.min_gpu_percent) == (None, None)


def test_a_warm_model_is_optional_unless_it_says_otherwise() -> None:
    models = policy({"name": "a", "policy": "warm", "keep_alive": "30m"}, {"name": "b", "policy": "warm", "keep_alive": 90, "required": True}).models
    assert [model.required for model in models] == [False, True]
    assert [model.keep_alive.as_request() for model in models] == ["1800s", "90s"]


def test_numbers_may_be_written_as_text_as_ansible_templates_do() -> None:
    found = policy({"name": "a", "num_ctx": "8192", "min_gpu_percent": " 90 "}, max_loaded_models="3")
    assert (found.models[0].num_ctx, found.models[0].min_gpu_percent, found.max_loaded_models) == (8192, 90, 3)


@pytest.mark.parametrize("keep_alive", [-1, "-1", "-1m", "200000h", None])
def test_a_pin_may_say_for_ever(keep_alive: Any) -> None:
    assert policy({"name": "a", "keep_alive": keep_alive}).models[0].keep_alive.is_forever


def test_null_means_the_default() -> None:
    nulls = dict.fromkeys(("policy", "keep_alive", "num_ctx", "required", "min_gpu_percent"))
    assert policy({"name": "a", **nulls}, strict=None, release=None, context_mismatch=None, max_loaded_models=None) == policy("a")


def test_an_empty_list_declares_that_none_are_to_be_resident() -> None:
    found = parse_policy({"models": []})
    assert (found.models, found.declared) == ((), True)
    assert policy_data(found)["models"] == []


@pytest.mark.parametrize("raw", [{"models": None}, {}])
def test_null_declares_nothing_and_comes_back_as_null(raw: Any) -> None:
    found = parse_policy(raw)
    assert (found.models, found.declared) == ((), False)
    assert policy_data(found)["models"] is None
    assert parse_policy(policy_data(found)) == found


MODEL_REFUSALS = [
    ({"name": "a", "keep_alive": "5m"}, "model 'a': keep_alive '5m' on a pin is finite, so that it would run out between two passes:"),
    ({"name": "a", "keep_alive": 0}, "model 'a': keep_alive 0 on a pin is finite"),
    ({"name": "a", "keep_alive": "1d"}, "model 'a': keep_alive '1d' is not a duration"),
    ({"name": "a", "keep_alive": True}, "model 'a': keep_alive True is a boolean"),
    ({"name": "a", "policy": "warm"}, "model 'a': policy 'warm' needs a finite keep_alive, such as '30m'"),
    ({"name": "a", "policy": "warm", "keep_alive": -1}, "model 'a': keep_alive -1 does not fit policy 'warm'"),
    ({"name": "a", "policy": "warm", "keep_alive": "0s"}, "model 'a': keep_alive '0s' does not fit policy 'warm'"),
    ({"name": "a", "policy": "hot"}, "model 'a': policy 'hot' is not one of pin, warm"),
    ({"name": "a", "policy": ""}, "model 'a': policy '' is not one of pin, warm"),
    ({"name": "a", "policy": 7}, "model 'a': policy 7 is not one of pin, warm"),
    ({"name": "a", "policy": ["pin"]}, "model 'a': policy ['pin'] is not one of pin, warm"),
    ({"name": "a", "num_ctx": 3}, "model 'a': num_ctx 3 is not a whole number of at least 4"),
    ({"name": "a", "num_ctx": "8k"}, "model 'a': num_ctx '8k' is not a whole number of at least 4"),
    ({"name": "a", "num_ctx": 4096.0}, "model 'a': num_ctx 4096.0 is not a whole number of at least 4"),
    ({"name": "a", "num_ctx": True}, "model 'a': num_ctx True is not a whole number of at least 4"),
    ({"name": "a", "num_ctx": "\u0664\u0660\u0669\u0666"}, "is not a whole number of at least 4"),
    ({"name": "a", "min_gpu_percent": 101}, "model 'a': min_gpu_percent 101 is not a whole number from 0 to 100"),
    ({"name": "a", "min_gpu_percent": -1}, "model 'a': min_gpu_percent -1 is not a whole number from 0 to 100"),
    ({"name": "a", "required": "perhaps"}, "model 'a': required 'perhaps' is not a boolean: write true or false"),
    ({"name": "a", "keepalive": -1}, "model 'a' has the unknown key 'keepalive': known are name, policy, keep_alive"),
    ({"name": "gpt-oss:120b-cloud"}, "model 'gpt-oss:120b-cloud' runs in the cloud and is never in this server's memory: take it off the list"),
    ({"name": ""}, "model name '' is not a name"),
    ({}, "model name '' is not a name"),
    ({"name": None}, "model name '' is not a name"),
    ({"name": 7}, "model name 7 is not a name"),
    ({"name": "a:8b\n"}, "model name 'a:8b\\n' holds a line break or another control character: write it on one line"),
    ("a\x1b[31m", "holds a line break or another control character"),
    ({"name": "a@sha256:0123"}, "holds a digest, which the server does not take"),
    ("x:cloud", "model 'x:cloud' runs in the cloud"),
    (7, "model 7 is neither a name nor a mapping: write '- name: qwen3:8b'"),
    (None, "model None is neither a name nor a mapping"),
    (["a"], "model ['a'] is neither a name nor a mapping"),
]


@pytest.mark.parametrize(("model", "sentence"), MODEL_REFUSALS, ids=[str(row[0]) for row in MODEL_REFUSALS])
def test_a_model_that_cannot_be_kept_is_refused_with_one_sentence(model: Any, sentence: str) -> None:
    (problem,) = problems_of({"models": [model]})
    assert sentence in problem


POLICY_REFUSALS = [
    (None, "the policy is None, not a mapping with the key 'models'"),
    ([], "the policy is [], not a mapping"),
    ({"models": "a"}, "models is 'a', not a list: write one mapping with a 'name' for each model"),
    ({"models": {"name": "a"}}, "models is {'name': 'a'}, not a list"),
    ({"models": 7}, "models is 7, not a list"),
    ({"models": [], "modles": []}, "the policy has the unknown key 'modles': known are models"),
    ({"models": [], "undeclared_keep_alive": -1}, "undeclared_keep_alive -1 must be finite and above 0, such as '10m'"),
    ({"models": [], "undeclared_keep_alive": 0}, "undeclared_keep_alive 0 must be finite and above 0"),
    ({"models": [], "undeclared_keep_alive": "1d"}, "keep_alive '1d' is not a duration"),
    ({"models": [], "max_loaded_models": -1}, "max_loaded_models -1 is not a whole number of at least 0"),
    ({"models": [], "max_loaded_models": 1.5}, "max_loaded_models 1.5 is not a whole number"),
    ({"models": [], "context_mismatch": "ignore"}, "context_mismatch 'ignore' is not one of report, reload"),
    ({"models": [], "strict": "t"}, "strict 't' is not a boolean"),
    ({"models": [], "release": "drop"}, "release 'drop' is not one of expire, unload, keep"),
    ({"models": ["a", "A:latest"]}, "model 'A:latest' is declared twice (as A:latest): keep one"),
    ({"models": ["a", "b", "c"], "max_loaded_models": 2}, "3 pins do not fit under OLLAMA_MAX_LOADED_MODELS=2: raise it above"),
]


@pytest.mark.parametrize(("raw", "sentence"), POLICY_REFUSALS, ids=[str(row[0]) for row in POLICY_REFUSALS])
def test_a_policy_that_cannot_be_kept_is_refused_with_one_sentence(raw: Any, sentence: str) -> None:
    (problem,) = problems_of(raw)
    assert sentence in problem


def test_every_problem_is_told_at_once_and_each_names_its_model() -> None:
    problems = problems_of(
        {
            "models": [
                {"name": "a", "keep_alive": "5m", "num_ctx": 1, "colour": "red"},
                "b:cloud",
                "c",
                {"name": "d", "policy": "warm"},
            ],
            "strict": 7,
            "release": "now",
        }
    )
    assert len(problems) == 7
    assert [problem.split(" ")[0:2] for problem in problems if "'a'" in problem] == [["model", "'a'"], ["model", "'a':"], ["model", "'a':"]]
    assert "\n" not in "".join(problems)


def test_an_unknown_policy_is_not_also_judged_as_a_pin() -> None:
    (problem,) = problems_of({"models": [{"name": "a", "policy": "wram", "keep_alive": "30m"}]})
    assert "policy 'wram' is not one of pin, warm" in problem


def test_a_long_value_is_cut() -> None:
    assert all(len(problem) < 400 for problem in problems_of({"models": [{"name": "a" * 5000, "keep_alive": "x" * 5000, "y" * 5000: 1}]}))


@pytest.mark.parametrize(
    ("pins", "limit", "gpus", "warning"),
    [
        (2, 3, 0, None),
        (3, 3, 0, "3 pins leave no room under OLLAMA_MAX_LOADED_MODELS=3: any other model that is asked for evicts one of them;"),
        (2, 0, 0, None),
        (3, 0, 0, "3 pins leave no room under the automatic limit of 3: "),
        (3, None, 0, None),
        (3, 0, 1, "3 pins leave no room under the automatic limit of 3: "),
        (3, 0, 2, None),
        (6, 0, 2, "6 pins leave no room under the automatic limit of 6: "),
        (4, 0, 1, "4 pins do not fit under the automatic limit of 3: at most 3 of them can be in memory; set OLLAMA_MAX_LOADED_MODELS to 5 or more"),
        (4, None, 1, None),
        (0, 1, 0, None),
    ],
)
def test_as_many_pins_as_the_limit_are_warned_about(pins: int, limit: int | None, gpus: int, warning: str | None) -> None:
    found = policy(*(f"m{number}" for number in range(pins)), max_loaded_models=limit).warnings(gpus)
    assert len(found) == (1 if warning else 0)
    assert not warning or (found[0].startswith(warning) and found[0].endswith(f"set OLLAMA_MAX_LOADED_MODELS to {pins + 1} or more"))


@pytest.mark.parametrize(
    ("told", "environment", "limit"),
    [
        (None, {"OLLAMA_MAX_LOADED_MODELS": "5"}, 5),
        (None, {"OLLAMA_MAX_LOADED_MODELS": "lots"}, 0),
        (None, {}, 0),
        (None, {"OLLAMA_MAX_LOADED_MODELS": None}, None),
        (None, None, None),
        (4, {"OLLAMA_MAX_LOADED_MODELS": "5"}, 4),
    ],
)
def test_a_limit_that_nobody_told_is_that_of_the_process_or_unknown(told: int | None, environment: dict[str, str | None] | None, limit: int | None) -> None:
    assert policy("a", max_loaded_models=told).with_limit_of(environment).max_loaded_models == limit


def test_only_pins_count_under_the_limit() -> None:
    warm = [{"name": f"w{number}", "policy": "warm", "keep_alive": 60} for number in range(5)]
    assert policy("a", *warm, max_loaded_models=2).warnings(0) == ()


def test_a_model_is_found_under_any_of_its_spellings() -> None:
    found = policy("library/Qwen3:8b", "b")
    assert found.find(ModelName.parse("qwen3:8b")) is found.models[0]
    assert found.find(ModelName.parse("c")) is None


def test_a_model_taken_off_the_list_gets_what_undeclared_ones_get() -> None:
    assert policy("a").released_keep_alive == KeepAlive.parse("5m")
    assert policy("a", undeclared_keep_alive="90s").released_keep_alive == KeepAlive.parse(90)


FINITE = st.integers(1, 10**8)
MODELS = st.lists(
    st.one_of(
        st.fixed_dictionaries({}, optional={"num_ctx": st.integers(4, 10**6), "required": st.booleans(), "min_gpu_percent": st.integers(0, 100)}),
        st.fixed_dictionaries(
            {"policy": st.just("warm"), "keep_alive": FINITE}, optional={"required": st.booleans(), "num_ctx": st.none() | st.integers(4, 99)}
        ),
    ),
    max_size=5,
).map(lambda models: [{"name": f"m{number}", **model} for number, model in enumerate(models)])
POLICIES = st.fixed_dictionaries(
    {"models": MODELS},
    optional={
        "undeclared_keep_alive": st.none() | FINITE,
        "max_loaded_models": st.none() | st.just(0) | st.integers(5, 9),
        "context_mismatch": st.sampled_from(["report", "reload"]),
        "strict": st.booleans(),
        "release": st.sampled_from(["expire", "unload", "keep"]),
    },
)


@given(POLICIES)
def test_a_policy_written_out_as_plain_data_reads_back_as_the_same(raw: dict[str, Any]) -> None:
    found = parse_policy(raw)
    assert parse_policy(policy_data(found)) == found


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["models", "name", "policy", "keep_alive", "num_ctx", "strict", "release", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_whatever_is_declared_is_taken_or_refused_with_sentences(raw: Any) -> None:
    try:
        parse_policy(raw)
    except PolicyError as refusal:
        assert refusal.problems
        assert "\n" not in str(refusal)


@pytest.mark.parametrize("raw", [0, -1, True, "soon", [], 86401, float("nan")])
def test_what_is_no_length_of_a_load_is_refused(raw: Any) -> None:
    with pytest.raises(PolicyError, match=r"slow_load_seconds .* is not a number of seconds above 0 and up to 86400"):
        parse_policy({"models": [{"name": "a", "slow_load_seconds": raw}]})
    with pytest.raises(PolicyError, match=r"slow_load_seconds .* is not a number"):
        parse_policy({"models": [], "slow_load_seconds": raw})


def test_a_models_own_slow_load_comes_before_the_policys() -> None:
    models = [{"name": "a"}, {"name": "b", "slow_load_seconds": "7.5"}, {"name": "c", "slow_load_seconds": None}]
    found = parse_policy({"models": models, "slow_load_seconds": 30})
    assert [model.slow_load_seconds for model in found.models] == [30.0, 7.5, 30.0]
    assert parse_policy(policy_data(found)) == found
