# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile requests, generated and damaged, and what has to hold of those that the judge lets through."""

from __future__ import annotations

import json
import pathlib
import random
import re
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from judge_rows import CONTENTS, DECLARED, row

Draw = Callable[..., Any]
CONTRACT = pathlib.Path(__file__).parents[2] / "contract"
# One that is not declared may be a declared one by another name, or take its place: the documentation says so, and nothing here is about it.
NAMES_HERE = {"tiny-a": "pin", "tiny-b": "warm:8b", "tiny-c": "wide", "embed": "wide", "big": "stray"}
NAMES_OF_RECORDINGS = re.compile("|".join(NAMES_HERE))
FOR_EVER = 2**63 - 1
SECOND = 10**9
EACH = 10  # cases of a body
RUNNER = {"num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict"}
SPACE = st.sampled_from(["", "", "", " ", "\n", "\t \r\n"])
LOOKALIKES = {"k": "kK\u212a", "s": "sS\u017f", "a": "aA", "o": "oO", "m": "mM", "_": "_"}
LIMITS = {"-1": FOR_EVER, '"30m"': 1800 * 10**9, '"45m"': 2700 * 10**9}


@st.composite
def spelt(draw: Draw, key: str) -> str:
    """A key as a string of JSON: plainly mostly, else with escapes, or with a letter that Go folds to the right one."""
    kind = draw(st.integers(0, 30))
    letters = list(key)
    if letters and kind in (0, 1):
        at = draw(st.integers(0, len(letters) - 1))
        letters[at] = draw(st.sampled_from(LOOKALIKES.get(letters[at], letters[at] + letters[at].upper())))
    if letters and kind in (0, 2):
        at = draw(st.integers(0, len(letters) - 1))
        letters[at] = f"\\u{ord(letters[at]):04x}"
    return '"' + "".join(letters) + '"'


KEEP_ALIVES = st.one_of(
    st.sampled_from(["0", "-0", "0.0", "-1", "1e10", "9223372036", "9223372037", "5", "0.5", "-0.5", "1e-9", "1E400", "null", "true", "{}", "2700", "1800.0"]),
    st.sampled_from(['"0"', '"-0s"', '"0.1ns"', '"-0.1ns"', '"5m"', '"1h30m"', '"-1m"', '"-1"', '""', '"30m"', '"1\\u006d"', '".5h"', '"1.h"', '"9999999h"']),
    st.from_regex(r'"[+-]?([0-9]{1,3}(\.[0-9]{0,3})?(ns|us|µs|ms|s|m|h)){1,3}"', fullmatch=True),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
NAMES = ["PIN:latest", "library/pin", "pin:LATEST", "warm", "registry.ollama.ai/library/warm:8B", "other/pin", "stray", "pi\\u006e", " pin", "pin:local"]
ODD_MODELS = ["null", "7", '""', '"pin\\n"', '"pin:latest\\n"']
MODELS = st.sampled_from(['"pin"', '"warm:8b"', '"wide"', '"Wide:latest"'] * 6 + [f'"{name}"' for name in NAMES] + ODD_MODELS)
ANY = st.recursive(
    st.sampled_from(["null", "true", "0", "-1.5e3", '""', '"}"', '"\\\\"', '"\\""', '"],\\"keep_alive\\":0"', '"é\\ud83d"', '"keep_alive"']),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: "[" + ",".join(found) + "]"),
        st.lists(st.tuples(st.sampled_from(["keep_alive", "model", "a\\\\", "}"]), inner), max_size=3).map(
            lambda found: "{" + ",".join(f'"{key}":{value}' for key, value in found) + "}"
        ),
    ),
    max_leaves=5,
)
CONTENT = st.one_of(st.sampled_from(['""', "null", "[]", "[ ]", '"hi"', '[{"role":"user","content":"hi"}]', '["a"]', '"\\u0000"']), ANY)


@st.composite
def objects(draw: Draw, pairs: list[tuple[str, str]]) -> str:
    """An object of these members, with white space wherever it may be."""
    members = [f"{draw(SPACE)}{draw(spelt(key))}{draw(SPACE)}:{draw(SPACE)}{value}{draw(SPACE)}" for key, value in pairs]
    return "{" + ",".join(members) + "}"


OPTION_KEYS = st.sampled_from(["num_ctx", "num_ctx", "num_gpu", "use_mmap", "temperature", "seed", "stop", "shift"])
OPTION_VALUES = st.sampled_from(["8192", "8192.0", "81.92e2", "4096", "8192.5", "null", '"8192"', "0", "9007199254740993", "true", "[]"])
OPTIONS = st.one_of(
    st.lists(st.tuples(OPTION_KEYS, OPTION_VALUES), max_size=4, unique_by=lambda pair: pair[0]).flatmap(objects),
    st.lists(st.tuples(OPTION_KEYS, OPTION_VALUES), max_size=4).flatmap(objects),
    st.sampled_from(["null", "[]", "7"]),
)
VALUES = {"model": MODELS, "keep_alive": KEEP_ALIVES, "options": OPTIONS, "shift": st.sampled_from(["false", "true", "null"])}
CONTENT_KEYS = ("prompt", "messages", "input")
OTHER_KEYS = ("stream", "format", "system", "__proto__", "", "think", "keep_alive ", "keep-alive")


@st.composite
def bodies(draw: Draw) -> bytes:
    """What a client could send, now and then with a key twice."""
    keys = ["model", *draw(st.sampled_from([[], ["keep_alive"], ["keep_alive", "options"]]))]
    keys += draw(st.lists(st.sampled_from([*VALUES, *CONTENT_KEYS, *OTHER_KEYS]), max_size=5, unique=True))
    keys = keys if draw(st.integers(0, 4)) == 0 else list(dict.fromkeys(keys))
    pairs = [(key, draw(VALUES.get(key, CONTENT if key in CONTENT_KEYS else ANY))) for key in keys]
    return str(draw(SPACE) + draw(objects(draw(st.permutations(pairs)))) + draw(SPACE)).encode()


def damaged(body: bytes, chance: random.Random) -> bytes:
    """The body with bytes put in, taken out or put behind it."""
    pieces = (b"", b'"', b"\\", b"}", b"{", b"]", b",", b"\0", b"\xff", b"\xc2\x85", b'"keep_alive":0,', b"\xef\xbb\xbf", b'{"keep_alive":0}')
    at = chance.randint(0, len(body))
    return body[:at] + chance.choice(pieces) + body[at + chance.randint(0, 2) :]


POLICIES = {
    "keep_alive": ("drop", "clamp", "pass"),
    "unload": ("refuse", "drop", "pass"),
    "options": ("drop", "refuse", "pass"),
    "undeclared": ("pass", "refuse"),
    "server_keep_alive": ('"45m"', "-1", None),
}


def cases_of(body: bytes, chance: random.Random) -> list[dict[str, Any]]:
    """The body on several routes, by several policies, and damaged in several places."""
    chosen = [{name: chance.choice(values) for name, values in POLICIES.items()} for dummy in range(EACH)]
    return [row(damaged(body, chance) if number % 4 == 0 else body, chance.choice(sorted(CONTENTS)), **policies) for number, policies in enumerate(chosen)]


def assert_kept(case: dict[str, Any], verdict: dict[str, Any], meant: dict[str, Any], before: dict[str, Any]) -> None:
    """The policies hold of what the server reads, and all else is as it was."""
    policies, declared = case["settings"], DECLARED.get(verdict["model"])
    assert meant["rest"] == before["rest"]
    assert meant["model"] == before["model"]
    assert names_it(meant["model"], verdict["model"])
    assert declared or policies["undeclared"] == "pass"
    if case["content"] is not None:
        assert_lasting(policies, declared, meant, before)
        assert_no_reload(policies, declared, meant, before)


def names_it(sent: str, model: str) -> bool:
    """Whether Ollama would take the name for that of the model, all parts of which are given."""
    path, dummy, tag = sent.lower().rpartition(":") if ":" in sent.rsplit("/", 1)[-1] else (sent.lower(), "", "latest")
    parts = path.split("/")
    return model == "/".join([*["registry.ollama.ai", "library"][: 3 - len(parts)], *parts]) + f":{tag}"


def assert_lasting(policies: dict[str, Any], declared: dict[str, Any] | None, meant: dict[str, Any], before: dict[str, Any]) -> None:
    """Of unloads and of keep_alive."""
    asked = meant["keep_alive"]
    if meant["unloads"]:
        assert policies["unload"] == "pass"
        return
    if policies["keep_alive"] == "pass":
        # What may be zero to another release is dropped with the unloads.
        assert asked == before["keep_alive"] or (asked is None and policies["unload"] == "drop" and not SECOND <= before["keep_alive"] < FOR_EVER)
    elif policies["keep_alive"] == "drop":
        assert asked is None
    elif asked is not None and declared:
        assert asked >= LIMITS[declared["keep_alive"]]
    elif asked is not None:
        assert asked <= LIMITS[policies["server_keep_alive"]]


def assert_no_reload(policies: dict[str, Any], declared: dict[str, Any] | None, meant: dict[str, Any], before: dict[str, Any]) -> None:
    """Of options."""
    left, asked = meant["options"] or {}, before["options"] or {}
    assert meant["shift"] == (None if declared and policies["options"] != "pass" else before["shift"])
    if policies["options"] == "pass":
        assert left == asked
        return
    wanted = {"num_ctx": declared["num_ctx"]} if declared and declared["num_ctx"] else {}
    assert {key: value for key, value in left.items() if key in RUNNER} == wanted
    assert {key: value for key, value in left.items() if key not in RUNNER} == {key: value for key, value in asked.items() if key not in RUNNER}


def recorded() -> list[bytes]:
    """What real clients sent to real servers, with the names of models that are declared here."""
    found = set()
    for path in sorted(CONTRACT.glob("v*.json")):
        steps = (step for scenario in json.loads(path.read_text(encoding="utf-8"))["scenarios"] for step in scenario["steps"])
        found.update(json.dumps(step["body"]) for step in steps if step.get("method") == "POST" and isinstance(step.get("body"), dict))
    return [NAMES_OF_RECORDINGS.sub(lambda name: NAMES_HERE[name[0]], text).encode() for text in sorted(found)]


def generated(count: int, number: int | None = None) -> list[dict[str, Any]]:
    """Cases of that many bodies, a quarter of them recorded ones: the same at every run, however slow the machine is, or those of that seed."""
    bodies_of_recordings = recorded()
    random.Random(number or 0).shuffle(bodies_of_recordings)
    texts = bodies_of_recordings[: count // 4]

    every = settings(phases=[Phase.generate], database=None, deadline=None, suppress_health_check=list(HealthCheck))

    @seed(number or 0)
    @settings(every, max_examples=count - len(texts), derandomize=number is None)
    @given(bodies())
    def collect(body: bytes) -> None:
        texts.append(body)

    collect()
    return [case for place, body in enumerate(texts) for case in cases_of(body, random.Random((number or 0) * count + place))]
