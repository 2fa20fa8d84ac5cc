# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that take away, through their real entry points, on a host in a folder: check mode, run, run again."""

from __future__ import annotations

import functools
import os
import pathlib
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent import on_host as agent
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent import removal as agent_removal
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import below
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal import give_back, server
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import Executor
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_agent, ollama_release, ollama_units
from support.ansible_module import Entrance
from support.removal_host import Host

UNITS = "/etc/systemd/system"
OURS = {"warmup": f"# {agent.MARK}\n", "server": f"# ({server.MARK}\n"}


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """The only host that the modules reach."""
    made = Host(tmp_path / "host")
    monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, command: made.run(command))
    monkeypatch.setattr(agent, "look", functools.partial(agent.look, root=made.root))
    monkeypatch.setattr(agent_removal, "Executor", functools.partial(Executor, root=made.root))
    for module in (ollama_units, ollama_release):
        monkeypatch.setattr(module, "ROOT", made.root)
    monkeypatch.setattr(agent_removal, "read_kept", lambda path, release: give_back.read_kept(below(made.root, path), release))
    return made


@pytest.fixture
def entrance(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> Entrance:
    given = {"role": "ollama_server"} if request.param is ollama_units else {}
    state = "purged" if request.param is ollama_release else "absent"
    return Entrance(request.param.main, monkeypatch, capsys, tmp_path, state=state, **given)


def thrice(entrance: Entrance, host: Host, **options: Any) -> dict[str, Any]:
    """The run's result; the prediction must be the same but for nothing, and a second run must find nothing."""
    before = host.files()
    expected = entrance.succeed(check=True, diff=True, **options)
    assert (host.files(), host.calls) == (before, [])
    done = entrance.succeed(diff=True, **options)
    assert {**done, "invocation": None} == {**expected, "invocation": None}
    again = entrance.succeed(diff=True, **options)
    assert (again["changed"], again["steps"], again["diff"]) == (False, [], {"before": "", "after": ""})
    return done


@pytest.mark.parametrize("entrance", [ollama_agent], indirect=True)
def test_the_agent(entrance: Entrance, host: Host) -> None:
    host.unit("ollama-warmup.timer", OURS["warmup"], wanted_by="timers.target")
    host.unit("ollama-warmup.service", OURS["warmup"], "failed")
    host.write(f"{UNITS}/ollama-warmup.service.d/mine.conf")
    host.write("/etc/ollama-warmup/default.json", '{"managed_by": "keepwarm.ollama.ollama_warmup", "policy": {"models": []}}')
    done = thrice(entrance, host)
    assert done["changed"] and done["left"] == [f"{UNITS}/ollama-warmup.service.d/mine.conf"]
    assert (done["steps"][0], done["steps"][-1]) == ("stop ollama-warmup.timer", "reset-failed ollama-warmup.service")
    assert "default.json does not tell which models it keeps in memory" in done["warnings"][0]
    assert "ollama-warmup.service: failed" in done["diff"]["before"].splitlines()


@pytest.mark.parametrize("entrance", [ollama_agent], indirect=True)
@pytest.mark.parametrize("end", ["inactive", "failed"])
def test_a_pass_that_ends_starts_nothing_that_stays(entrance: Entrance, host: Host, end: str) -> None:
    host.unit("ollama-warmup.service", OURS["warmup"], "activating")
    host.unit("ollama-warm.target", OURS["warmup"], "inactive")
    host.succeeded, host.ends = {"ollama-warmup.service": "ollama-warm.target"}, {"ollama-warmup.service": end}
    done = thrice(entrance, host)
    assert done["steps"][0] == "stop ollama-warmup.service"
    assert host.memory == {}


@pytest.mark.parametrize("entrance", [ollama_agent], indirect=True)
def test_a_pass_that_the_timer_began_before_it_was_stopped_starts_nothing_that_stays(entrance: Entrance, host: Host) -> None:
    host.unit("ollama-warmup.timer", OURS["warmup"])
    host.unit("ollama-warmup.service", OURS["warmup"], "inactive")
    host.unit("ollama-warm.target", OURS["warmup"])
    host.elapsed, host.succeeded = {"ollama-warmup.timer": "ollama-warmup.service"}, {"ollama-warmup.service": "ollama-warm.target"}
    thrice(entrance, host)
    assert host.elapsed == host.succeeded == host.memory == {}


@pytest.mark.parametrize("entrance", [ollama_agent], indirect=True)
def test_what_systemd_refuses_is_one_sentence(entrance: Entrance, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.unit("ollama-warmup.timer", OURS["warmup"])
    answer = host.run
    monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, command: (1, "", "no\nbus\n") if "stop" in command else answer(command))
    assert entrance.fail() == "systemctl stop -- ollama-warmup.timer failed: no bus"


@pytest.mark.parametrize("entrance", [ollama_units], indirect=True)
def test_the_settings_of_a_server(entrance: Entrance, host: Host) -> None:
    host.unit("ollama.service", f"{OURS['server']}ReadWritePaths=/srv/models\n", wanted_by="multi-user.target")
    host.unit("ollama-b.service", "[Service]\n")
    host.write(f"{UNITS}/ollama-b.service.d/zz-keepwarm.conf", OURS["server"])
    done = thrice(entrance, host)
    assert (done["kept"], done["restored"], done["ended"], done["folders"]) == (["ollama-b.service"], [], ["ollama.service"], ["/srv/models"])
    assert done["steps"][-1] == "daemon-reload"


@pytest.mark.parametrize("entrance", [ollama_units], indirect=True)
def test_the_failure_of_a_server_of_ours_is_forgotten(entrance: Entrance, host: Host) -> None:
    host.unit("ollama.service", OURS["server"], "failed")
    assert thrice(entrance, host)["steps"][-1] == "reset-failed ollama.service"


@pytest.mark.parametrize("entrance", [ollama_release], indirect=True)
@pytest.mark.parametrize("purge", [False, True])
def test_the_files_of_a_server(entrance: Entrance, host: Host, purge: bool) -> None:
    host.account("ollama", os.getuid(), server.ACCOUNT, "/var/lib/ollama")
    host.release()
    host.write("/srv/models/blobs/sha256-a")
    done = thrice(entrance, host, folders=["/srv/models/"], purge_models=purge)
    assert done["left"] == ([] if purge else ["/srv/models", "user ollama"])
    assert ("remove user ollama" in done["steps"]) is purge
    assert "remove release /opt/ollama/0.32.15" in done["steps"]


@pytest.mark.parametrize("entrance", [ollama_release], indirect=True)
def test_a_version_that_was_left_out_removes_nothing(entrance: Entrance, host: Host) -> None:
    host.release()
    before = host.files()
    assert entrance.fail(state="absent") == "state is absent but all of the following are missing: version"
    assert host.files() == before


@pytest.mark.parametrize("module", [ollama_units, ollama_release])
def test_the_server_s_removal_does_not_take_the_engine_along(module: ModuleType) -> None:
    imported = f"import sys, {module.__name__}; print([name for name in sys.modules if '_residency' in name])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", imported], env=environment, capture_output=True, text=True, check=True).stdout == "[]\n"
