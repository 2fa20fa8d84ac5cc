# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a request for a model, policy by policy, and which texts are refused."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import pytest
from judge_rows import PIN, WARM, Rows, outcome, row

HI = '"model":"pin","prompt":"hi"'
LOAD = '"model":"pin"'


def judged(njs: Rows, body: bytes | str, route: str = "/api/generate", client: dict[str, Any] | None = None, **settings: Any) -> Any:
    (verdict,) = njs([row(body, route, client, **settings)])
    return outcome(verdict, body)


@pytest.mark.parametrize(
    ("body", "settings", "wanted"),
    [
        (f'{{{HI},"keep_alive":0}}', {}, f"{{{HI}}}"),
        (f'{{{HI}, "keep_alive" : "5m" , "stream":false}}', {}, f'{{{HI}, "stream":false}}'),
        (f'{{"keep_alive":-1,{HI}}}', {}, f"{{{HI}}}"),
        (f'{{"keep_\\u0061live":"5m",{HI}}}', {}, f"{{{HI}}}"),
        (f'{{{HI},"keep_alive":null}}', {}, f'{{{HI},"keep_alive":null}}'),
        (f'{{{HI},"keep_alive":"5m"}}', {"keep_alive": "pass"}, f'{{{HI},"keep_alive":"5m"}}'),
        (f'{{{HI},"keep_alive":"5m"}}', {"keep_alive": "clamp"}, f'{{{HI},"keep_alive":-1}}'),
        (f'{{{HI},"keep_alive":-5}}', {"keep_alive": "clamp"}, f'{{{HI},"keep_alive":-5}}'),
        ('{"model":"warm:8B","prompt":"x","keep_alive":60}', {"keep_alive": "clamp"}, '{"model":"warm:8B","prompt":"x","keep_alive":"30m"}'),
        ('{"model":"warm:8B","prompt":"x","keep_alive":"1h"}', {"keep_alive": "clamp"}, '{"model":"warm:8B","prompt":"x","keep_alive":"1h"}'),
        ('{"model":"stray","keep_alive":-1}', {"keep_alive": "clamp"}, '{"model":"stray","keep_alive":"45m"}'),
        ('{"model":"stray","keep_alive":"10m"}', {"keep_alive": "clamp"}, '{"model":"stray","keep_alive":"10m"}'),
        ('{"model":"stray","keep_alive":-1}', {"keep_alive": "clamp", "server_keep_alive": None}, '{"model":"stray"}'),
        # A number that overflows int64 nanoseconds unloads the model on some processors, and pins it on others.
        ('{"model":"stray","prompt":"x","keep_alive":1e10}', {"keep_alive": "clamp"}, '{"model":"stray","prompt":"x","keep_alive":"45m"}'),
        ('{"model":"stray","keep_alive":1e10}', {"keep_alive": "clamp", "server_keep_alive": "-1", "unload": "pass"}, '{"model":"stray","keep_alive":-1}'),
        (f'{{{HI},"keep_alive":1e10}}', {"keep_alive": "clamp"}, f'{{{HI},"keep_alive":-1}}'),
    ],
)
def test_keep_alive(njs: Rows, body: str, settings: dict[str, Any], wanted: str) -> None:
    assert judged(njs, body, **settings) == wanted


@pytest.mark.parametrize("ends", ["0", '"0"', '"0s"', "-0", "0.0", "0e9", '"-0s"', '"0.1ns"', "1e10", '"+0"', "1e-12", '"0h0m"'])
@pytest.mark.parametrize(
    ("route", "rest"),
    [
        ("/api/generate", LOAD),
        ("/api/generate", f'{LOAD},"prompt":""'),
        ("/api/generate", f'{LOAD},"prompt":null'),
        ("/api/chat", LOAD),
        ("/api/chat", f'{LOAD},"messages":[ ]'),
        ("/api/embed", f'{LOAD},"input":[]'),
        ("/api/embed", f'{LOAD},"input":""'),
        ("/api/embeddings", LOAD),
    ],
)
def test_an_unload(njs: Rows, ends: str, route: str, rest: str) -> None:
    body = f'{{{rest},"keep_alive":{ends}}}'
    assert judged(njs, body, route) == 403
    assert judged(njs, body, route, unload="drop", keep_alive="pass") == f"{{{rest}}}"
    assert judged(njs, body, route, unload="pass", keep_alive="pass") == body


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ('{"num_ctx":8192}', '{"num_ctx":8192}'),
        ('{"num_ctx":8192.0}', '{"num_ctx":8192.0}'),
        ('{"num_ctx":4096}', '{"num_ctx":8192}'),
        ('{"num_ctx":"8192"}', '{"num_ctx":8192}'),
        ('{ "num_ctx" : 1 , "temperature" : 0.5 }', '{"num_ctx":8192, "temperature" : 0.5 }'),
        ('{"temperature":0.5,"num_ctx":1}', '{"num_ctx":8192,"temperature":0.5}'),
        ('{"num_gpu":1,"seed":7,"num_batch":9,"num_ctx":8192,"use_mmap":false}', '{"seed":7,"num_ctx":8192}'),
    ],
)
def test_options_that_would_reload_a_declared_model(njs: Rows, options: str, left: str) -> None:
    body = f'{{"model":"wide","options":{options}}}'
    assert judged(njs, body) == f'{{"model":"wide","options":{left}}}'
    assert judged(njs, body, options="pass") == body
    assert judged(njs, body, options="refuse") == (body if left == options else 403)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('{"model":"wide"}', '{"options":{"num_ctx":8192},"model":"wide"}'),
        (' {"model":"wide","options":null}', ' {"model":"wide","options":{"num_ctx":8192}}'),
        ('{"options":{},"model":"wide"}', '{"options":{"num_ctx":8192},"model":"wide"}'),
        ('{"model":"wide","options":{"Num_Ctx":1}}', '{"model":"wide","options":{"num_ctx":8192,"Num_Ctx":1}}'),  # of that the server makes nothing
        ('{"keep_alive":0,"prompt":"x","model":"wide"}', '{"options":{"num_ctx":8192},"prompt":"x","model":"wide"}'),
    ],
)
def test_the_declared_context_is_put_in_since_without_one_the_server_takes_its_default(njs: Rows, body: str, left: str) -> None:
    assert judged(njs, body) == left
    assert judged(njs, body, options="refuse") == left
    assert judged(njs, body, options="pass", keep_alive="pass") == body


@pytest.mark.parametrize("model", ["warm:8b", "stray"])
def test_of_a_model_without_a_declared_context_any_is_dropped(njs: Rows, model: str) -> None:
    body = f'{{"model":"{model}","options":{{"num_ctx":8192,"seed":7,"num_gpu":0}}}}'
    assert judged(njs, body) == f'{{"model":"{model}","options":{{"seed":7}}}}'
    assert judged(njs, body, options="refuse") == 403
    assert judged(njs, body, options="pass") == body


def test_shift_reloads_too(njs: Rows) -> None:
    body = f'{{{HI},"shift":false}}'
    assert judged(njs, body) == f"{{{HI}}}"
    assert judged(njs, body, options="refuse") == 403
    assert judged(njs, body, options="pass") == body


@pytest.mark.parametrize("name", ["Pin", "pin:latest", "library/PIN", "registry.ollama.ai/library/pin:Latest", "https://registry.ollama.ai/library/pin"])
def test_a_model_is_known_by_all_its_names(njs: Rows, name: str) -> None:
    assert judged(njs, f'{{"model":"{name}","shift":true}}', undeclared="refuse") == f'{{"model":"{name}"}}'


def test_a_model_that_is_not_declared(njs: Rows) -> None:
    for route in ("/api/chat", "/v1/chat/completions"):
        assert judged(njs, '{"model":"stray"}', route) == '{"model":"stray"}'
        assert judged(njs, '{"model":"stray"}', route, undeclared="refuse") == 403
        assert judged(njs, '{"model":"pin"}', route, undeclared="refuse") == '{"model":"pin"}'


def test_a_token_for_some_models(njs: Rows) -> None:
    client = {"admin": False, "models": [WARM]}
    assert judged(njs, '{"model":"warm:8b"}', client=client) == '{"model":"warm:8b"}'
    assert judged(njs, '{"model":"pin"}', client=client) == 403
    assert judged(njs, '{"model":"pin"}', "/v1/chat/completions", client={"admin": False, "models": [PIN]}) == '{"model":"pin"}'


def test_below_v1_only_the_model_counts(njs: Rows) -> None:
    body = '{"model":"pin","keep_alive":0,"options":{"num_ctx":1},"Shift":false}'
    assert judged(njs, body, "/v1/chat/completions") == body


REFUSED = {
    "nothing": "",
    "only white space": " \n",
    "a list": '[{"model":"pin"}]',
    "null": "null",
    "a byte order mark": b'\xef\xbb\xbf{"model":"pin"}',
    "UTF-16": '{"model":"pin"}'.encode("utf-16"),
    "a surrogate": b'{"model":"pin","prompt":"\xed\xa0\x80"}',
    "a long form of a slash": b'{"model":"pin","prompt":"\xc0\xaf"}',
    "cut off": '{"model":"pin"',
    "cut off in a string": '{"model":"pi',
    "something behind": '{"model":"pin"} {"keep_alive":0}',
    "a NUL behind": '{"model":"pin"}\0',
    "a model twice": '{"model":"pin","model":"stray"}',
    "a key twice in other spellings": '{"model":"pin","keep_alive":-1,"keep\\u005falive":0}',
    "options twice": '{"model":"pin","options":{},"options":{"num_ctx":1}}',
    "an option twice": '{"model":"pin","options":{"num_ctx":8192,"num_ctx":1}}',
    "another case": '{"model":"pin","Keep_Alive":0}',
    "a Kelvin sign": '{"model":"pin","\u212aeep_alive":0}',
    "a long s": '{"model":"pin","option\u017f":{"num_ctx":1}}',
    "an escaped long s": '{"model":"pin","option\\u017f":{"num_ctx":1}}',
    "a content in another case": '{"model":"pin","Prompt":"","keep_alive":0}',
    "no model": '{"prompt":"hi"}',
    "a model that is null": '{"model":null}',
    "a model that is a number": '{"model":7}',
    "a model that is an object": '{"model":{}}',
    "a name with a digest": '{"model":"pin@sha256:00"}',
    "a name with a blank": '{"model":" pin"}',
    "a name that is too long": '{"model":"' + "a" * 700 + '://pin"}',
    "a name with :local": '{"model":"pin:local"}',
    "keep_alive is a boolean": '{"model":"pin","keep_alive":true}',
    "keep_alive is an object": '{"model":"pin","keep_alive":{}}',
    "keep_alive is no duration": '{"model":"pin","keep_alive":"1d"}',
    "keep_alive without a unit": '{"model":"pin","keep_alive":"-1"}',
    "keep_alive beyond all numbers": '{"model":"pin","keep_alive":1e999}',
    "keep_alive is a very long duration": '{"model":"pin","keep_alive":"' + "1s" * 100_000 + '"}',
    "keep_alive is longer than any that is meant": '{"model":"pin","keep_alive":"' + "1s" * 33 + '"}',
    "options is a list": '{"model":"pin","options":[1]}',
    "a number that is none": '{"model":"pin","keep_alive":01}',
    "a comment": '{"model":"pin"/**/}',
    "a comma too many": '{"model":"pin",}',
    "a quote of another kind": "{'model':'pin'}",
    "too deep": '{"model":"pin","format":' + "[" * 600 + "]" * 600 + "}",
    "too many keys": "{" + ",".join(f'"a{number}":1' for number in range(2000)) + "}",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_the_server_could_read_otherwise_is_refused(njs: Rows, body: bytes | str) -> None:
    assert judged(njs, body) == 400


def test_too_much_structure_is_refused_before_it_holds_up_others(njs: Rows) -> None:
    assert judged(njs, '{"model":"pin","context":[' + "1," * 110_000 + "1]}") == 413


def test_a_long_context_fits(njs: Rows) -> None:
    body = '{"model":"pin","context":[' + "12345," * 32_000 + "1]}"
    assert judged(njs, body) == body


def test_a_long_prompt_costs_nothing_by_its_length(njs: Rows) -> None:
    body = '{"model":"pin","prompt":"' + "é\\n" * 2_000_000 + '"%s}'
    (verdict,) = njs([row(body % ',"keep_alive":0')])
    assert verdict["body"] == hashlib.sha256((body % "").encode()).hexdigest()


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('{"model":"pin","%s":1}' % ("K" * 400_000), None),
        ('{"model":"pin","%s":1}' % ("\u017f" * 200_000), None),
        ('{"model":"%s"}' % ("A" * 2_000_000), 400),
        ('{"model":"%s"}' % ("a://" * 500_000), 400),
    ],
    ids=["a key", "a key to fold", "a name", "a name of colons"],
)
def test_a_long_key_or_name_costs_nothing_by_its_length(njs: Rows, body: str, wanted: int | None) -> None:
    began = time.monotonic()
    assert njs([row(body)])[0].get("status") == wanted
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(("asked", "outcome"), [('"2562048h"', 400), ('"-2562048h"', 400), ('"2562047h47m16.854775807s"', "-1"), ('"2562047h"', "-1")])
def test_a_duration_that_go_cannot_hold_is_refused_as_the_server_does(njs: Rows, asked: str, outcome: Any) -> None:
    body = '{{"model":"pin","prompt":"x","keep_alive":{}}}'
    assert judged(njs, body.format(asked), keep_alive="clamp") == (outcome if outcome == 400 else body.format(outcome))
