# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent's removal takes away, in which order, and what it leaves."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent import on_host as agent
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import Executor, Step
from support.removal_host import Host

UNITS = "/etc/systemd/system"
OURS = f"# Ansible managed {agent.MARK}\n[Unit]\n"
ROLE = pathlib.Path(__file__).parents[3] / "roles/ollama_warmup"
INSTANCES = {"": "default", "@b": "b"}


def install(host: Host) -> None:
    """Two instances with all features."""
    for suffix, name in INSTANCES.items():
        for kind, wanted_by in (("service", "ollama.service"), ("timer", "timers.target")):
            host.unit(f"ollama-warmup{suffix}.{kind}", OURS, "active" if kind == "timer" else "inactive", wanted_by)
        host.unit(f"ollama-warmup-wake{suffix}.path", OURS, wanted_by="paths.target")
        host.unit(f"ollama-warm-gate{suffix}.service", OURS, "activating")
        host.unit(f"ollama-warm{suffix}.target", OURS)
        host.write(f"{UNITS}/my-api.service.d/50-ollama-warm-gate{suffix}.conf", OURS)
        host.write(f"/etc/ollama-warmup/{name}.json", f'{{"managed_by": "keepwarm.ollama.ollama_warmup", "metrics": {{"textfile_directory": "/srv/{name}"}}}}')
        host.write(f"/etc/ollama-warmup/{name}.notify-urls", f"{OURS}json://secret")
        host.write(f"/var/cache/ollama-warmup/{name}/metrics.prom")
        host.link(f"/srv/{name}/ollama-warmup-{name}.prom", f"/var/cache/ollama-warmup/{name}/metrics.prom")
        host.write(f"/var/lib/ollama-warmup/{name}/state.json")
        host.write(f"/run/ollama-warmup/{name}/warm")
        host.write(f"/var/lib/private/ollama-warmup-notify{suffix}/sent")
        host.link(f"/var/lib/ollama-warmup-notify{suffix}", f"private/ollama-warmup-notify{suffix}")
    host.write("/usr/local/bin/ollama-warmup", f"#!/usr/bin/python3 -I\n{OURS}")
    host.write("/usr/local/lib/ollama-warmup/abc/ollama_warmup/cli.py")
    host.link("/usr/local/lib/ollama-warmup/current", "abc")
    host.account("ollama-warmup", 990, agent.ACCOUNT, "/nonexistent")


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    """With what others have there, some of it named much as ours."""
    made = Host(tmp_path)
    made.unit("my-api.service", "[Service]\n")
    made.write(f"{UNITS}/my-api.service.d/override.conf", "[Service]\n")
    made.unit("ollama.service", "[Service]\n", wanted_by="multi-user.target")
    made.unit("ollama-warmup-mine.service", "[Service]\n", wanted_by="ollama.service")
    made.write(f"{UNITS}/copy-of-ollama-warmup.service.bak", OURS)
    made.unit("ssh.service", "[Service]\n", "failed")
    for folder in ("/srv/default", "/srv/b"):
        made.write(f"{folder}/others.prom")
    made.write("/usr/local/bin/others")
    made.write("/usr/local/lib/others")
    for folder in ("/var/cache", "/var/lib/private", "/run", "/etc/systemd/system/timers.target.wants"):
        made.write(f"{folder}/others")
    return made


def look(host: Host) -> agent.Agent:
    return agent.look(host.run, "", host.root)


def steps_of(found: agent.Agent, names: list[str]) -> list[list[Step]]:
    return [found.release_gates(), found.stop(), found.remove(), found.units.forget(names), found.remove_accounts()]


def remove(host: Host, until: int = 5) -> list[Step]:
    """As the module does it: each of the five parts from what the one before has left."""
    executor, done = Executor(host.run, host.root), []
    names = [unit.name for unit in look(host).units.units]
    for part in range(until):
        steps = steps_of(look(host), names)[part]
        executor.carry_out(steps)
        done += steps
    return done


def predicted(host: Host) -> set[Step]:
    found = look(host)
    return {step for part in steps_of(found, [unit.name for unit in found.units.units]) for step in part}


def test_all_instances_go_and_nothing_else(host: Host) -> None:
    before = (host.files(), dict(host.memory), host.text("/etc/passwd"), host.text("/etc/group"))
    install(host)
    expected = predicted(host)
    done = remove(host)
    assert (host.files(), host.memory, host.text("/etc/passwd"), host.text("/etc/group")) == before
    assert set(done) == expected
    host.calls.clear()
    assert (remove(host), host.calls) == ([], [])


def test_a_host_without_an_agent_is_left_alone(host: Host) -> None:
    assert remove(host) == []


def test_the_order(host: Host) -> None:
    install(host)
    done = [str(step) for step in remove(host)]
    gated, stopped = done.index(f"remove {UNITS}/my-api.service.d/50-ollama-warm-gate.conf"), done.index("remove /usr/local/bin/ollama-warmup")
    assert gated < done.index("daemon-reload") < done.index("stop ollama-warm-gate.service ollama-warm-gate@b.service")
    triggers = "stop ollama-warmup-wake.path ollama-warmup-wake@b.path ollama-warmup.timer ollama-warmup@b.timer"
    assert done.index(triggers) < done.index("stop ollama-warm.target ollama-warm@b.target") < done.index(f"remove {UNITS}/ollama-warmup.timer") < stopped
    assert done[-2:] == ["remove user ollama-warmup", "remove group ollama-warmup"]
    assert [call for call in host.calls if call.endswith("daemon-reload")] == ["systemctl daemon-reload"] * 2


@pytest.mark.parametrize("until", range(1, 5))
def test_an_interrupted_removal_is_taken_up(host: Host, until: int) -> None:
    before = (host.files(), dict(host.memory))
    install(host)
    remove(host, until)
    remove(host)
    assert (host.files(), host.memory) == before


def test_what_was_removed_by_hand_is_missed_by_nobody(host: Host) -> None:
    before = (host.files(), dict(host.memory))
    install(host)
    for gone in ("ollama-warmup.timer", "ollama-warm-gate.service", "my-api.service.d/50-ollama-warm-gate.conf", "ollama-warmup-wake@b.path"):
        host.lose(f"{UNITS}/{gone}")
    host.lose("/etc/ollama-warmup/default.json")
    host.lose("/srv/default/ollama-warmup-default.prom")
    remove(host)
    assert (host.files(), host.memory) == before


def test_a_link_to_metrics_that_no_configuration_tells_of(host: Host) -> None:
    install(host)
    host.lose("/etc/ollama-warmup/default.json")
    found = agent.look(host.run, "/srv/default", host.root)
    assert Step("remove", "/srv/default/ollama-warmup-default.prom") in found.remove()
    host.lose("/srv/default/ollama-warmup-default.prom")
    host.link("/srv/default/ollama-warmup-default.prom", "/elsewhere")
    assert Step("remove", "/srv/default/ollama-warmup-default.prom") not in found.remove()


def test_systemd_is_told_of_a_gate_that_was_removed_before(host: Host) -> None:
    host.loaded("my-api.service", f"{UNITS}/my-api.service", dropins=[f"{UNITS}/my-api.service.d/50-ollama-warm-gate.conf"])
    assert [str(step) for step in remove(host)] == ["daemon-reload"]
    assert remove(host) == []


def test_failures_are_forgotten_of_ours_alone(host: Host) -> None:
    install(host)
    host.loaded("ollama-warmup.service", f"{UNITS}/ollama-warmup.service", "failed")
    remove(host)
    assert [call for call in host.calls if "reset-failed" in call] == ["systemctl reset-failed -- ollama-warmup.service"]
    assert host.memory["ssh.service"].active_state == "failed"


def test_what_others_put_among_ours_stays_and_is_named(host: Host) -> None:
    install(host)
    theirs = [f"{UNITS}/ollama-warmup.service.d/override.conf", "/etc/ollama-warmup/notes.txt"]
    for path in theirs:
        host.write(path)
    assert look(host).left() == sorted(theirs)
    remove(host)
    assert set(theirs) <= host.files()
    assert look(host).left() == ["/etc/ollama-warmup/notes.txt"]


def test_a_user_of_another_s_making_stays(host: Host) -> None:
    host.account("ollama-warmup", 990, "somebody else's", "/nonexistent")
    assert remove(host) == []


def test_a_group_that_others_are_in_stays(host: Host) -> None:
    host.account("ollama-warmup", 990, agent.ACCOUNT, "/nonexistent", members="mail")
    assert [str(step) for step in remove(host)] == ["remove user ollama-warmup"]


def test_the_mark_is_in_every_template_of_a_unit() -> None:
    kinds = ("service", "timer", "path", "target", "conf")
    templates = [path for path in (ROLE / "templates").glob("*.j2") if path.stem.endswith(kinds)]
    assert len(templates) >= 10
    assert [path.name for path in templates if agent.MARK not in path.read_text().splitlines()[0]] == []
