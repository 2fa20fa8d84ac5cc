# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulling beyond what the recordings hold: interrupted transfers, bad blobs, registries that are not as they should be."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ollama_contract import registry
from ollama_stub import registry_client
from running_stand_in import StandIn

CONTENT = b"0123456789" * 5000
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
CONFIG = b'{"model_format":"gguf"}'
CONFIG_DIGEST = f"sha256:{hashlib.sha256(CONFIG).hexdigest()}"


@dataclass
class Shelf:
    """A registry with one model on it, whose weights are CONTENT."""

    registry: registry.Registry
    plain: int
    front: int

    def put(self, content: bytes, digest: str = "") -> str:
        """Lay a model of such weights on it, and name it for the server."""
        digest = digest or f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.registry.blobs.update({digest: content, CONFIG_DIGEST: CONFIG})
        layers = [{"mediaType": "application/vnd.ollama.image.model", "digest": digest, "size": len(content)}]
        config = {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": CONFIG_DIGEST, "size": len(CONFIG)}
        manifest = json.dumps({"schemaVersion": 2, "config": config, "layers": layers}).encode()
        self.registry.manifests["/v2/library/shelved/manifests/v1"] = manifest
        return f"127.0.0.1:{self.front}/library/shelved:v1"

    def spans(self) -> list[tuple[int, int]]:
        """The ranges of the weights that were asked for."""
        return [(first, last) for digest, first, last in self.registry.ranges if digest == DIGEST]


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    held = registry.Registry(pause=0.2)
    with registry.both(held) as (plain, front):
        yield Shelf(held, plain, front)


def pulled(server: StandIn, name: str) -> list[dict[str, Any]]:
    return list(server.lines("/api/pull", model=name, insecure=True))


def digest_of(server: StandIn, name: str) -> str | None:
    models = server.caller.send_json("GET", "/api/tags")["models"]
    return next((str(model["digest"]) for model in models if model["name"] == name), None)


def test_the_digest_is_that_of_the_registrys_manifest(stand_in: StandIn, shelf: Shelf) -> None:
    stand_in.run()
    name = shelf.put(CONTENT)
    assert pulled(stand_in, name)[-1] == {"status": "success"}
    manifest = shelf.registry.manifests["/v2/library/shelved/manifests/v1"]
    assert digest_of(stand_in, name) == hashlib.sha256(manifest).hexdigest()


def test_a_line_that_is_cut_goes_on_where_it_was(stand_in: StandIn, shelf: Shelf) -> None:
    stand_in.run()
    shelf.registry.cut = {0: 20000}
    assert pulled(stand_in, shelf.put(CONTENT))[-1] == {"status": "success"}
    assert shelf.spans() == [(0, 49999), (20000, 49999)]


def test_a_client_that_goes_leaves_what_there_is(stand_in: StandIn, shelf: Shelf) -> None:
    stand_in.run()
    shelf.registry.held = {0}
    name = shelf.put(CONTENT)
    for line in stand_in.lines("/api/pull", model=name, insecure=True):
        if line.get("completed"):
            break
    part = stand_in.home / "models" / "blobs" / f"{DIGEST.replace(':', '-')}-partial-0"
    stand_in.wait_for(lambda: json.loads(part.read_text() or "{}").get("Completed", 0) > 0)
    shelf.registry.held = set()
    assert pulled(stand_in, name)[-1] == {"status": "success"}
    assert shelf.spans() == [(0, 49999), (25000, 49999)]


def test_a_server_that_is_stopped_goes_on_after_its_start(stand_in: StandIn, shelf: Shelf) -> None:
    stand_in.run()
    shelf.registry.held = {0}
    name = shelf.put(CONTENT)
    lines = stand_in.lines("/api/pull", model=name, insecure=True)
    while not next(lines).get("completed"):
        pass
    stand_in.end(signal.SIGTERM)
    shelf.registry.held = set()
    stand_in.restart()
    assert pulled(stand_in, name)[-1] == {"status": "success"}
    assert shelf.spans() == [(0, 49999), (25000, 49999)]


def test_a_killed_server_keeps_the_parts_that_were_done(stand_in: StandIn, shelf: Shelf) -> None:
    environment = {"OLLAMA_STUB_PART_BYTES": "30000"}
    stand_in.run(**environment)
    name = shelf.put(CONTENT)
    shelf.registry.held = {30000}
    part = stand_in.home / "models" / "blobs" / f"{DIGEST.replace(':', '-')}-partial-0"
    lines = stand_in.lines("/api/pull", model=name, insecure=True)
    next(lines)
    stand_in.wait_for(lambda: part.exists() and json.loads(part.read_text() or "{}").get("Completed") == 30000)
    stand_in.end(signal.SIGKILL)
    stand_in.restart()
    shelf.registry.held, shelf.registry.ranges = set(), []
    assert pulled(stand_in, name)[-1] == {"status": "success"}
    assert shelf.spans() == [(30000, 49999)]


def test_weights_that_are_not_what_they_say_are_removed(stand_in: StandIn, shelf: Shelf) -> None:
    stand_in.run()
    name = shelf.put(CONTENT[::-1], DIGEST)
    last = pulled(stand_in, name)[-1]
    assert last["error"].startswith(f"digest mismatch, file must be downloaded again: want {DIGEST}, got sha256:")
    assert digest_of(stand_in, name) is None
    assert not (stand_in.home / "models" / "blobs" / DIGEST.replace(":", "-")).exists()


def test_a_blob_without_a_redirect_cannot_be_fetched(stand_in: StandIn, shelf: Shelf) -> None:
    stand_in.run()
    name = shelf.put(CONTENT).replace(str(shelf.front), str(shelf.plain))
    assert pulled(stand_in, name)[-1] == {"error": "http: no Location header in response"}


def test_what_a_new_version_no_longer_uses_is_removed(stand_in: StandIn, shelf: Shelf) -> None:
    stand_in.run()
    name = shelf.put(CONTENT)
    pulled(stand_in, name)
    before = digest_of(stand_in, name)
    shelf.put(CONTENT + b"new")
    assert {"status": "removing unused layers"} in pulled(stand_in, name)
    assert digest_of(stand_in, name) not in (None, before)
    assert not (stand_in.home / "models" / "blobs" / DIGEST.replace(":", "-")).exists()


def test_two_pulls_share_one_transfer(stand_in: StandIn, shelf: Shelf) -> None:
    stand_in.run()
    name = shelf.put(CONTENT)
    body = json.dumps({"model": name, "insecure": True, "stream": False}).encode()
    asked = [stand_in.ask_beside("POST", "/api/pull", body) for dummy in range(2)]
    assert [each.result()["json"] for each in asked] == [{"status": "success"}] * 2
    assert shelf.spans() == [(0, 49999)]


def test_a_registry_that_is_not_there(stand_in: StandIn) -> None:
    stand_in.run()
    line = pulled(stand_in, "127.0.0.1:9/library/x:v1")[-1]
    refused = "dial tcp 127.0.0.1:9: connect: connection refused"
    assert line == {"error": f'pull model manifest: Get "http://127.0.0.1:9/v2/library/x/manifests/v1": {refused}'}


@pytest.mark.parametrize(
    ("host", "address"),
    [("localhost", "127.0.0.1"), ("blobs.localhost", "127.0.0.1"), ("127.0.0.2", "127.0.0.2"), ("192.0.2.1", None), ("registry.example", None)],
)
def test_only_loopback_is_ever_connected_to(host: str, address: str | None) -> None:
    assert registry_client.loopback(host) == address


def test_a_pushed_configuration_is_as_long_as_a_real_one(stand_in: StandIn) -> None:
    """148 bytes for a small llama, as both recorded releases write it."""
    stand_in.run()
    with registry.both(registry.Registry()) as (plain, _front):
        name = f"127.0.0.1:{plain}/library/pushed:v1"
        stand_in.post("/api/copy", source="tiny-a", destination=name)
        lines = list(stand_in.lines("/api/push", model=name, insecure=True))
    sizes = {line["total"] for line in lines if "total" in line}
    assert 148 in sizes
