# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of the agent's files: of each server its own settings, and nothing else."""

from __future__ import annotations

import json
import pathlib
import shlex
import subprocess
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.filter.agent_files import agent_files
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.parts import DROPINS, FEATURES, UNITS, wanted_templates
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._agent_summary import agent_summary
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._agent_texts import reachable
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._server_entries import server_entries

ROLE = pathlib.Path(__file__).parents[3] / "roles/ollama_warmup"
FLAT = {
    "url": "", "unit": "llm.service", "user": "warm", "python": "/opt/py/bin/python", "models": ["a"], "interval": "3m", "jitter": 7, "load_timeout": "10m",
    "ready_timeout": "2m", "gate_timeout": "1m", "metrics_directory": "/srv/textfiles",
}  # fmt: skip


def files(
    *instances: Any, systemd: int = 257, answers_at: str = "http://127.0.0.1:11434", in_container: bool = False, notify: bool = False, **settings: Any
) -> dict[str, Any]:
    flat = {**FLAT, **settings}
    found = server_entries(list(instances), "warmup", flat=flat, around={"unit": flat["unit"], "resident": flat["models"]})
    assert found["problems"] == []
    look = {"systemd": systemd, "servers": {one["name"]: {"url": one["url"] or answers_at, "container_network": in_container} for one in found["instances"]}}
    host = {"user": "warm", "python": "/opt/py/bin/python", "notify_urls": ["json://one.example"] if notify else [], "metrics_directory": "/srv/textfiles"}
    sources = {"ollama_warmup": str(ROLE / "files/agent/ollama_warmup")}
    return agent_files(found["instances"], look, str(ROLE / "templates"), sources, host)


def contents(**settings: Any) -> dict[str, str]:
    (server,) = files(**settings)["servers"]
    found: dict[str, str] = server["contents"]
    return found


def test_the_only_server_and_one_of_several_get_the_same_files_by_their_names() -> None:
    plain, (first, second) = (
        contents(),
        files({"name": "a", "port": 11435}, {"name": "b", "port": 11436, "warmup": {"interval": "2m", "watch": True}})["servers"],
    )
    assert list(first["contents"]) == list(plain)
    assert "ExecStart=/usr/local/bin/ollama-warmup --instance default run" in plain["ollama-warmup.service"]
    assert "ExecStart=/usr/local/bin/ollama-warmup --instance a run" in first["contents"]["ollama-warmup.service"]
    assert "OnUnitInactiveSec=180s" in first["contents"]["ollama-warmup.timer"]
    assert "OnUnitInactiveSec=120s" in second["contents"]["ollama-warmup.timer"]
    assert ("ollama-warmup-watch.service" in first["contents"], "ollama-warmup-watch.service" in second["contents"]) == (False, True)


def test_the_configuration_says_whose_server_it_is() -> None:
    (plain,), (given,), (one,) = (files(**settings)["servers"] for settings in ({}, {"url": "http://10.0.0.7:1"}, {}))
    assert json.loads(plain["configuration"])["follows_unit"] is True
    assert json.loads(given["configuration"])["follows_unit"] is False
    assert json.loads(files({"name": "a", "port": 11435})["servers"][0]["configuration"])["follows_unit"] is True
    assert one == plain
    assert plain["configuration"].startswith('{\n  "context_reloads": 3,\n')


def test_null_is_told_to_the_agent() -> None:
    assert json.loads(files(models=None)["servers"][0]["configuration"])["policy"]["models"] is None
    assert json.loads(files(models=[])["servers"][0]["configuration"])["policy"]["models"] == []


def test_every_template_of_the_table_is_there_and_none_besides() -> None:
    named = {key.replace("-gate-want", "-gate") for key in wanted_templates(FEATURES)} | {"ollama-warmup", "ollama-warmup.rules.yml", "grafana-provider.yml"}
    assert {path.stem for path in (ROLE / "templates").glob("*.j2")} == named
    assert len({row.key for row in UNITS} | set(DROPINS.values())) == len(wanted_templates(FEATURES))


@pytest.mark.parametrize(
    ("systemd", "line"), [(249, "OnSuccess=ollama-warm.target"), (247, "ExecStartPost=-!/bin/systemctl start --no-block ollama-warm.target")]
)
def test_an_older_systemd_gets_what_it_knows(systemd: int, line: str) -> None:
    text = contents(systemd=systemd)["ollama-warmup.service"].splitlines()
    assert [found for found in text if found.startswith(("OnSuccess=", "ExecStartPost="))] == [line]


@pytest.mark.parametrize(
    ("result", "status", "mark", "stops"),
    [
        ("success", "0", True, False),
        ("success", "0", False, True),  # an empty list
        ("success", "7", False, True),  # no list
        ("success", "5", False, False),  # on hold
        ("success", "75", False, False),
        ("success", "TERM", False, False),
        ("success", "", False, False),  # told to stop before its program began
        ("exec-condition", "0", False, False),  # skipped, should the status be that of the pass before
        ("exit-code", "1", False, False),
    ],
)
def test_a_pass_that_had_nothing_to_keep_stops_the_warm_target(tmp_path: pathlib.Path, result: str, status: str, mark: bool, stops: bool) -> None:
    """As systemd runs the line, but for its own "$$"."""
    (line,) = (found for found in contents()["ollama-warmup.service"].splitlines() if found.startswith("ExecStopPost=-!/bin/sh "))
    shell, _option, script, path, target = shlex.split(line.partition("-!")[2].replace("$$", "$"))
    assert (path, target) == ("/run/ollama-warmup/default/warm", "ollama-warm.target")
    if mark:
        (tmp_path / "warm").symlink_to("/proc/nobody")
    (tmp_path / "systemctl").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "systemctl").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SERVICE_RESULT": result, **({"EXIT_STATUS": status} if status else {})}
    done = subprocess.run([shell, "-c", script, tmp_path / "warm", target], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout == ("stop ollama-warm.target\n" if stops else "")


def test_both_modes_of_a_gate_have_their_units() -> None:
    found = contents(gates=[{"unit": "a.service"}, {"unit": "b.service", "mode": "want"}])
    assert "Requires=ollama-warm-gate.service" in found["50-ollama-warm-gate.conf"]
    assert "Wants=ollama-warm-gate-want.service" in found["50-ollama-warm-gate-want.conf"]
    assert "TimeoutStartSec=infinity" in found["ollama-warm-gate.service"]
    assert "wait --timeout 60\n" in found["ollama-warm-gate-want.service"]


def test_the_command_runs_the_interpreter_alone() -> None:
    assert files()["command"].startswith("#!/opt/py/bin/python -I\n# Ansible managed (keepwarm.ollama.ollama_warmup)\n")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:11434", ["localhost", "127.0.0.1"]),
        ("http://localhost:11434", ["localhost"]),
        ("http://[::1]:11434", ["localhost", "::1"]),
        ("http://192.168.1.7:11434", ["localhost", "192.168.1.7"]),
        ("http://[fd00::2]:11434", ["localhost", "fd00::2"]),
        ("http://[::ffff:10.0.0.7]:11434", ["localhost", "::ffff:10.0.0.7"]),
        ("http://gpu-1:11434", []),  # whatever that is resolved to, by a resolver somewhere
        ("http://127.gpu.example", []),
    ],
)
def test_the_agent_may_reach_its_server_and_no_other_machine(url: str, allowed: list[str]) -> None:
    assert reachable(url) == allowed
    assert (f"IPAddressAllow={' '.join(allowed)}\n" in contents(answers_at=url)["ollama-warmup.service"]) is bool(allowed)


def test_the_agent_may_reach_the_networks_of_containers_where_its_server_may_be_in_one() -> None:
    """The kernel puts the container's own address into a packet to the port that it is published at before systemd's filter sees it."""
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
    assert reachable("http://127.0.0.1:11434", in_containers=True) == ["localhost", "127.0.0.1", *private]
    assert reachable("http://gpu-1:11434", in_containers=True) == []
    for settings in ({"url": "http://127.0.0.1:11434"}, {"in_container": True}):
        assert f"IPAddressAllow=localhost 127.0.0.1 {' '.join(private)}\n" in contents(**settings)["ollama-warmup.service"]


def entry(name: str = "default", models: Any = ("a",)) -> dict[str, Any]:
    return {"name": name, "models": models}


def model(name: str, resident: Any = True) -> dict[str, Any]:
    return {"name": name, "resident": resident}


@pytest.mark.parametrize(
    ("entries", "given", "line"),
    [
        ([entry()], {"proven": {"default": [model("a"), model("b", False)]}, "written": 3}, "gpu1: warm (a). Wrote 3 files."),
        ([entry()], {"proven": {"default": [model("a")]}}, "gpu1: warm (a)."),
        ([entry()], {"proven": {"default": [model("a")]}, "predicted": True}, "gpu1: warm (a)."),
        ([entry()], {"proven": {"default": [model("a", None)]}, "written": 1, "predicted": True}, "gpu1: would be warm (a). Would write 1 file."),
        ([entry(models=[])], {"proven": {"default": []}}, "gpu1: nothing declared ([] in ollama_warmup_models): no model is kept in memory."),
        ([entry()], {}, "gpu1: not proven warm (ollama_warmup_prove is false)."),
        ([entry("x"), entry("y")], {"proven": {"x": [model("a")], "y": [model("b")]}}, "gpu1: x warm (a); y warm (b)."),
    ],
)
def test_one_line_says_what_the_role_came_to(entries: Any, given: Any, line: str) -> None:
    assert agent_summary(entries, "gpu1", **given) == line


@pytest.mark.parametrize("nothing", [None, ""])  # the latter is what a templated null is up to ansible-core 2.18
def test_where_nothing_is_declared_the_line_says_what_to_do(nothing: Any) -> None:
    line = agent_summary([entry(models=nothing)], "gpu1")
    assert line.startswith(
        "gpu1: no models are declared (ollama_warmup_models is null): the agent keeps nothing in memory, and the host does not count as warm."
    )
