# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving the models back that a removed agent kept in memory, against scripted exchanges."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.give_back import ReleaseError, give_back, read_kept
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import observer
from support.scripted_http import Exchange, ScriptedServer
from support.values import blob, digest

FOREVER = "2318-12-02T09:47:16.978231264Z"
VERSION = Exchange("GET /api/version", None, 200, {"version": "0.32.15"})
SHOWN = {"modelfile": f"FROM /m/blobs/sha256-{blob('a')}\n", "capabilities": ["completion"], "model_info": {}}


@pytest.fixture(autouse=True)
def _unseen_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "living_runners", lambda _unit, **_where: None)


def configuration(tmp: pathlib.Path, url: str, **policy: Any) -> str:
    path = tmp / "default.json"
    models = [{"name": "a"}, {"name": "w", "policy": "warm", "keep_alive": "1h"}]
    path.write_text(json.dumps({"url": url, "unit": "ollama.service", "policy": {"models": models, **policy}}))
    return str(path)


def resident(*names: str) -> list[Exchange]:
    entries = [{"name": f"{name}:latest", "digest": digest(name), "size": 1, "size_vram": 1, "context_length": 4096, "expires_at": FOREVER} for name in names]
    tags = [{"name": f"{name}:latest", "digest": digest(name)} for name in ("a", "w", "others")]
    return [Exchange("GET /api/ps", None, 200, {"models": entries}), Exchange("GET /api/tags", None, 200, {"models": tags})]


def asked(keep_alive: Any, **answer: Any) -> Exchange:
    body: dict[str, Any] = {"model": "a:latest", "keep_alive": keep_alive}
    if keep_alive:
        body["options"] = {"num_ctx": 4096}
    return Exchange("POST /api/generate", body, 200, {"model": "a:latest", "done_reason": "load" if keep_alive else "unload", **answer})


@pytest.mark.parametrize(
    ("release", "policy", "action", "keep_alive"),
    [("expire", {}, "set_expiry", "300s"), ("expire", {"undeclared_keep_alive": "20m"}, "set_expiry", "1200s"), ("unload", {}, "unload", 0)],
)
def test_a_pin_is_given_back_and_nothing_else(
    server: ScriptedServer, tmp_path: pathlib.Path, release: str, policy: dict[str, Any], action: str, keep_alive: Any
) -> None:
    kept = read_kept(configuration(tmp_path, server.url, **policy), release)
    server.expect(*resident("a"))
    assert [(str(stray.listed.name), stray.action) for stray in give_back(kept, predict=True)] == [("a:latest", action)]
    show = [Exchange("POST /api/show", {"model": "a:latest"}, 200, SHOWN)] if keep_alive else []
    server.expect(*resident("a"), VERSION, *show, asked(keep_alive), *resident())
    assert [(str(stray.listed.name), stray.action) for stray in give_back(kept, predict=False)] == [("a:latest", action)]


@pytest.mark.parametrize(("release", "there"), [("keep", ["a"]), ("expire", ["others"]), ("expire", [])])
def test_what_is_kept_or_not_ours_is_left_alone(server: ScriptedServer, tmp_path: pathlib.Path, release: str, there: list[str]) -> None:
    kept = read_kept(configuration(tmp_path, server.url), release)
    server.expect(*resident(*there))
    assert give_back(kept, predict=False) == ()


def test_a_server_that_is_gone_is_one_sentence(tmp_path: pathlib.Path) -> None:
    kept = read_kept(configuration(tmp_path, "http://127.0.0.1:9"), "expire")
    for predict in (True, False):
        with pytest.raises(ReleaseError, match=r"^no Ollama server answers at http://127\.0\.0\.1:9: Connection refused$"):
            give_back(kept, predict)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"policy": {}}', '{"policy": {"models": [{"name": "a b"}]}}', '{"policy": {"models": []}}'])
def test_a_configuration_that_tells_nothing_is_one_sentence(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "default.json").write_text(text)
    with pytest.raises(ReleaseError, match="does not tell which models it keeps in memory"):
        read_kept(str(tmp_path / "default.json"), "expire")


def test_a_configuration_that_went_meanwhile(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ReleaseError, match="cannot be read"):
        read_kept(str(tmp_path / "default.json"), "expire")
