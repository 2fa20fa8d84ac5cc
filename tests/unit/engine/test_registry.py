# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry says of a name, over a real socket."""

from __future__ import annotations

import hashlib
import json

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.registry import NotInRegistry, Registry, RegistryUnknown
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from support.raw_server import RawServer, answer, answering

MANIFEST = json.dumps({"layers": [{"size": 5}, {"size": 7}], "config": {"size": 3}})


def name(server: RawServer) -> ModelName:
    return ModelName.parse(f"{server.url.removeprefix('http://')}/library/tiny-a:v1")


def test_the_digest_is_that_of_the_manifest_as_it_came() -> None:
    with answering(answer(MANIFEST)) as server:
        found = Registry().find(name(server), True)
        asked = server.requests[0]
    assert (found.digest, found.size) == (hashlib.sha256(MANIFEST.encode()).hexdigest(), 15)
    assert asked.startswith(b"GET /v2/library/tiny-a/manifests/v1 ")
    assert b"Accept: application/vnd.docker.distribution.manifest.v2+json" in asked


def test_a_name_that_it_does_not_have() -> None:
    with answering(answer("{}", status="404 Not Found")) as server, pytest.raises(NotInRegistry, match="there is no such model or tag"):
        Registry().find(name(server), True)


@pytest.mark.parametrize("said", [answer("", status="401 Unauthorized"), answer("<html>"), answer("{}"), answer("[1]"), b""])
def test_what_says_nothing_about_it(said: bytes) -> None:
    with answering(said) as server, pytest.raises(RegistryUnknown):
        Registry().find(name(server), True)


def test_one_that_is_not_there() -> None:
    with pytest.raises(RegistryUnknown, match=r"127\.0\.0\.1:9 could not be asked from this host"):
        Registry(0.5, 0.5).find(ModelName.parse("127.0.0.1:9/library/x"), True)
