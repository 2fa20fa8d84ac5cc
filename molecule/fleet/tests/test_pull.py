# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that fetches its playbook from a git repository and runs it on itself, one thing after the other."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from shared.machine import Machine, Outcome

Role = Callable[..., Outcome]
REPOSITORY = "/srv/fleet"
COMMANDS = """\
#!/usr/bin/python3
import sys
sys.path.insert(0, "/opt/controller")
from ansible.cli.{module} import main
sys.exit(main())
"""
DECLARED = {
    "ollama_pull_repository": REPOSITORY,
    "ollama_pull_inventory": "inventory/hosts.yml",
    "ollama_pull_program": "/opt/controller/bin/ansible-pull",
    "ollama_pull_jitter": "1s",
}


def write(host: Machine, path: str, content: str, mode: str = "0644") -> None:
    host.run(f"install -D --mode={mode} /dev/stdin {path} <<'END'\n{textwrap.dedent(content)}\nEND")


def commit(host: Machine, models: str) -> None:
    write(host, f"{REPOSITORY}/inventory/group_vars/gpu_hosts.yml", f"ollama_warmup_models: {models}")
    host.run(f"cd {REPOSITORY} && git add --all && git -c user.name=a -c user.email=a@example.org commit --quiet --message='Declare {models}'")


def turn(host: Machine) -> str:
    """What the journal has of one run of the unit, which is awaited; how it ended is the first word."""
    host.run("systemctl reset-failed ollama-pull.service; systemctl start ollama-pull.service || true")
    result = host.run("systemctl show --property=Result --value ollama-pull.service").strip()
    invocation = host.run("systemctl show --property=InvocationID --value ollama-pull.service").strip()
    return f"{result} " + host.run(f"journalctl --quiet --output=cat _SYSTEMD_INVOCATION_ID={invocation}")


@pytest.fixture(scope="module")
def repository(gpu2: Machine, on_itself: Callable[..., Outcome]) -> None:
    """A host with an ansible-core, and a repository with the collection and a playbook."""
    on_itself(gpu2, keepwarm_hosts="nowhere")  # refused; it brings ansible-core and the collection
    for name, module in (("ansible", "adhoc"), ("ansible-playbook", "playbook"), ("ansible-pull", "pull")):
        write(gpu2, f"/opt/controller/bin/{name}", COMMANDS.format(module=module), "0755")
    gpu2.run("chown -R root:root /opt/controller && chmod -R go-w /opt/controller")
    gpu2.run(f"git init --quiet --initial-branch=main {REPOSITORY} && cp -a /opt/collections {REPOSITORY}/collections")
    gpu2.run(f"chown -R root:root {REPOSITORY}")
    write(gpu2, f"{REPOSITORY}/site.yml", "- ansible.builtin.import_playbook: keepwarm.ollama.site")
    write(gpu2, f"{REPOSITORY}/inventory/hosts.yml", f"gpu_hosts:\n  hosts:\n    {gpu2.run('hostname').strip()}:")
    commit(gpu2, "[tiny-a]")


@pytest.fixture(scope="module")
def fleet_of_one(fleet: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {"gpu2": fleet["gpu2"]}


def test_a_repository_that_others_can_write_to_is_refused(repository: None, with_role: Role, gpu2: Machine, fleet_of_one: dict[str, Any]) -> None:
    gpu2.run(f"chmod o+w {REPOSITORY}")
    before = gpu2.state()
    outcome = with_role(fleet_of_one, **DECLARED)
    gpu2.run(f"chmod o-w {REPOSITORY}")
    assert outcome.messages["gpu2"].startswith(
        f"root is to run {REPOSITORY}, but {REPOSITORY} may be written to by others than root"
    ), outcome.output
    assert gpu2.state() == before


@pytest.fixture(scope="module")
def pulling(repository: None, with_role: Role, gpu2: Machine, fleet_of_one: dict[str, Any]) -> Outcome:
    assert with_role(fleet_of_one, "--check", **DECLARED).status == 0
    return with_role(fleet_of_one, **DECLARED)


def test_the_host_has_itself_as_the_repository_says(pulling: Outcome, gpu2: Machine) -> None:
    assert pulling.status == 0, pulling.output
    assert gpu2.run("systemctl is-active ollama-pull.timer").strip() == "active"
    said = turn(gpu2)
    assert said.startswith("success "), said
    assert {name: expiry > "2300" for name, expiry in gpu2.resident().items()} == {"tiny-a:latest": True}
    assert gpu2.run("stat --format='%U %a' /var/lib/ollama-pull").strip() == "root 700"


def test_a_commit_is_on_the_host_after_the_next_turn_and_a_turn_without_one_changes_nothing(pulling: Outcome, gpu2: Machine) -> None:
    commit(gpu2, "[tiny-a, embed]")
    said = turn(gpu2)
    assert said.startswith("success "), said
    assert set(gpu2.resident()) == {"tiny-a:latest", "embed:latest"}
    before = gpu2.server()
    assert " changed=0 " in turn(gpu2)
    assert gpu2.server() == before


def test_a_commit_that_is_refused_leaves_the_models_where_they_are_and_the_unit_failed(pulling: Outcome, gpu2: Machine) -> None:
    before = gpu2.server()
    commit(gpu2, "[tiny-a, nonsense]")
    said = turn(gpu2)
    assert said.startswith("exit-code ")
    assert "not warm: nonsense is not installed on the server" in said
    assert gpu2.server() == before
    commit(gpu2, "[tiny-a, embed]")
    assert turn(gpu2).startswith("success ")


def test_a_second_run_of_the_role_changes_nothing_and_absent_takes_it_away(
    pulling: Outcome, with_role: Role, gpu2: Machine, fleet_of_one: dict[str, Any]
) -> None:
    again = with_role(fleet_of_one, **DECLARED)
    assert (again.status, again.changed) == (0, []), again.output
    gone = with_role(fleet_of_one, ollama_pull_state="absent")
    assert gone.status == 0, gone.output
    assert gpu2.run("ls -d /etc/systemd/system/ollama-pull.* /var/lib/ollama-pull 2>/dev/null || true") == ""
    assert set(gpu2.resident()) == {"tiny-a:latest", "embed:latest"}
