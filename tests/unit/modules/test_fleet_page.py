# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet page: what it says of each host, that it never fails, and that nothing of a host becomes anything but text."""

from __future__ import annotations

import json
import os
import pathlib
import re
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.filter.report import report
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet_page.page import fleet_page
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet_page.place import page_problem
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet_page.rows import Row, fleet_rows, host_kinds
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=timezone.utc)
AT = NOW.timestamp()
LISTED = {"forever": False, "expires_at": "2026-11-30T12:04:30Z", "size": 8 * 10**9, "size_vram": 2 * 10**9, "context_length": 512}
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("at", "text", "size", "model")), inner), max_leaves=5)
KEYS = ("exit", "result", "instance", "looked", "hold", "last_pass", "history")
MODEL_KEYS = ("name", "model", "policy", "required", "resident", "drift", "after", "past", "was_resident", "seen")


def model(**changes: Any) -> dict[str, Any]:
    return {"name": "a", "model": "a:latest", "policy": "pin", "required": True, "resident": True, "drift": [], "after": LISTED, **changes}


def status(code: int, result: str, *models: Any, **others: Any) -> dict[str, Any]:
    return {"exit": code, "result": result, "models": list(models), "looked": {"at": AT - 3, "failures": [], "warnings": []}, **others}


def said(status: Any) -> dict[str, Any]:
    return {"rc": 0, "stdout": json.dumps(status), "stderr": ""}


def only(status: Any) -> Row:
    (row,) = fleet_rows({"gpu1": said(status)}, NOW)
    return row


class Parsed(HTMLParser):
    """Tags with their attributes, as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_hosts_come_worst_first_and_in_the_order_of_their_numbers() -> None:
    results = {
        "gpu10": said(status(0, "warm", model())),
        "gpu2": said(status(0, "warm", model())),
        "held": said(status(5, "on hold", model())),
        "spilled": said(status(0, "warm", model(drift=["spilled"]))),
        "cold": said(status(1, "not warm", model(resident=False, after=None))),
        "silent": said(status(3, "server unreachable")),
        "gone": None,
        "empty": said(status(0, "nothing declared")),
    }
    assert [row.host for row in fleet_rows(results, NOW)] == ["gone", "silent", "cold", "spilled", "held", "empty", "gpu2", "gpu10"]


@pytest.mark.parametrize(
    ("code", "result", "changes", "shown"),
    [
        (0, "warm", {}, ("warm", "warm")),
        (0, "warm", {"drift": ["spilled"]}, ("warm, degraded", "degraded")),
        (1, "warm", {}, ("not warm", "bad")),
        (1, "not warm", {}, ("not warm", "bad")),
        (2, "bad configuration", {}, ("bad configuration", "bad")),
        (4, "server stopped", {}, ("server stopped", "held")),
        (5, "on hold", {}, ("on hold", "held")),
        (0, "something new", {}, ("something new", "bad")),
    ],
)
def test_a_host_is_warm_only_where_all_agree(code: int, result: str, changes: dict[str, Any], shown: tuple[str, str]) -> None:
    found = only(status(code, result, model(**changes))).result
    assert (found.word, found.kind) == shown


@pytest.mark.parametrize(
    ("changes", "word", "kind"),
    [
        ({}, "resident", "warm"),
        ({"drift": ["context_mismatch"]}, "resident", "degraded"),
        ({"resident": False}, "not resident", "bad"),
        ({"resident": False, "required": False}, "not resident", "idle"),
        ({"resident": False, "required": False, "drift": ["not_installed"]}, "not resident", "bad"),
        ({"resident": None}, "unknown", "bad"),
        ({"resident": None, "past": True, "was_resident": True}, "was resident", "bad"),
        ({"resident": None, "past": True, "was_resident": None}, "unknown", "bad"),
        ({"resident": "yes"}, "unknown", "bad"),
        ({"seen": False}, "not looked at yet", "bad"),
    ],
)
def test_a_model_is_good_only_where_it_is_resident_now(changes: dict[str, Any], word: str, kind: str) -> None:
    state = only(status(1, "not warm", model(**changes))).state
    assert state is not None
    assert (state.word, state.kind) == (word, kind)


def test_a_host_of_which_one_server_could_not_be_looked_at_is_not_warm() -> None:
    rows = fleet_rows({"gpu1": said({"exit": 2, "instances": [{**status(0, "warm", model()), "instance": "one"}]})}, NOW)
    assert [(row.instance, row.result.word) for row in rows] == [("", "not warm"), ("one", "warm")]
    assert host_kinds(rows) == {"gpu1": "bad"}


def test_memory_is_shown_with_what_fits() -> None:
    row = only(status(0, "warm", model()))
    assert row.vram is not None
    assert (row.vram.percent, row.vram.size, row.vram.fit) == (25, "8.0 GB", "does not fit, the rest is on the CPU")
    aside = {"set_aside": {"a:latest": {"rivals": ["b:latest", "c:latest"]}}}
    row = only(status(1, "not warm", model(resident=False, after=None), history=aside))
    assert row.vram is not None
    assert row.vram.fit == "did not fit beside b:latest and c:latest"


def test_what_is_of_the_last_pass_is_not_shown_as_of_now() -> None:
    row = only(status(3, "server unreachable", model(past=True, resident=None, was_resident=True)))
    assert row.vram is not None
    assert (row.until, row.vram.percent, row.vram.fit) == (None, None, "was 25 % of 8.0 GB")


def test_the_last_drifts_of_a_model_are_told_with_cause_duration_and_age() -> None:
    open_one = {"model": "a:latest", "cause": "evicted", "by": ["b:latest"], "at": AT - 90, "seconds": None}
    closed = {"model": "a:latest", "cause": "runner_died", "by": [], "at": AT - 7200, "seconds": 11.84}
    other = {**closed, "model": "z:latest"}
    row = only(status(0, "warm", model(), history={"incidents": [open_one, other, closed, closed, closed]}))
    assert [(drift.cause, drift.lasted, drift.when.words) for drift in row.last] == [
        ("evicted by b:latest", "not back yet", "1 minute ago"),
        ("runner_died", "back after 11.8 s", "2 hours ago"),
        ("runner_died", "back after 11.8 s", "2 hours ago"),
    ]


def test_a_sentence_stands_beside_the_model_that_it_is_about() -> None:
    looked = {"at": AT, "failures": ["a is not in memory: look", "the server is old"], "warnings": []}
    rows = fleet_rows({"gpu1": said({**status(1, "not warm", model(name="b"), model(resident=False)), "looked": looked})}, NOW)
    assert [(row.model, list(row.why)) for row in rows] == [("a", ["the server is old", "a is not in memory: look"]), ("b", [])]


def test_times_are_in_utc_and_say_so() -> None:
    until = only(status(0, "warm", model())).until
    assert until is not None
    assert (until.shown, until.stamp, until.words) == ("2026-11-30 12:04 UTC", "2026-11-30T12:04:30Z", "in 4 minutes")
    assert "As it was at 2026-11-30 12:00 UTC" in fleet_page({}, NOW)


def test_a_host_whose_clock_is_ahead_says_so() -> None:
    assert only({**status(0, "warm"), "looked": {"at": AT + 600}}).looked.words == "10 minutes ahead of this clock"


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "</script><script>x()", "<!-- <script>", "\" onmouseover='x()'", "{{ 7 * 7 }}{% raw %}", "a\x1b]0;x\x07b\u202ec"]
)
def test_whatever_a_host_says_is_text(text: str) -> None:
    harmless = Parsed(fleet_page({"gpu1": said(status(0, "warm", model()))}, NOW)).tags
    attacked = status(
        1,
        text,
        model(name=text, model=text, policy=text, drift=[text]),
        instance=text,
        hold={"text": text},
        looked={"at": AT, "failures": [text, f"{text} is cold"], "warnings": [text]},
        history={"incidents": [{"model": text, "cause": text, "by": [text], "at": AT, "seconds": 1}]},
    )
    for results in ({text: said(attacked)}, {text: said({"exit": 1, "instances": [attacked]})}, {text: {"rc": 2, "stdout": "", "stderr": text}}):
        html = fleet_page(results, NOW)
        tags = Parsed(html).tags
        assert {tag for tag, _attributes in tags} <= {tag for tag, _attributes in harmless} | {"ul", "li", "b"}
        assert [tag for tag, _attributes in tags].count("script") == 1
        assert not [name for _tag, attributes in tags for name in attributes if name.startswith("on") or name in ("style", "src", "href")]
        assert "\x1b" not in html
        assert "\u202e" not in html


def test_only_its_own_style_and_script_are_allowed_and_nothing_is_asked_for() -> None:
    html = fleet_page({"gpu1": None}, NOW)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    assert policy[1].startswith("default-src &#39;none&#39;;") or policy[1].startswith("default-src 'none';")
    assert "unsafe" not in policy[1]
    assert re.findall(r"(?:https?:)?//\w+", html) == []


def test_the_same_looks_make_the_same_page_but_for_the_ages() -> None:
    results = {"gpu1": said(status(0, "warm", model())), "gpu2": None}
    first, later = fleet_page(results, NOW), fleet_page(results, NOW + timedelta(seconds=1))
    assert first == fleet_page(dict(reversed(results.items())), NOW)
    assert re.sub(r"<time[^>]*>[^<]*</time>", "", first) == re.sub(r"<time[^>]*>[^<]*</time>", "", later)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.lists(JSON | st.dictionaries(st.sampled_from(MODEL_KEYS), JSON), max_size=3))
def test_no_status_whatsoever_keeps_the_page_from_being_written(raw: dict[str, Any], models: list[Any]) -> None:
    whole = {"exit": 0, "result": "warm", **raw, "models": models}
    for text in (json.dumps(whole), json.dumps({"exit": 0, "instances": [whole, raw]})):
        assert fleet_page({"gpu1": {"rc": 0, "stdout": text}}, NOW).endswith("</html>")


def test_the_filter_gives_page_and_problem(tmp_path: pathlib.Path) -> None:
    assert str(report({"gpu1": {}}, "fleet_page")).startswith("<!DOCTYPE html>")
    assert report(str(tmp_path / "fleet.html"), "page_problem") == ""


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "is a folder: name a file in it, such as {folder}/fleet.html"),
        ("new/", "is a folder: name a file in it, such as {folder}/new/fleet.html"),
        ("pipe", "is no regular file, and is not replaced: name another one"),
        ("missing/fleet.html", "cannot be written: there is no folder {folder}/missing on the controller; create it first"),
        ("file/fleet.html", "cannot be written: there is no folder {folder}/file on the controller; create it first"),
    ],
)
def test_a_place_where_no_page_can_be_is_refused(tmp_path: pathlib.Path, name: str, sentence: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    path = f"{tmp_path}/{name}" if name else str(tmp_path)
    assert page_problem(path) == f"keepwarm_page {path} {sentence.format(folder=tmp_path)}"


def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write everywhere, so that the answer is made up."""
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert page_problem(f"{tmp_path}/f.html").endswith(f"whoever runs the play may not write to the folder {tmp_path} on the controller")


@pytest.mark.parametrize(
    ("raw", "words"), [("fleet.html", "is a relative path: give the whole one, such as /"), (5, "5 is no path"), (["a"], "is no path"), ("/a\0", "is no path")]
)
def test_what_is_no_whole_path_is_refused(raw: Any, words: str) -> None:
    assert words in page_problem(raw)
