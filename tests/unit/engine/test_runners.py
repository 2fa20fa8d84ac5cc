# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who lives, from /proc: made-up trees for every kind of host, and real processes for the truth of it."""

from __future__ import annotations

import os
import pathlib
import select
import signal
import subprocess
import sys

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import processes
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.processes import boot_id, living_runners, server_identity
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.sightings import RunnerProcess
from support.proc_tree import INIT, SERVE, UNIT, V2, A, B, Proc, llama_server, ollama_runner


@pytest.fixture
def proc(tmp_path: pathlib.Path) -> Proc:
    return Proc(tmp_path)


@pytest.mark.parametrize("inner", ["", "/runners"])
def test_the_kernels_count_of_what_it_killed_is_the_units(
    proc: Proc, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, inner: str
) -> None:
    group = tmp_path / "tree/system.slice/ollama.service"
    group.mkdir(parents=True)
    (group / "memory.events").write_text("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n")
    monkeypatch.setattr(processes, "_CONTROL_GROUPS", str(tmp_path / "tree"))
    proc.add(100, 1, SERVE, cgroup=f"0::/system.slice/ollama.service{inner}\n")
    runners = living_runners(UNIT, str(proc.root))
    assert runners is not None
    assert (runners.server, runners.oom_kills) == ("100-10000", 2)


def test_a_boot_of_the_host_has_a_name_where_the_kernel_gives_one(tmp_path: pathlib.Path) -> None:
    assert boot_id(str(tmp_path)) is None
    path = tmp_path / "sys/kernel/random/boot_id"
    path.parent.mkdir(parents=True)
    path.write_text("6f0c1d2e-0000-4000-8000-000000000001\n")
    assert boot_id(str(tmp_path)) == "6f0c1d2e-0000-4000-8000-000000000001"


@pytest.mark.parametrize("cgroup", [V2, "4:memory:/system.slice/ollama.service\n1:name=systemd:/system.slice/ollama.service\n"])
def test_a_kernel_that_tells_of_no_kills_has_made_none(proc: Proc, cgroup: str) -> None:
    proc.add(100, 1, SERVE, cgroup=cgroup)
    runners = living_runners(UNIT, str(proc.root))
    assert runners is not None
    assert runners.oom_kills == 0


@pytest.mark.parametrize("command", [llama_server, ollama_runner])
def test_a_child_that_names_the_weights_is_their_runner(proc: Proc, command: object) -> None:
    proc.add(100, 1, SERVE)
    proc.add(101, 100, command(A))  # type: ignore[operator]
    assert proc.alive(A) is True
    assert proc.alive(B) is False


def test_an_idle_server_has_no_runner(proc: Proc) -> None:
    proc.add(100, 1, SERVE)
    assert proc.alive(A) is False


def test_a_runner_is_told_with_its_state_its_cpu_time_and_its_start(proc: Proc) -> None:
    """The order of the fields is that of proc(5)."""
    proc.add(100, 1, SERVE)
    proc.add(101, 100, llama_server(A), state="D", cpu=(40, 2))
    runners = living_runners(UNIT, str(proc.root))
    assert runners is not None
    assert runners.processes == (RunnerProcess("101-10100", A, "D", 42, 10100 / os.sysconf("SC_CLK_TCK")),)


def test_a_zombie_is_dead(proc: Proc) -> None:
    proc.add(100, 1, SERVE)
    proc.add(101, 100, llama_server(A), state="Z")
    proc.add(102, 100, llama_server(B))
    assert (proc.alive(A), proc.alive(B)) == (False, True)


def test_a_process_that_is_being_reaped_is_dead(proc: Proc) -> None:
    proc.add(100, 1, SERVE)
    proc.add(101, 100, llama_server(A), state="X")
    assert proc.alive(A) is False


def test_a_process_that_vanishes_while_it_is_looked_at_is_dead(proc: Proc) -> None:
    proc.add(100, 1, SERVE)
    for pid, gone in ((101, "stat"), (102, "cmdline")):
        proc.add(pid, 100, llama_server(A))
        (proc.root / str(pid) / gone).unlink()
    assert proc.alive(A) is False


def test_a_child_of_an_unknown_kind_makes_the_others_unknown_but_not_the_living(proc: Proc) -> None:
    """A GPU discovery of 0.24 has the form of a runner without a model; a later engine may have a form of its own."""
    proc.add(100, 1, SERVE)
    proc.add(101, 100, llama_server(A))
    proc.add(102, 100, ("/usr/local/bin/ollama", "runner", "--ollama-engine", "--port", "40002"))
    assert (proc.alive(A), proc.alive(B)) == (True, None)


def test_weights_that_are_named_by_another_option_are_not_the_models(proc: Proc) -> None:
    proc.add(100, 1, SERVE)
    proc.add(101, 100, ("llama-server", "--mmproj", f"/m/blobs/sha256-{B}", "--model", f"/m/blobs/sha256-{A}"))
    assert (proc.alive(A), proc.alive(B)) == (True, False)


def test_a_name_with_spaces_and_parentheses_does_not_confuse(proc: Proc) -> None:
    proc.add(100, 1, SERVE, name="ollama serve) S (x")
    proc.add(101, 100, llama_server(A), name="llama) R 7 (")
    assert proc.alive(A) is True
    assert server_identity(UNIT, str(proc.root)) == "100-10000"


def test_bytes_that_are_no_text_do_not_confuse(proc: Proc) -> None:
    proc.add(100, 1, SERVE)
    proc.add(101, 100, llama_server(A))
    with (proc.root / "101" / "cmdline").open("ab") as file:
        file.write(b"\xff\xfe\0")
    assert proc.alive(A) is True


@pytest.mark.parametrize(
    ("init", "unit_path"),
    [
        pytest.param(INIT, V2, id="unified hierarchy"),
        pytest.param(
            "12:pids:/init.scope\n1:name=systemd:/init.scope\n0::/init.scope\n",
            "12:pids:/system.slice/ollama.service\n1:name=systemd:/system.slice/ollama.service\n0::/system.slice/ollama.service\n",
            id="hybrid hierarchies",
        ),
        pytest.param("1:name=systemd:/init.scope\n", "3:cpu,cpuacct:/\n1:name=systemd:/system.slice/ollama.service\n", id="legacy hierarchies"),
        pytest.param(INIT, "0::/gpu.slice/gpu-models.slice/ollama.service\n", id="in a slice of one's own"),
        pytest.param(INIT, "0::/system.slice/ollama.service/runner\n", id="in a group below the unit"),
        pytest.param(
            "0::/machine.slice/libpod-1f.scope/container/init.scope\n",
            "0::/machine.slice/libpod-1f.scope/container/system.slice/ollama.service\n",
            id="a systemd that shares the host's view",
        ),
    ],
)
def test_every_layout_of_control_groups(tmp_path: pathlib.Path, init: str, unit_path: str) -> None:
    proc = Proc(tmp_path, init)
    proc.add(100, 1, SERVE, cgroup=unit_path)
    proc.add(101, 100, llama_server(A), cgroup=unit_path)
    assert (proc.alive(A), proc.alive(B)) == (True, False)


@pytest.mark.parametrize(
    "path",
    [
        "/system.slice/other.service",
        "/system.slice/my-ollama.service",
        "/system.slice/ollama.service.d",
        "/user.slice/user-1000.slice/user@1000.service/app.slice/ollama.service",  # a person's own unit of that name
        "/machine.slice/libpod-1f.scope/container/system.slice/ollama.service",  # another system's, in a container
        "/docker/0123/system.slice/ollama.service",
        "/",
        "",
    ],
)
def test_another_units_processes_are_not_ours_to_judge(proc: Proc, path: str) -> None:
    proc.add(100, 1, SERVE, cgroup=f"0::{path}\n")
    proc.add(101, 100, llama_server(A), cgroup=f"0::{path}\n")
    assert proc.alive(A) is None
    assert server_identity(UNIT, str(proc.root)) is None


def test_instances_are_units_of_their_own(proc: Proc) -> None:
    for pid, instance, blob in ((100, "left", A), (200, "right", B)):
        cgroup = f"0::/system.slice/system-ollama.slice/ollama@{instance}.service\n"
        proc.add(pid, 1, SERVE, cgroup=cgroup)
        proc.add(pid + 1, pid, llama_server(blob), cgroup=cgroup)
    assert (proc.alive(A, "ollama@left.service"), proc.alive(B, "ollama@left.service")) == (True, False)
    assert (proc.alive(A, "ollama@right.service"), proc.alive(B, "ollama@right.service")) == (False, True)


def test_a_wrapper_around_a_server_that_runs_elsewhere_tells_nothing(proc: Proc) -> None:
    proc.add(100, 1, ("/usr/bin/podman", "run", "--name", "ollama", "registry.example.org/ollama/ollama"))
    assert proc.alive(A) is None


def test_an_engine_is_no_server_whatever_it_was_told_to_run(proc: Proc) -> None:
    proc.add(100, 1, ("/usr/bin/docker", "run", "--rm", "ollama/ollama", "serve"))
    assert proc.alive(A) is None


@pytest.mark.parametrize(
    "above",
    [
        pytest.param(("/bin/sh", "/usr/local/bin/start-ollama"), id="a script"),
        pytest.param(("/usr/bin/conmon", "--api-version", "1", "-c", "f" * 64), id="an engine that keeps the container within the unit"),
        pytest.param(("/usr/bin/catatonit", "--", "/bin/ollama", "serve"), id="an init that was told to start it"),
    ],
)
def test_a_server_below_the_units_main_process_is_found(proc: Proc, above: tuple[str, ...]) -> None:
    proc.add(100, 1, above)
    proc.add(101, 100, SERVE)
    proc.add(102, 101, llama_server(A))
    proc.add(103, 100, ("/bin/sh", "-c", "ollama ps"))
    assert (proc.alive(A), proc.alive(B)) == (True, False)
    assert server_identity(UNIT, str(proc.root)) == "101-10100"


@pytest.mark.parametrize("above", [pytest.param((), id="the main process"), pytest.param(("/bin/sh", "/usr/local/bin/start-ollama"), id="below a script")])
def test_what_a_server_has_just_forked_is_no_server(proc: Proc, above: tuple[str, ...]) -> None:
    """Until it becomes a runner it has the server's own command line; whose runner it will be is not told yet."""
    if above:
        proc.add(99, 1, above)
    proc.add(100, 99 if above else 1, SERVE)
    proc.add(101, 100, llama_server(A))
    proc.add(102, 100, SERVE)
    assert (proc.alive(A), proc.alive(B)) == (True, None)
    assert server_identity(UNIT, str(proc.root)) == "100-10000"


def test_two_servers_in_one_unit_tell_nothing(proc: Proc) -> None:
    proc.add(100, 1, ("/bin/sh", "/usr/local/bin/start-both"))
    for pid in (101, 102):
        proc.add(pid, 100, SERVE)
    assert proc.alive(A) is None


def test_children_without_a_server_tell_nothing(proc: Proc) -> None:
    proc.add(101, 1, llama_server(A))
    assert proc.alive(A) is None


def test_a_host_without_the_unit_tells_nothing(proc: Proc) -> None:
    assert living_runners(UNIT, str(proc.root)) is None
    assert server_identity(UNIT, str(proc.root)) is None


@pytest.mark.parametrize("init", [None, "0::/\n", "", "garbage"])
def test_a_host_without_systemd_tells_nothing(tmp_path: pathlib.Path, init: str | None) -> None:
    proc = Proc(tmp_path, init)
    proc.add(100, 50, SERVE)
    assert living_runners(UNIT, str(tmp_path)) is None


def test_a_host_without_proc_tells_nothing(tmp_path: pathlib.Path) -> None:
    assert living_runners(UNIT, str(tmp_path / "none")) is None
    assert server_identity(UNIT, str(tmp_path / "none")) is None


def test_a_unit_without_a_blob_is_unknown(proc: Proc) -> None:
    proc.add(100, 1, SERVE)
    runners = living_runners(UNIT, str(proc.root))
    assert runners is not None
    assert runners.alive(None) is None


def test_every_start_of_the_server_has_an_identity_of_its_own(proc: Proc) -> None:
    proc.add(100, 1, SERVE)
    proc.add(101, 100, llama_server(A))
    first = server_identity(UNIT, str(proc.root))
    proc.add(90, 1, SERVE)
    for pid in ("100", "101"):
        (proc.root / pid / "cmdline").unlink()
    assert (first, server_identity(UNIT, str(proc.root))) == ("100-10000", "90-9000")


# It tells its number itself: right after a start the kernel may not show the command line yet.
CHILD = "import os; print(os.getpid(), flush=True); os.read(0, 1)"
PARENT = f"""
import subprocess, sys
child = subprocess.Popen(["./llama-server", "-c", {CHILD!r}, "--model", "/m/blobs/sha256-{A}"], stdin=subprocess.PIPE)
sys.stdin.read()
child.kill()
child.wait()
"""


def test_a_real_child_lives_until_it_is_killed(tmp_path: pathlib.Path) -> None:
    """The processes are real; only their control group is made up."""
    for program in ("ollama", "llama-server"):
        (tmp_path / program).symlink_to(sys.executable)
    (tmp_path / "serve").write_text(PARENT)
    proc = Proc(tmp_path / "proc")
    server = subprocess.Popen(["./ollama", "serve"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with server:
        assert server.stdin and server.stdout
        child = int(server.stdout.readline())
        for pid in (server.pid, child):
            (proc.root / str(pid)).mkdir()
            (proc.root / str(pid) / "cgroup").write_text(V2)
            for name in ("stat", "cmdline"):
                (proc.root / str(pid) / name).symlink_to(f"/proc/{pid}/{name}")
        assert (proc.alive(A), proc.alive(B)) == (True, False)

        watched = os.pidfd_open(child)
        os.kill(child, signal.SIGKILL)
        wait_for_end(watched)
        assert proc.alive(A) is False
        server.stdin.close()


def wait_for_end(watched: int) -> None:
    """Until the process is a zombie, which its parent has not reaped."""
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.poll()
    os.close(watched)
