# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host runs on itself, as root: nothing that a shell, systemd or somebody on the way could make another thing of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._pull import pull_settings
from support.role_tasks import holds, names, task, value

GOOD: dict[str, Any] = {
    "repository": "https://git.example.org/fleet.git", "version": "main", "verify_commit": False, "playbook": "site.yml", "inventory": "",
    "interval": "30m", "jitter": "10m", "timeout": "4h", "program": "/opt/ansible/bin/ansible-pull", "checkout": "/var/lib/ollama-pull/checkout",
}  # fmt: skip
ROLE = "ollama_pull"


@pytest.mark.parametrize(
    "repository",
    ["https://git.example.org/fleet.git", "ssh://git@git.example.org:2222/fleet", "git@git.example.org:team/fleet.git", "/srv/fleet", "file:///srv/fleet"],
)
def test_these_are_repositories(repository: str) -> None:
    found = pull_settings({**GOOD, "repository": repository})
    assert found["problems"] == []
    assert found["command"][:3] == ["/opt/ansible/bin/ansible-pull", "--url", repository]


def test_without_an_inventory_the_host_is_localhost() -> None:
    assert pull_settings(GOOD)["command"][-5:] == ["--inventory", "localhost,", "--extra-vars", "keepwarm_hosts=localhost", "site.yml"]
    with_one = pull_settings({**GOOD, "inventory": "inventory/hosts.yml", "verify_commit": True})["command"]
    assert with_one[-4:] == ["--verify-commit", "--inventory", "/var/lib/ollama-pull/checkout/inventory/hosts.yml", "site.yml"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"repository": ""}, "ollama_pull_repository is '', not the address of a git repository, such as https://git.example.org/fleet.git"),
        ({"repository": "https://git/fleet;reboot"}, "ollama_pull_repository is 'https://git/fleet;reboot', not the address"),
        ({"repository": "-x@git:fleet"}, "ollama_pull_repository is '-x@git:fleet', not the address"),
        ({"repository": "ssh://-x/fleet"}, "ollama_pull_repository is 'ssh://-x/fleet', not the address"),
        ({"repository": "file://srv/fleet"}, "ollama_pull_repository is 'file://srv/fleet', not the address"),
        ({"repository": "ext::sh -c reboot"}, "ollama_pull_repository is 'ext::sh -c reboot', not the address"),
        ({"repository": "http://git/fleet"}, "ollama_pull_repository 'http://git/fleet' can be answered by anybody on the way, who would be root on this host"),
        ({"repository": "git://git/fleet"}, "ollama_pull_repository 'git://git/fleet' can be answered by anybody on the way"),
        ({"version": "--upload-pack=x"}, "ollama_pull_version is '--upload-pack=x', not a branch, a tag or a commit"),
        ({"version": "a b"}, "ollama_pull_version is 'a b', not a branch"),
        ({"playbook": "../site.yml"}, "ollama_pull_playbook is '../site.yml', not the path of a playbook in the repository"),
        ({"playbook": "--purge"}, "ollama_pull_playbook is '--purge', not the path of a playbook in the repository"),
        ({"playbook": "/etc/site.yml"}, "ollama_pull_playbook is '/etc/site.yml', not the path"),
        ({"inventory": "$(reboot)"}, "ollama_pull_inventory is '$(reboot)', not the path of an inventory in the repository"),
        ({"inventory": "a/../../b"}, "ollama_pull_inventory is 'a/../../b', not the path"),
        ({"interval": "often"}, "ollama_pull_interval is 'often', not a length of time: give one such as 30m"),
        ({"jitter": 10}, "ollama_pull_jitter is 10, not a length of time"),
        ({"timeout": "0s"}, "ollama_pull_timeout is '0s', not a length of time"),
        ({"program": "ansible-pull"}, "ollama_pull_program is 'ansible-pull', not the path of ansible-pull"),
        ({"program": "/opt/%i/ansible-pull"}, "ollama_pull_program is '/opt/%i/ansible-pull', not the path"),
    ],
)
def test_what_is_refused_is_said_in_one_sentence(changed: dict[str, Any], sentence: str) -> None:
    (problem,) = pull_settings({**GOOD, **changed})["problems"]
    assert problem.startswith(sentence)


def test_signed_commits_may_come_by_any_way() -> None:
    assert pull_settings({**GOOD, "repository": "git://git/fleet", "verify_commit": True})["problems"] == []


@pytest.mark.parametrize("repository", ["https://me:hunter2@git/fleet", "https://:hunter2@git/fleet", "https://me:hunter2$@git/fleet"])
def test_no_sentence_shows_a_password(repository: str) -> None:
    (problem,) = pull_settings({**GOOD, "repository": repository})["problems"]
    assert problem.startswith("ollama_pull_repository has a password in it, which every user of the host could read")
    assert "hunter2" not in problem


def test_the_commands_and_a_repository_of_the_host_have_to_be_root_s() -> None:
    owned = [f"/opt/ansible/bin/{name}" for name in ("ansible-pull", "ansible", "ansible-playbook", "python3")]
    assert pull_settings(GOOD)["owned"] == owned
    for repository in ("/srv/fleet", "file:///srv/fleet"):
        assert pull_settings({**GOOD, "repository": repository})["owned"] == [*owned, "/srv/fleet", "/srv/fleet/.git"]


def test_who_could_change_what_root_runs_is_asked_before_it_is_run() -> None:
    asked = names(ROLE, "main.yml")
    assert asked.index("Refuse what others than root can write to") < asked.index("Ask which Ansible it is, and whether there is git")
    refused = task(ROLE, "main.yml", "Refuse what others than root can write to")["keepwarm.ollama.ollama_units"]
    assert refused == {"role": ROLE, "root_only": "{{ __ollama_pull_settings.owned }}"}


@pytest.mark.parametrize(
    ("said", "version", "fits"),
    [
        ("git version 2.47.3\nansible-pull [core 2.21.1]\n", "2.21", True),
        ("git version 2.47.3\nansible-pull [core 2.17.0]\n", "2.17", True),
        ("git version 2.39.5\nansible-pull [core 2.14.18]\n", "2.14", False),
        ("", "0", False),
    ],
)
def test_an_ansible_that_does_not_do_is_told_from_one_that_does(said: str, version: str, fits: bool) -> None:
    given = {"__ollama_pull_version_said": {"stdout": said, "stderr": ""}}
    assert str(value(ROLE, "{{ __ollama_pull_ansible }}", **given)) == version
    judge = task(ROLE, "main.yml", "Refuse a host whose Ansible or git does not do")["ansible.builtin.assert"]["that"]
    assert holds(ROLE, judge, **given) is fits
