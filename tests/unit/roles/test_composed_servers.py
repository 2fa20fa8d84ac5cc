# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ollama_server does around the servers of Compose."""

from __future__ import annotations

from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._compose import work
from support.role_tasks import ROLES, holds, names, read, task, value

ROLE = "ollama_server"


def test_a_container_is_recreated_by_the_tag_that_restarts_servers_alone() -> None:
    found = task(ROLE, "main.yml", "Run the servers of Compose with their settings")
    assert found["tags"] == found["ansible.builtin.include_tasks"]["apply"]["tags"] == ["ollama_server_configure"]


def test_images_are_there_before_a_server_is_waited_for() -> None:
    order = names(ROLE, "compose.yml")
    assert order.index("Pull or load the images that the host lacks") < order.index("Have each server run with its settings")
    waits = task(ROLE, "compose_server.yml", "Wait until the server is idle, and note what it has in memory")["keepwarm.ollama.ollama_server_restart"]
    one = {"url": "http://127.0.0.1:11500", "running_url": "http://127.0.0.1:11434"}
    assert value(ROLE, waits["url"], __ollama_server_one=one) == "http://127.0.0.1:11434"


def test_models_are_loaded_again_into_a_server_that_was_taken_back() -> None:
    (block,) = read(ROLES / ROLE / "tasks/compose_server.yml")
    load = next(found for found in block["rescue"] if found["name"] == "Load again what was in memory")
    told = [f"It failed. {work._PUT_BACK}", "It failed. It does not run with the former settings either"]
    assert [holds(ROLE, load["when"], __ollama_server_failure=sentence) for sentence in told] == [True, False]


def restored_at(**one: Any) -> str:
    given = task(ROLE, "restore.yml", "Load again what was in memory before a container was recreated")["keepwarm.ollama.ollama_server_restart"]
    found: str = value(ROLE, given["url"], item={"url": "http://127.0.0.1:11500", **one})
    return found


def test_models_are_loaded_again_where_the_container_listens_by_then() -> None:
    running = "http://127.0.0.1:11434"
    assert restored_at(unloads=True, running_url=running) == "http://127.0.0.1:11500"
    assert restored_at(unloads=False, running_url=running) == running
    assert restored_at(unloads=False, running_url="") == "http://127.0.0.1:11500"
