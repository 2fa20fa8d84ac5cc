# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers in containers, from /proc: made-up trees in the shapes that engines give them, and connections that arrive in one of them."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import containers, processes
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.containers import container_server_at, container_server_of
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.processes import living_runners, processes_of_start, server_processes
from support.proc_tree import UNIT, A, B, Proc, established, listening, llama_server

ONE, TWO, OUTER = "1f" * 32, "2e" * 32, "0d" * 32
URL = "http://127.0.0.1:11434"
IN_CONTAINER = ("/bin/ollama", "serve")
SHIM = ("/usr/bin/containerd-shim-runc-v2", "-namespace", "moby", "-id", ONE, "-address", "/run/containerd/containerd.sock")
PROXY = (
    "/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip", "127.0.0.1", "-host-port", "11434", "-container-ip", "172.17.0.2", "-container-port", "11434",
)  # fmt: skip
CONMON = ("/usr/bin/conmon", "--api-version", "1", "-c", ONE, "-u", ONE, "-r", "/usr/bin/crun", "-n", "ollama", "--exit-command-arg", "rm")
ROOTLESS = "0::/user.slice/user-1000.slice/user@1000.service/user.slice"
Arrive = Callable[[str, int], "AbstractContextManager[None]"]


def docker(proc: Proc) -> None:
    """Docker's bridge with its proxy; the daemon's driver of control groups is systemd."""
    group = f"0::/system.slice/docker-{ONE}.scope\n"
    proc.add(50, 1, ("/usr/bin/dockerd",), cgroup="0::/system.slice/docker.service\n")
    proc.add(60, 50, PROXY, cgroup="0::/system.slice/docker.service\n")
    proc.add(90, 1, SHIM, cgroup="0::/system.slice/containerd.service\n")
    proc.add(100, 90, IN_CONTAINER, cgroup=group)
    proc.add(101, 100, llama_server(A), cgroup=group)


def compose(proc: Proc) -> None:
    """The same with `init: true` and a driver of control groups that is not systemd; a health check runs beside the server."""
    group = f"0::/docker/{ONE}\n"
    proc.add(90, 1, SHIM, cgroup="0::/system.slice/containerd.service\n")
    proc.add(99, 90, ("/sbin/docker-init", "--", "/bin/ollama", "serve"), cgroup=group)
    proc.add(100, 99, IN_CONTAINER, cgroup=group)
    proc.add(101, 100, llama_server(A), cgroup=group)
    proc.add(102, 90, ("/bin/sh", "-c", "ollama ps"), cgroup=group)


def podman(proc: Proc) -> None:
    """Podman with root: conmon holds the port, and the kernel's packet filter hands connections on."""
    proc.add(90, 1, CONMON, cgroup=f"0::/machine.slice/libpod-conmon-{ONE}.scope\n")
    proc.add(100, 90, IN_CONTAINER, cgroup=f"0::/machine.slice/libpod-{ONE}.scope/container\n")
    proc.add(101, 100, llama_server(A), cgroup=f"0::/machine.slice/libpod-{ONE}.scope/container\n")


def podman_without_root(proc: Proc) -> None:
    """pasta listens, and is of the user's."""
    group = f"{ROOTLESS}/libpod-{ONE}.scope/container\n"
    proc.add(80, 1, ("/usr/bin/pasta.avx2", "--config-net", "-t", "11434-11434:11434-11434", "--netns", "/run/user/1000/netns/netns-1"), cgroup=ROOTLESS)
    proc.add(81, 1, ("rootlessport",), cgroup=ROOTLESS)
    proc.add(90, 1, CONMON, cgroup=f"{ROOTLESS}/libpod-conmon-{ONE}.scope\n")
    proc.add(100, 90, IN_CONTAINER, cgroup=group)
    proc.add(101, 100, llama_server(A), cgroup=group)


def podman_without_control_groups(proc: Proc) -> None:
    """`cgroups="disabled"`: only conmon says that there is a container."""
    for pid, parent, arguments in ((90, 1, CONMON), (100, 90, IN_CONTAINER), (101, 100, llama_server(A))):
        proc.add(pid, parent, arguments, cgroup="0::/system.slice/ssh.service\n")


def hidden_monitor(proc: Proc) -> None:
    """The engine's process is not to be seen: the control group has the container's name. It is one of version 1."""
    proc.add(100, 7, IN_CONTAINER, cgroup=f"11:memory:/docker/{ONE}\n1:name=systemd:/docker/{ONE}\n")
    proc.add(101, 100, llama_server(A), cgroup=f"11:memory:/docker/{ONE}\n1:name=systemd:/docker/{ONE}\n")


SHAPES = (docker, compose, podman, podman_without_root, podman_without_control_groups, hidden_monitor)


@pytest.fixture
def proc(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Proc:
    monkeypatch.setattr(containers, "_PATIENCE", 0.0)
    monkeypatch.setattr(containers, "_ENDING", 0.0)
    made = Proc(tmp_path)
    made.network(1, listening(11434, 77))
    return made


def arriving_at(proc: Proc, *pids: int, stays: bool = False) -> Arrive:
    """A connection that comes to these processes' networks, and is over with its end unless it `stays`."""

    @contextmanager
    def connect(host: str, port: int) -> Iterator[None]:
        assert (host, port) == ("127.0.0.1", 11434)
        for pid in pids:
            proc.network(pid, listening(11434, 5000 + pid), established(11434, "10.88.0.1:40000"))
        yield
        for pid in () if stays else pids:
            proc.network(pid, listening(11434, 5000 + pid))

    return connect


def found(proc: Proc, connect: Arrive) -> str | None:
    """The identity of the server that is found."""
    server = container_server_at(URL, str(proc.root), connect)
    return server.server.identity if server else None


@pytest.mark.parametrize("shape", SHAPES)
def test_every_engines_server_is_found_with_its_runners(proc: Proc, monkeypatch: pytest.MonkeyPatch, shape: Callable[[Proc], None]) -> None:
    shape(proc)
    proc.network(100, listening(11434, 5100), established(11434, "10.88.0.9:1"))  # a client's, which was there before
    monkeypatch.setattr(containers, "_connection", arriving_at(proc, 100))
    runners = living_runners(UNIT, str(proc.root), URL)
    assert runners is not None
    assert (runners.alive(A), runners.alive(B)) == (True, False)
    assert (runners.server, runners.container) == ("100-10000", ONE)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_dead_runner_in_a_container_is_told_from_a_live_one(proc: Proc, monkeypatch: pytest.MonkeyPatch, shape: Callable[[Proc], None]) -> None:
    shape(proc)
    (proc.root / "101" / "cmdline").write_bytes(b"")  # a zombie
    proc.network(100, listening(11434, 5100))
    monkeypatch.setattr(containers, "_connection", arriving_at(proc, 100))
    runners = living_runners(UNIT, str(proc.root), URL)
    assert runners is not None
    assert runners.alive(A) is False


def test_the_connection_tells_which_of_two_containers_answers(proc: Proc) -> None:
    podman(proc)
    proc.add(200, 1, IN_CONTAINER, cgroup=f"0::/docker/{TWO}\n")
    for pid in (100, 200):
        proc.network(pid, listening(11434, 5000 + pid))
    assert found(proc, arriving_at(proc, 200)) == "200-20000"
    assert found(proc, arriving_at(proc, 100)) == "100-10000"


@pytest.mark.parametrize("pids", [pytest.param((), id="none"), pytest.param((100, 200), id="both")])
def test_who_cannot_be_told_is_unknown(proc: Proc, pids: tuple[int, ...]) -> None:
    """Such as behind a tunnel, which leads to another machine, or in a pod whose containers share a network."""
    podman(proc)
    proc.add(200, 1, IN_CONTAINER, cgroup=f"0::/docker/{TWO}\n")
    for pid in (100, 200):
        proc.network(pid, listening(11434, 5000 + pid))
    assert found(proc, arriving_at(proc, *pids)) is None


def test_a_connection_that_stays_was_another_clients(proc: Proc) -> None:
    podman(proc)
    proc.network(100, listening(11434, 5100))
    assert found(proc, arriving_at(proc, 100, stays=True)) is None


def test_where_the_network_does_not_tell_it_is_the_one_that_was_found_before(proc: Proc) -> None:
    podman(proc)
    proc.network(100, listening(11434, 5100))
    quiet = arriving_at(proc)
    both = [container_server_at(URL, str(proc.root), quiet, known) for known in ("100-10000", "100-1")]
    assert [one and one.server.pid for one in both] == [100, None]


def test_a_refused_connection_finds_nobody(proc: Proc) -> None:
    podman(proc)
    proc.network(100, listening(11434, 5100))

    def refuse(_host: str, _port: int) -> AbstractContextManager[None]:
        raise ConnectionRefusedError

    assert found(proc, refuse) is None


def never(_host: str, _port: int) -> AbstractContextManager[None]:
    """For where nothing has to be asked."""
    raise AssertionError("a connection was made")


def test_on_the_hosts_network_the_socket_tells(proc: Proc) -> None:
    """The kernel numbers sockets, and both tables show the same one."""
    podman(proc)
    proc.network(1, listening(11434, 77, uid=0))
    proc.network(100, listening(11434, 77, uid=0))
    proc.user(100, 0)
    assert found(proc, never) == "100-10000"


def test_on_the_hosts_network_another_users_socket_is_not_the_containers(proc: Proc) -> None:
    """Somebody else took the port."""
    podman(proc)
    proc.network(1, listening(11434, 77, uid=1000))
    proc.network(100, listening(11434, 77, uid=1000))
    proc.user(100, 0)
    assert found(proc, arriving_at(proc)) is None


def test_a_port_of_one_containers_own_network_is_not_anothers_on_the_hosts(proc: Proc) -> None:
    """conmon, of the same user, has the socket of a container whose port is published: the other shares its table of sockets."""
    podman(proc)
    proc.add(200, 1, IN_CONTAINER, cgroup=f"0::/docker/{TWO}\n")
    for pid in (1, 200):
        proc.network(pid, listening(11434, 77), listening(11500, 78))
    proc.network(100, listening(11434, 5100))
    for pid in (100, 200):
        proc.user(pid, 0)
    assert found(proc, arriving_at(proc, 100)) == "100-10000"


def test_beside_a_container_that_a_port_may_lead_to_only_root_tells_one_on_the_hosts_network(proc: Proc) -> None:
    """On a machine that is overloaded the connection to the first is not seen in time, and its port is held by an engine's process of root's."""
    podman(proc)
    proc.network(100, listening(11434, 5100))
    proc.add(200, 1, IN_CONTAINER, cgroup=f"0::/docker/{TWO}\n")
    proc.network(200, listening(11434, 77))
    proc.user(200, 0)
    assert found(proc, arriving_at(proc)) is None
    (proc.root / "200/fd").mkdir()
    (proc.root / "200/fd/3").symlink_to("socket:[77]")
    assert found(proc, arriving_at(proc)) == "200-20000"


@pytest.mark.parametrize(("arguments", "expected"), [(("python3", "server.py"), None), (CONMON, "100-10000")])
def test_what_listens_outside_containers_is_seen_without_a_connection(proc: Proc, arguments: tuple[str, ...], expected: str | None) -> None:
    """The process of an engine holds the port for a container."""
    podman(proc)
    proc.add(300, 1, arguments)
    proc.network(1, listening(11434, 77))
    proc.network(100, listening(11434, 5100))
    (proc.root / "300/fd").mkdir()
    (proc.root / "300/fd/3").symlink_to("socket:[77]")
    assert found(proc, arriving_at(proc, 100) if expected else never) == expected


def test_root_tells_two_on_the_hosts_network_apart(proc: Proc) -> None:
    podman(proc)
    proc.add(200, 1, IN_CONTAINER, cgroup=f"0::/docker/{TWO}\n")
    sockets = (listening(11434, 77), listening(11435, 78))
    for pid in (1, 100, 200):
        proc.network(pid, *sockets)
    for pid in (100, 200):
        proc.user(pid, 0)
    assert found(proc, never) is None
    for pid, inode in ((100, 78), (200, 77)):
        (proc.root / f"{pid}/fd").mkdir()
        (proc.root / f"{pid}/fd/3").symlink_to(f"socket:[{inode}]")
    assert found(proc, never) == "200-20000"


def test_this_host_may_be_a_container_itself(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own id is in every path; a server beside no container is in none."""
    monkeypatch.setattr(containers, "_PATIENCE", 0.0)
    proc = Proc(tmp_path, f"0::/docker/{OUTER}/init.scope\n")
    proc.network(1, listening(11434, 77))
    proc.add(100, 1, IN_CONTAINER, cgroup=f"0::/docker/{OUTER}/system.slice/mine.service\n")
    proc.add(200, 1, IN_CONTAINER, cgroup=f"0::/docker/{OUTER}/docker/{ONE}\n")
    for pid in (100, 200):
        proc.network(pid, listening(11434, 5000 + pid))
    assert found(proc, arriving_at(proc, 100)) is None
    assert found(proc, arriving_at(proc, 200)) == "200-20000"


def test_a_unit_comes_before_any_container(proc: Proc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_connection", never)
    podman(proc)
    proc.add(300, 1, IN_CONTAINER)
    both = server_processes(UNIT, str(proc.root), URL)
    assert both is not None
    assert (both.server.pid, both.container) == (300, "")


def test_without_network_a_container_is_known_by_the_start_that_was_seen(proc: Proc) -> None:
    podman(proc)
    seen = processes_of_start(UNIT, "100-10000", str(proc.root))
    assert seen is not None
    assert [child.blob for child in seen.children] == [A]
    assert processes_of_start(UNIT, "100-1", str(proc.root)) is None
    assert processes_of_start(UNIT, None, str(proc.root)) is None


@pytest.mark.parametrize(
    ("shape", "group"),
    [
        (docker, f"/system.slice/docker-{ONE}.scope"),
        (compose, f"/docker/{ONE}"),
        (podman, f"/machine.slice/libpod-{ONE}.scope"),
        (podman_without_control_groups, ""),
    ],
)
def test_the_kernels_count_of_what_it_killed_is_the_containers(
    proc: Proc, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, shape: Callable[[Proc], None], group: str
) -> None:
    """`group` is where a limit on the container's memory counts them."""
    (tmp_path / f"tree{group}").mkdir(parents=True)
    (tmp_path / f"tree{group}/memory.events").write_text("oom 3\noom_kill 2\n")
    monkeypatch.setattr(processes, "_CONTROL_GROUPS", str(tmp_path / "tree"))
    shape(proc)
    container = container_server_of("100-10000", str(proc.root))
    assert container is not None
    assert container.group == group
    runners = processes.runners_of(processes_of_start(UNIT, "100-10000", str(proc.root)))
    assert runners is not None
    assert runners.oom_kills == (2 if group else 0)


@pytest.mark.parametrize("url", ["https://[", "nothing", "unix:/run/ollama"])
def test_what_is_no_address_leads_to_nobody(proc: Proc, url: str) -> None:
    podman(proc)
    assert container_server_at(url, str(proc.root), never) is None


def test_a_real_connection_is_seen_to_arrive_and_to_leave(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network is this process's own; only the tree above it is made up."""
    import socket

    proc = Proc(tmp_path)
    podman(proc)
    proc.network(1)
    (proc.root / "100/net").symlink_to("/proc/self/net")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        reached = container_server_at(url, str(proc.root))
    assert reached is not None
    assert reached.id == ONE
