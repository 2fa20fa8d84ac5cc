# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of ours asks a server, as a program of its own: C(VIEW SECONDS URL...) prints a line of JSON for each, having waited for no
answer longer than so. It ends where it takes more memory than it may."""

from __future__ import annotations

import io
import json
import resource
import sys
from typing import Any, Callable

from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor import page, server_ask
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import failures
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import Deadlines, OllamaServer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.registry import NotInRegistry, Registry, RegistryUnknown
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.store import ModelStore
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_unit_info

NAME = ModelName.parse("m")
MOST = 400 * 2**20
"""Bytes of address space."""
CONNECT = 1.0  # seconds


def look(url: str, seconds: float) -> list[Any]:
    """What every pass asks."""
    server = OllamaServer(url, deadlines(seconds))
    return [attempt(server.resident), attempt(server.installed)]


def client(url: str, seconds: float) -> list[Any]:
    """What else the engine asks."""
    server = ModelStore(url, deadlines(seconds), stall=seconds)
    asks: list[Callable[[], Any]] = [
        server.require_version,
        lambda: server.card(NAME),
        lambda: server.modelfile(NAME),
        lambda: server.load(NAME, True, KeepAlive.FOREVER, None),
        lambda: server.unload(NAME),
        lambda: server.delete(NAME),
        lambda: server.has_blob("a" * 64),
    ]
    return [attempt(ask) for ask in asks]


def transfer(url: str, seconds: float) -> list[Any]:
    """A pull and an upload."""
    told: list[str] = []
    store = ModelStore(url, deadlines(seconds), stall=seconds)
    pulled = attempt(lambda: store.pull(NAME, True, lambda progress: told.append(str(progress))))
    put = attempt(lambda: store.put_blob("a" * 64, io.BytesIO(b"x" * 10_000), 10_000, lambda _progress: None))
    return [pulled, put, told[-5:]]


def registry(url: str, seconds: float) -> list[Any]:
    """What it has under a name."""
    name = ModelName.parse(f"{url.partition('://')[2]}/library/m:latest")
    return [attempt(lambda: Registry(CONNECT, seconds).find(name, True))]


def unit_info(url: str, seconds: float) -> list[Any]:
    """What root's module asks."""
    ollama_unit_info._DEADLINES = deadlines(seconds)
    return [ollama_unit_info.server_version(url), ollama_unit_info.resident_models(url), ollama_unit_info.unreadiness(url, seconds)]


def doctor(url: str, seconds: float) -> list[Any]:
    """What the doctor asks, as its page and its JSON show it."""
    server_ask._DEADLINES = deadlines(seconds)
    look = server_ask.ask_server(url, None, "no-such.service")
    resident = [str(entry) for entry in look.observation.resident] if look.observation else None
    told = {"host": "h", "healthy": False, "findings": [], "unseen": [str(look.failure)], "instances": [], "checked": []}
    return [look.version, look.failure, resident, *page.page(told).split("\n")]


def deadlines(seconds: float) -> Deadlines:
    """The same for all."""
    return Deadlines(connect=CONNECT, answer=seconds, load=seconds)


def attempt(ask: Callable[[], Any]) -> Any:
    """The one sentence of a refusal, else what came of it."""
    try:
        return repr(ask())
    except (failures.ServerFailure, NotInRegistry, RegistryUnknown) as failure:
        return str(failure)


VIEWS = {view.__name__: view for view in (look, client, transfer, registry, unit_info, doctor)}

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MOST, MOST))
    for each in sys.argv[3:]:
        print(json.dumps(VIEWS[sys.argv[1]](each, float(sys.argv[2]))))
