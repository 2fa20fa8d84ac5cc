# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that pulls, over a stand-in that pulls from a registry. What is installed is asked of the server itself."""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import made_record
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_model
from ollama_contract import registry as contract_registry
from support.ansible_module import Entrance
from support.live_host import LiveHost


@dataclass
class Shelf:
    """The registry with `tiny-a` on it, and the server's side of it."""

    live: LiveHost
    registry: contract_registry.Registry
    port: int

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}/library/shelved:v1"

    def put(self, model: str) -> None:
        """What the server has under MODEL is what the registry has from now on."""
        for path, body in (("/api/copy", {"source": model, "destination": self.name}), ("/api/push", {"model": self.name, "insecure": True})):
            assert self.live.stand_in.post(path, **body)["status"] == 200
        assert self.live.stand_in.caller.send("DELETE", "/api/delete", f'{{"model": "{self.name}"}}'.encode()).result["status"] == 200

    def manifest_of(self, model: str, name: str) -> bytes:
        """Push MODEL under NAME and give its manifest."""
        for path, body in (("/api/copy", {"source": model, "destination": name}), ("/api/push", {"model": name, "insecure": True})):
            assert self.live.stand_in.post(path, **body)["status"] == 200
        self.live.stand_in.caller.send("DELETE", "/api/delete", f'{{"model": "{name}"}}'.encode())
        path, _colon, tag = name.partition("/")[2].rpartition(":")
        return self.registry.manifests[f"/v2/{path}/manifests/{tag}"]

    def installed(self) -> dict[str, str]:
        models = self.live.stand_in.caller.send_json("GET", "/api/tags")["models"]
        return {model["name"]: model["digest"] for model in models}

    def wanted(self, **entry: Any) -> dict[str, Any]:
        return {"url": self.live.url, "models": [{"name": self.name, "insecure": True, **entry}]}


@pytest.fixture
def shelf(live: LiveHost) -> Iterator[Shelf]:
    live.stand_in.run()
    held = contract_registry.Registry(pause=0.1)
    with contract_registry.both(held) as (_plain, front):
        shelf = Shelf(live, held, front)
        shelf.put("tiny-a")
        live.stand_in.caller.send("DELETE", "/api/delete", b'{"model": "tiny-a"}')
        yield shelf


@pytest.fixture
def entrance(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path) -> Entrance:
    monkeypatch.setattr(made_record, "PATH", str(tmp_path / "var/made.json"))
    return Entrance(ollama_model.main, monkeypatch, capsys, tmp_path)


def test_check_run_and_second_run(entrance: Entrance, shelf: Shelf) -> None:
    before = shelf.installed()
    predicted = entrance.succeed(check=True, diff=True, **shelf.wanted())
    assert shelf.installed() == before
    done = entrance.succeed(diff=True, **shelf.wanted())
    assert done["changed"]
    assert predicted["changed"]
    assert done["diff"] == predicted["diff"]
    assert shelf.installed() == {**before, shelf.name: done["models"][0]["after"]}
    again = entrance.succeed(**shelf.wanted())
    assert not again["changed"]
    assert again["models"][0]["action"] == "none"


def test_a_cut_line_goes_on_where_it_was(entrance: Entrance, shelf: Shelf) -> None:
    shelf.registry.cut = {0: 100_000}
    entrance.succeed(**shelf.wanted())
    weights = max(shelf.registry.blobs, key=lambda digest: len(shelf.registry.blobs[digest]))
    spans = [first for digest, first, last in shelf.registry.ranges if digest == weights]
    assert spans == [0, 100_000]
    assert shelf.name in shelf.installed()


def test_latest_follows_the_registry(entrance: Entrance, shelf: Shelf) -> None:
    first = entrance.succeed(**shelf.wanted())["models"][0]["after"]
    assert not entrance.succeed(**shelf.wanted(state="latest"))["changed"]
    shelf.put("tiny-b")
    entrance.succeed(**shelf.wanted())
    predicted = entrance.succeed(check=True, **shelf.wanted(state="latest"))
    done = entrance.succeed(**shelf.wanted(state="latest"))
    assert predicted["models"][0]["after"] == done["models"][0]["after"] == shelf.installed()[shelf.name] != first
    assert not entrance.succeed(**shelf.wanted(state="latest"))["changed"]


@pytest.mark.parametrize(("replaced", "left"), [("keep", 1), ("unload", 0)])
def test_old_weights_in_memory_stay_or_go(entrance: Entrance, shelf: Shelf, replaced: str, left: int) -> None:
    entrance.succeed(**shelf.wanted())
    shelf.live.stand_in.generate(shelf.name, keep_alive=-1)
    held = shelf.name.replace("shelved", "other")
    shelf.registry.manifests["/v2/library/shelved/manifests/v1"] = shelf.manifest_of("tiny-b", held)
    before = shelf.installed()
    entrance.succeed(**shelf.wanted(state="latest"), replaced=replaced)
    shelf.live.stand_in.wait_for(lambda: len(shelf.live.stand_in.residents()) == left)
    assert sorted(shelf.installed()) == sorted(before)


def test_a_wrong_name_fails_and_is_predicted_to(entrance: Entrance, shelf: Shelf) -> None:
    wrong = {"url": shelf.live.url, "models": [{"name": shelf.name + "b", "insecure": True}, {"name": shelf.name, "insecure": True}]}
    assert "answered 404: there is no such model or tag" in entrance.fail(check=True, **wrong)
    assert "pull model manifest: file does not exist" in entrance.fail(**wrong)
    assert shelf.name in shelf.installed(), "a model that fails must not hold up the others"


def test_unlisted_models_go_and_are_predicted_to(entrance: Entrance, shelf: Shelf) -> None:
    options = {"url": shelf.live.url, "models": [{"name": "tiny-b"}, {"name": "big"}], "prune": "unlisted"}
    predicted = entrance.succeed(check=True, diff=True, **options)
    assert [model["name"] for model in predicted["removed"]] == ["embed:latest", "tiny-c:latest"]
    assert len(shelf.installed()) == 4
    done = entrance.succeed(diff=True, **options)
    assert (done["removed"], done["diff"]) == (predicted["removed"], predicted["diff"])
    assert sorted(shelf.installed()) == ["big:latest", "tiny-b:latest"]
    assert not entrance.succeed(**options)["changed"]


def test_nothing_is_pruned_if_something_failed(entrance: Entrance, shelf: Shelf) -> None:
    before = shelf.installed()
    entrance.fail(url=shelf.live.url, models=[{"name": shelf.name + "b", "insecure": True}], prune="unlisted")
    assert shelf.installed() == before


def test_a_deleted_model_leaves_memory(entrance: Entrance, shelf: Shelf) -> None:
    shelf.live.stand_in.generate("tiny-b", keep_alive=-1)
    assert entrance.succeed(url=shelf.live.url, models=[{"name": "tiny-b", "state": "absent"}])["changed"]
    shelf.live.stand_in.wait_for(lambda: not shelf.live.stand_in.residents())
    assert "tiny-b:latest" not in shelf.installed()


@pytest.mark.parametrize(("release", "keeps_the_file"), [("0.24.0", True), ("0.32.15", False)])
def test_a_model_of_a_file_without_any_registry(
    entrance: Entrance, shelf: Shelf, tmp_path: pathlib.Path, release: str, keeps_the_file: bool
) -> None:
    shelf.live.stand_in.stop()
    shelf.live.stand_in.run(OLLAMA_STUB_VERSION=release)
    weights = max(shelf.registry.blobs.values(), key=len)
    file = tmp_path / "x.gguf"
    file.write_bytes(weights)
    modelfile = f"FROM {file}\nPARAMETER num_ctx 1024\nPARAMETER stop end\nSYSTEM be brief"
    options = {"url": shelf.live.url, "models": [{"name": "made", "modelfile": modelfile, "state": "latest"}]}
    assert entrance.succeed(check=True, **options)["changed"]
    assert entrance.succeed(**options)["changed"]
    shown = shelf.live.stand_in.post("/api/show", model="made")["json"]
    assert shown["system"] == "be brief"
    assert (hashlib.sha256(weights).hexdigest() in shown["modelfile"]) is keeps_the_file
    assert not entrance.succeed(**options)["changed"]
    options["models"][0]["modelfile"] = modelfile.replace("1024", "512")
    assert entrance.succeed(check=True, **options)["changed"]
    assert entrance.succeed(**options)["changed"]
    assert not entrance.succeed(check=True, **options)["changed"]
