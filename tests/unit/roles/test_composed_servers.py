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
    assert value(ROLE, waits["url"], __ollama_server_again={"servers": [one]}) == "http://127.0.0.1:11434"


def test_whether_a_server_is_waited_for_is_decided_when_it_is_its_turn() -> None:
    (block,) = read(ROLES / ROLE / "tasks/compose_server.yml")
    look, refuse, wait, bring = block["block"]
    assert (look["keepwarm.ollama.ollama_compose"]["state"], look["register"]) == ("checked", "__ollama_server_again")
    assert look["keepwarm.ollama.ollama_compose"]["only"] == bring["keepwarm.ollama.ollama_compose"]["only"]
    then, now = {"unloads": False, "running_url": ""}, {"unloads": True, "running_url": "http://127.0.0.1:11434", "reasons": ["another image"]}
    given = {"__ollama_server_one": then, "__ollama_server_again": {"servers": [now], "refusals": []}}
    assert holds(ROLE, wait["when"], **given) and holds(ROLE, refuse["ansible.builtin.assert"]["that"], **given)
    assert value(ROLE, wait["keepwarm.ollama.ollama_server_restart"]["reasons"], **given) == ["another image"]
    given["__ollama_server_again"] = {"servers": [], "refusals": ["ollama.service: something else answers."]}
    assert not holds(ROLE, refuse["ansible.builtin.assert"]["that"], **given)


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


A = {"name": "a", "port": 11500, "server": {"deployment": "compose", "container_image": "localhost/ollama:1"}}
B = {"name": "b", "port": 11501}
FACTS: dict[str, Any] = {"ansible_facts": {"architecture": "x86_64"}, "ollama_warmup_models": []}


def looked(**plan: Any) -> dict[str, Any]:
    return {"results": [{"item": "ollama@b.service", "plan": {"left_units": [], "left_files": [], "refusals": [], **plan}}]}


def left(name: str, **given: Any) -> Any:
    return value(ROLE, f"{{{{ {name} }}}}", **{**FACTS, "__ollama_server_found": {"in_the_way": ""}, **given})


def test_a_server_of_compose_that_is_not_declared_any_more_is_removed() -> None:
    found = {"ollama_server_instances": [B], "__ollama_server_looked": looked(composed_units=["ollama-a.service"])}
    assert left("__ollama_server_left_composed", **found) == ["ollama-a.service"]
    assert left("__ollama_server_left_composed", **{**found, "ollama_server_instances": [A, B]}) == []
    condition = task(ROLE, "configure.yml", "Remove servers that are not declared any more")["when"]
    assert holds(ROLE, condition, **FACTS, **found, __ollama_server_found={"in_the_way": ""})
    assert names(ROLE, "prune.yml")[0] == "Remove the servers of Compose that are not declared"


def test_what_systemd_ran_is_removed_where_all_that_is_declared_is_of_compose() -> None:
    rest = {"left_units": ["ollama@b.service", "ollama.target"], "left_files": ["/etc/systemd/system/ollama.target"], "composed_units": []}
    found = {"ollama_server_instances": [A], "__ollama_server_looked": {"results": []}, "__ollama_server_rest": rest}
    assert holds(ROLE, task(ROLE, "begin.yml", "Look for what is left of servers, where systemd runs none that is declared")["when"], **FACTS, **found)
    assert set(left("__ollama_server_left", **found)) == set(rest["left_units"])
    assert left("__ollama_server_left_files", **found) == rest["left_files"]
    assert left("__ollama_server_refusals", **found) == []
    (refusal,) = left("__ollama_server_refusals", **{**found, "__ollama_server_rest": {**rest, "left_units": ["ollama.service"]}})
    assert refusal.startswith("ollama.service has settings of this role, and is none of the declared servers")
