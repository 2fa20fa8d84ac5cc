# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch over real processes. Which ones it waits for is asked of the kernel."""

from __future__ import annotations

import os
import pathlib
import shutil
import stat
from collections.abc import Callable, Iterator

import pytest
from keepwarm._residency.decide.retries import Retry
from keepwarm._residency.server.process import read_process
from keepwarm._residency.server.processes import server_identity
from keepwarm._residency.values.observation import ModelCard
from ollama_warmup.cli.main import main
from ollama_warmup.state.state import LastPass, State
from ollama_warmup.state.state_file import StateFile
from ollama_warmup.watch import pipe as watch_pipe
from ollama_warmup.watch import watcher as watch_module
from ollama_warmup.watch.watcher import Watch
from support.agent import Agent
from support.machine import UNIT, Machine, kill

A, B, STRAY = "a1" * 32, "b2" * 32, "c3" * 32


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Iterator[Machine]:
    (tmp_path / "machine").mkdir()
    with Machine(tmp_path / "machine") as made:
        yield made


class Watching:
    """A watch, its server with two runners, and a last pass that found both."""

    def __init__(self, agent: Agent, machine: Machine, seen: Callable[[int], str] | None = None) -> None:
        self.instance = agent.instance
        self.machine = machine
        self.server = machine.start_server()
        self.start = seen(self.server) if seen else server_identity(UNIT, machine.proc)
        self.a, self.b = (machine.start_runner(blob) for blob in (A, B))
        self.remember()
        self.watch = Watch(self.instance, UNIT, machine.proc)
        self.watch.look()

    def remember(self, *resident: str, **others: object) -> None:
        """What a pass saves."""
        found = resident or ("a", "b")
        models = [{"model": f"{name}:latest", "resident": name in found, "after": {"digest": name}} for name in ("a", "b")]
        last = LastPass(at=1, seconds=1, exit=0, server=server_identity(UNIT, self.machine.proc) or self.start, models=tuple(models))
        cards = {"a": ModelCard(blob=A), "b": ModelCard(blob=B)}
        StateFile(self.instance.state_folder).save(State(cards=cards, last_pass=last, **others))  # type: ignore[arg-type]

    def a_pass_ends(self) -> None:
        """It tells, and the watch hears."""
        watch_pipe.notify(self.instance.watch_pipe)
        self.watch.wait()

    def wait_for_a_request(self) -> None:
        """However many things happen before it."""
        while not self.requested():
            self.watch.wait()

    @property
    def watched(self) -> set[int]:
        """The processes that this one, which the watch is in, has a pidfd of."""
        lines = [line for path in pathlib.Path("/proc/self/fdinfo").iterdir() if path.exists() for line in path.read_text().splitlines()]
        return {int(line.split()[1]) for line in lines if line.startswith("Pid:")}

    def requested(self) -> bool:
        """Whether a pass was requested since the last time; it removes the request, as a pass does."""
        try:
            os.unlink(self.instance.wake)
        except FileNotFoundError:
            return False
        return True


@pytest.fixture
def watching(agent: Agent, machine: Machine) -> Iterator[Watching]:
    """What it has open is closed, as at the end of its process, or the next test would see it."""
    before = set(os.listdir("/proc/self/fd"))
    yield Watching(agent, machine)
    for number in set(os.listdir("/proc/self/fd")) - before:
        if os.path.realpath(f"/proc/self/fd/{number}").endswith(("[pidfd]", "/watch", "/default")):
            os.close(int(number))


@pytest.fixture
def contained(agent: Agent, tmp_path: pathlib.Path) -> Iterator[Watching]:
    """The same of a server in a container, which the last pass found by its address."""
    folder = tmp_path / "contained"
    folder.mkdir()
    before = set(os.listdir("/proc/self/fd"))
    with Machine(folder, f"/system.slice/docker-{'1f' * 32}.scope") as made:
        yield Watching(agent, made, seen=lambda pid: server_start(pid, made.proc))
    for number in set(os.listdir("/proc/self/fd")) - before:
        if os.path.realpath(f"/proc/self/fd/{number}").endswith(("[pidfd]", "/watch", "/default")):
            os.close(int(number))


def server_start(pid: int, proc: str) -> str:
    """As the pass names it."""
    found = read_process(pid, proc)
    assert found
    return found.identity


def test_a_server_in_a_container_is_watched_as_the_last_pass_found_it(contained: Watching) -> None:
    assert contained.watched == {contained.server, contained.a, contained.b}
    kill(contained.a)
    contained.watch.wait()
    assert contained.requested()


def test_a_container_that_its_engine_started_anew_has_its_pass(contained: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd begins none: it learns nothing of it."""
    monkeypatch.setattr(watch_module, "_ENGINE_RESTART", 0)
    contained.machine.end_server()
    contained.machine.start_server()
    contained.wait_for_a_request()


def test_it_waits_for_the_server_and_its_runners(watching: Watching) -> None:
    assert watching.watched == {watching.server, watching.a, watching.b}
    assert not watching.requested()


def test_the_end_of_a_runner_requests_a_pass_once(watching: Watching) -> None:
    kill(watching.a)
    watching.watch.wait()
    assert watching.requested()
    assert watching.watched == {watching.server, watching.b}
    watching.remember("b")
    watching.a_pass_ends()
    assert not watching.requested()


def test_ends_that_come_together_request_one_pass(watching: Watching) -> None:
    kill(watching.a)
    kill(watching.b)
    watching.watch.wait()
    assert watching.requested()
    assert watching.watched == {watching.server}


def test_a_runner_that_a_pass_loaded_is_watched_from_then_on(watching: Watching) -> None:
    kill(watching.a)
    watching.watch.wait()
    assert watching.requested()
    again = watching.machine.start_runner(A)
    watching.a_pass_ends()
    assert watching.watched == {watching.server, again, watching.b}
    assert not watching.requested()


def test_a_runner_that_died_before_it_could_be_watched_is_missed(watching: Watching) -> None:
    kill(watching.a)
    watching.watch.wait()
    assert watching.requested()
    kill(watching.machine.start_runner(A))
    watching.a_pass_ends()  # which saw it alive
    watching.wait_for_a_request()  # a second after the last one


def test_what_is_missing_may_be_news_to_the_pass_that_is_to_come(watching: Watching) -> None:
    kill(watching.a)
    watching.watch.wait()
    watching.a_pass_ends()  # one that began before the end, and remembers it alive
    assert watching.requested()
    assert watching.watch._pace.next() is None


def test_a_watch_that_is_started_anew_misses_what_ended_meanwhile(watching: Watching) -> None:
    kill(watching.b)
    anew = Watch(watching.instance, UNIT, watching.machine.proc)
    anew.look()
    anew.wait()
    assert watching.requested()


def test_what_another_start_of_the_server_had_in_memory_is_not_missed(watching: Watching) -> None:
    watching.machine.end_server()
    watching.machine.start_server()
    anew = Watch(watching.instance, UNIT, watching.machine.proc)
    anew.look()
    assert anew._pace.next() is None


def test_a_stray_is_not_watched(watching: Watching) -> None:
    watching.machine.start_runner(STRAY)
    watching.a_pass_ends()
    assert watching.watched == {watching.server, watching.a, watching.b}


@pytest.mark.parametrize("state", [None, "garbage"])
def test_every_runner_is_watched_while_nothing_is_known(watching: Watching, state: str | None) -> None:
    path = pathlib.Path(StateFile(watching.instance.state_folder).path)
    path.unlink()
    if state:
        path.write_text(state)
    stray = watching.machine.start_runner(STRAY)
    watching.a_pass_ends()
    assert watching.watched == {watching.server, watching.a, watching.b, stray}


def test_the_end_of_the_server_is_left_to_systemd_which_starts_it_again(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "_RESTART", 0)
    watching.machine.end_server()
    again = watching.machine.start_server()
    while watching.watched != {again}:
        watching.watch.wait()
    assert not watching.requested()
    assert watching.watch._pace.next() is None


def test_a_server_that_does_not_come_back_has_a_pass_that_says_so(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "_RESTART", 0)
    watching.machine.end_server()
    while not watching.requested():
        watching.watch.wait()
    assert watching.watched == set()


def test_runners_that_go_with_their_server_are_no_news(watching: Watching) -> None:
    watching.machine.end_server()
    while watching.watched:
        watching.watch.wait()
    assert not watching.requested()


def test_a_new_server_is_watched_when_its_first_pass_has_ended(watching: Watching) -> None:
    watching.machine.end_server()
    while watching.watched:
        watching.watch.wait()
    again = watching.machine.start_server()
    runner = watching.machine.start_runner(A)
    watching.remember("a")
    watching.a_pass_ends()
    assert watching.watched == {again, runner}


def test_a_load_that_is_to_be_tried_again_has_its_pass_in_time(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = watch_module.time.time
    monkeypatch.setattr(watch_module.time, "time", lambda: clock() + 100)
    watching.remember(retries={"a:latest": Retry(1, clock() + 99.5, "no", "a"), "b:latest": Retry(1, clock() + 150, "no", "b")})
    watching.a_pass_ends()
    due = watching.watch._pace.next()
    assert due is not None
    assert 50 < due - watch_module.time.monotonic() <= 51


def test_a_runner_that_keeps_ending_is_told_by_its_models_name(watching: Watching, capsys: pytest.CaptureFixture[str]) -> None:
    for _time in range(3):
        watching.watch._pace.ended(A, 0, 0)
        watching.watch._pace.forget()
    kill(watching.a)
    watching.watch.wait()  # until the end is seen, not until the pass is due
    assert not watching.requested()
    assert capsys.readouterr().err == f"event=runner_keeps_ending model=a:latest weights={A[:12]} next_pass_in=2.0\n"


def test_a_request_that_cannot_be_made_is_told_and_lived_with(watching: Watching, capsys: pytest.CaptureFixture[str]) -> None:
    os.rename(os.path.dirname(watching.instance.wake), f"{watching.instance.root}/elsewhere")
    kill(watching.a)
    watching.watch.wait()
    assert capsys.readouterr().err == f'event=pass_not_requested path={watching.instance.wake} reason="No such file or directory"\n'
    assert watching.watched == {watching.server, watching.b}


def test_a_process_that_has_another_ones_number_is_not_taken_for_it(watching: Watching) -> None:
    (pathlib.Path(watching.machine.proc) / str(watching.a) / "stat").unlink()
    stat_of_a = pathlib.Path(f"/proc/{watching.a}/stat").read_text().split()
    stat_of_a[21] = "1"
    (pathlib.Path(watching.machine.proc) / str(watching.a) / "stat").write_text(" ".join(stat_of_a))
    before = len(os.listdir("/proc/self/fd"))
    Watch(watching.instance, UNIT, watching.machine.proc).look()
    assert len(os.listdir("/proc/self/fd")) == before + 6  # a pipe and its folder, both ends of the bell, the server and b


def test_a_pass_without_a_watch_tells_nobody(agent: Agent) -> None:
    watch_pipe.notify(agent.instance.watch_pipe)
    os.close(watch_pipe.open_pipe(agent.instance.watch_pipe))
    watch_pipe.notify(agent.instance.watch_pipe)
    assert agent.run("a") == 0


def test_a_watch_that_does_not_listen_holds_no_pass_up(agent: Agent) -> None:
    pipe = watch_pipe.open_pipe(agent.instance.watch_pipe)
    for _time in range(70_000):
        watch_pipe.notify(agent.instance.watch_pipe)
    watch_pipe.drain(pipe)
    os.close(pipe)


def test_a_pass_tells_the_watch_that_it_has_ended(agent: Agent) -> None:
    pipe = watch_pipe.open_pipe(agent.instance.watch_pipe)
    agent.run("a")
    assert os.read(pipe, 10) == b"\n"
    os.close(pipe)


def test_a_file_in_the_place_of_the_pipe_is_replaced(agent: Agent) -> None:
    pathlib.Path(agent.instance.watch_pipe).write_text("")
    os.close(watch_pipe.open_pipe(agent.instance.watch_pipe))
    assert stat.S_ISFIFO(os.stat(agent.instance.watch_pipe).st_mode)


def test_a_kernel_without_pidfds_is_told_in_one_sentence(agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert main(["watch"], agent.instance.root) == 2
    said = "this system does not let a process be watched (Function not implemented): Linux 5.3 or newer does"
    assert capsys.readouterr().err == f"ollama-warmup: {said}\n"


@pytest.mark.parametrize("gone", ["pipe", "folder", "folder moved away"])
def test_a_pipe_that_was_taken_away_is_made_anew_and_heard(watching: Watching, capsys: pytest.CaptureFixture[str], gone: str) -> None:
    """Also a pass that ended while there was none is made up for."""
    pipe = pathlib.Path(watching.instance.watch_pipe)
    if gone == "pipe":
        pipe.unlink()
    elif gone == "folder":
        shutil.rmtree(pipe.parent)
        pipe.parent.mkdir()
    else:
        os.rename(pipe.parent, f"{watching.instance.root}/elsewhere")
        pipe.parent.mkdir()
    kill(watching.a)
    watching.wait_for_a_request()
    again = watching.machine.start_runner(A)
    while not pipe.exists():
        watching.watch.wait()
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert watching.watched == {watching.server, again, watching.b}
    assert "event=watch_pipe_recreated" in capsys.readouterr().err
    kill(again)
    watching.wait_for_a_request()
    restarted = watching.machine.start_runner(A)
    watching.a_pass_ends()
    assert restarted in watching.watched


def test_a_watch_whose_folder_is_gone_for_good_ends_to_be_started_anew(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """systemd makes the folder for it; 2 would keep it from starting it."""
    folder = pathlib.Path(agent.instance.watch_pipe).parent
    look = Watch.look
    monkeypatch.setattr(Watch, "look", lambda watch: (look(watch), shutil.rmtree(folder))[0])
    with pytest.raises(SystemExit) as ended:
        main(["watch"], root=agent.instance.root)
    assert ended.value.code == 1
    assert "event=watch_folder_lost" in capsys.readouterr().err
