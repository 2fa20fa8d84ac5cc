# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server is brought from wherever it is to how it is declared, or as it was; and taken away again. Docker is a fake that keeps what it was told."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible_collections.keepwarm.ollama.plugins.module_utils import _server_state
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose import docker, plan, project, record, refusals, removal, wanted, work
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose.docker import Docker
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.engine import EngineError
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.place import Place
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.wanted import Wanted
from ansible_collections.keepwarm.ollama.plugins.module_utils._server.planning import _composed, declaration

IMAGE, DIGEST = "registry.example.org/ollama:1", "sha256:" + "0123456789abcdef" * 4
PINNED, KEPT = f"registry.example.org/ollama@{DIGEST}", "registry.example.org/ollama:keepwarm-0123456789ab"
PROGRAM = "# ready\n"
PID = 4711
REST = dict.fromkeys(("models", "oom_policy", "start", "restart", "install", "ours", "may_come", "beginning", "warnings", "account", "allow_daemon_reload"))
SYSTEMD_DECLARED = declaration(
    {"deployment": "systemd", **dict.fromkeys(("folder", "gpu", "grouped", "sandboxed", "container", "environment", "defaults"))} | REST
)


class FakeDocker:
    """Images by name, containers by name, and what it was made to do."""

    def __init__(self) -> None:
        self.images, self.containers, self.done = {IMAGE}, dict[str, dict[str, Any]](), list[str]()
        self.answers, self.information, self.complaint = True, dict[str, Any](), ""
        self.version, self.components = "2.26.1", {"Engine": "26.1.5"}
        self.state = dict[str, Any]()
        self.silent, self.pullable, self.gone = "", True, False
        self.starter = "enabled"

    def __call__(self, command: Sequence[str], _environment: Mapping[str, str], _reads: str) -> tuple[int, str, str]:
        words = list(command[2:])  # env docker
        if "version" in words[:2]:
            return self._versions(words[0] == "compose")
        if self.gone:
            return 127, "", "env: 'docker': No such file or directory\n"
        return self._tell(words) or self._act(words)

    def _tell(self, words: list[str]) -> tuple[int, str, str] | None:
        if words[0] == "info":
            return 0, json.dumps(self.information), ""
        if words[:2] == ["image", "inspect"]:
            return (0, json.dumps([PINNED]), "") if words[-1] in {*self.images, PINNED} else (1, "", "Error: No such image")
        if words[:2] == ["container", "inspect"]:
            found = self.containers.get(words[-1])
            return (0, json.dumps(found), "") if found else (1, "", self.silent or f"Error response from daemon: No such container: {words[-1]}\n")
        if words[0] == "compose" and "config" in words:
            return (15, "", f"validating -: {self.complaint}\n") if self.complaint else (0, "", "")
        if words[0] == "show":  # systemctl
            return 0, f"UnitFileState={self.starter}\n", ""
        if words[0] == "logs":
            return 0, "", "listen tcp: address in use\n"
        return None

    def _versions(self, of_compose: bool) -> tuple[int, str, str]:
        if of_compose:
            return (0, f"{self.version}\n", "") if self.version else (127, "", "env: 'docker': No such file or directory\n")
        return 0, json.dumps({"Components": [{"Name": name, "Version": version} for name, version in self.components.items()]}), ""

    def _act(self, words: list[str]) -> tuple[int, str, str]:
        self.done.append(" ".join(words[:2] if words[0] != "compose" else words[words.index("--file") + 2 :]))
        if words[0] == "pull" and not self.pullable:
            return 1, "", "Error response from daemon: manifest unknown\n"
        if words[0] in ("pull", "tag"):
            self.images.add(words[-1])
        if words[0] == "image":  # rm
            self.images.discard(words[-1])
        if "up" in words:
            self._up(yaml.safe_load(pathlib.Path(words[words.index("--file") + 1]).read_text())["services"]["ollama"], words[4])
        if "down" in words or words[:2] == ["container", "rm"]:
            self.containers.clear()
        return 0, "", ""

    def _up(self, service: dict[str, Any], name: str) -> None:
        labels = {**service["labels"], "com.docker.compose.project": name}
        environment = [f"{key}={value.replace('$$', '$')}" for key, value in service["environment"].items()]
        self.containers[service["container_name"]] = {
            "Config": {"Labels": labels, "Env": environment, "Image": service["image"]},
            "State": {"Status": "running", "Running": True, "ExitCode": 0, "Pid": PID, **self.state},
        }

    def stop(self, code: int) -> None:
        """The container ends by itself, or by request."""
        self.containers["ollama"]["State"] = {"Status": "exited", "Running": False, "ExitCode": code}


class Host:
    """The module's functions on a host of its own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.docker, self.folder = FakeDocker(), folder
        server = Wanted("ollama.service", "compose", image=IMAGE, folder=str(folder / "models"), gpu="none")
        self.wanted = wanted.Composed("default", server, {"OLLAMA_HOST": "127.0.0.1:11434", "OLLAMA_KEEP_ALIVE": "2700s"}, {}, [], seconds=1)

    def engine(self, _host: str) -> Docker:
        return Docker(self.docker)

    def bring(self, predict: bool = False) -> dict[str, Any]:
        self.docker.done.clear()
        return work.bring([self.wanted], self.engine, "/archives", PROGRAM, predict)

    def declare(self, **environment: str) -> None:
        self.wanted = replace(self.wanted, environment={**self.wanted.environment, **environment})

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    found = Host(tmp_path)
    monkeypatch.setattr(wanted, "COMPOSE_PROJECTS", str(tmp_path / "etc"))
    monkeypatch.setattr(removal, "COMPOSE_PROJECTS", str(tmp_path / "etc"))
    monkeypatch.setattr(removal, "role_files", list)
    monkeypatch.setattr(removal, "RECORDS", str(tmp_path / "records"))
    monkeypatch.setattr(removal, "AGENT_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setattr(project, "BOOT_FOLDERS", str(tmp_path / "tmpfiles.d"))
    monkeypatch.setattr(work, "AGENT_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setattr(work, "is_answering", lambda _url: found.docker.answers)
    monkeypatch.setattr(work, "is_listening", lambda pid, _url: pid == PID)
    monkeypatch.setattr(work.Bringer, "sleep", staticmethod(lambda _seconds: None))
    monkeypatch.setattr(plan, "gpu_names", lambda _root, _environment: [])
    monkeypatch.setattr(refusals.os, "geteuid", lambda: 0)
    monkeypatch.setattr(refusals, "in_the_way", lambda _wanted: "")
    monkeypatch.setattr(refusals, "find_place", lambda _wanted: Place("", True))
    monkeypatch.setattr(refusals, "_answers", lambda _url: False)
    for name in ("read", "write", "forget", "units_with"):
        _kept_in(monkeypatch, name, str(tmp_path / "records" / "server"))
    return found


def _kept_in(monkeypatch: pytest.MonkeyPatch, name: str, folder: str) -> None:
    act: Callable[..., Any] = getattr(_server_state, name)
    monkeypatch.setattr(_server_state, name, lambda *given: act(*given, folder=folder))


def test_a_server_comes_from_nothing_and_stays_as_it_is(host: Host) -> None:
    predicted = host.bring(predict=True)
    assert (host.docker.done, host.files()) == ([], [])
    assert predicted["servers"][0]["outlook"]["comes"] is True and 'OLLAMA_KEEP_ALIVE: "2700s"' in predicted["diff"][0]["after"]
    done = host.bring()
    assert (done["steps"], done["diff"]) == (predicted["steps"], predicted["diff"])
    assert host.docker.done == [f"tag {PINNED}", "up --detach --no-build"]
    assert record.read_record("ollama.service").images == [KEPT]
    again = host.bring()
    assert (again["steps"], again["diff"], host.docker.done) == ([], [], [])


def test_images_come_without_anything_else(host: Host) -> None:
    host.bring()
    host.docker.images.clear()
    host.docker.done.clear()
    host.declare(OLLAMA_CONTEXT_LENGTH="2048")
    predicted = work.fetch([host.wanted], host.engine, "/archives", predict=True)
    assert (predicted["steps"], host.docker.done) == ([f"pull {IMAGE}"], [])  # its digest is not known yet
    assert work.fetch([host.wanted], host.engine, "/archives", predict=False)["steps"] == [f"pull {IMAGE}", f"tag {PINNED} {KEPT}"]
    assert host.docker.done == ["pull --quiet", f"tag {PINNED}"]
    assert work.fetch([host.wanted], host.engine, "/archives", predict=False)["steps"] == []
    assert "OLLAMA_CONTEXT_LENGTH" not in pathlib.Path(host.wanted.file).read_text()


def test_a_container_tells_where_it_listens_by_now(host: Host) -> None:
    assert work.check([host.wanted], host.engine)["servers"][0]["running_url"] == ""
    host.bring()
    host.declare(OLLAMA_HOST="0.0.0.0:11500")
    (seen,) = work.check([host.wanted], host.engine)["servers"]
    assert (seen["url"], seen["running_url"]) == ("http://127.0.0.1:11500", "http://127.0.0.1:11434")
    host.docker.stop(0)
    assert work.check([host.wanted], host.engine)["servers"][0]["running_url"] == ""


def test_the_image_is_there_before_anything_else(host: Host) -> None:
    host.docker.images.clear()
    host.docker.pullable = False
    with pytest.raises(EngineError, match=f"the image {IMAGE} cannot be pulled: Error response from daemon: manifest unknown"):
        host.bring()
    assert host.docker.containers == {} and "etc/keepwarm-ollama/compose.yaml" not in host.files()
    assert record.recorded_units() == []


def test_an_image_that_does_not_come_is_forgotten_and_the_server_is_not(host: Host) -> None:
    host.bring()
    host.wanted = replace(host.wanted, container=replace(host.wanted.container, image="registry.example.org/other:1"))
    host.docker.pullable = False
    with pytest.raises(EngineError, match="cannot be pulled"):
        host.bring()
    assert record.read_record("ollama.service").images == [KEPT]


def test_what_is_declared_otherwise_is_recreated_and_says_why(host: Host) -> None:
    host.bring()
    host.declare(OLLAMA_CONTEXT_LENGTH="2048")
    (seen,) = work.check([host.wanted], host.engine)["servers"]
    assert (seen["unloads"], seen["reasons"], seen["outlook"]["restarts"]) == (True, ["it was created with another OLLAMA_CONTEXT_LENGTH"], True)
    assert host.bring()["steps"] == [f"write {host.wanted.file}", "recreate ollama"]
    assert "OLLAMA_CONTEXT_LENGTH=2048" in host.docker.containers["ollama"]["Config"]["Env"]
    assert host.bring()["steps"] == []


def test_a_play_that_was_killed_after_writing_is_finished_by_the_next(host: Host) -> None:
    host.bring()
    former = pathlib.Path(host.wanted.file).read_text()
    host.declare(OLLAMA_CONTEXT_LENGTH="2048")
    work.Bringer(host.engine(""), "", PROGRAM, predict=False)._write(plan.look_at(host.wanted, host.engine("")))
    assert record.read_record("ollama.service").former == former
    assert host.bring()["steps"] == ["recreate ollama"]
    assert record.read_record("ollama.service").former is None


def test_one_that_does_not_answer_is_taken_back(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.bring()
    former = pathlib.Path(host.wanted.file).read_text()
    host.declare(OLLAMA_CONTEXT_LENGTH="2048")
    monkeypatch.setattr(work, "is_answering", lambda _url: "OLLAMA_CONTEXT_LENGTH=2048" not in host.docker.containers["ollama"]["Config"]["Env"])
    with pytest.raises(EngineError, match=r"after 1 s: listen tcp: address in use\. The former settings are back, and the server answers with them"):
        host.bring()
    assert pathlib.Path(host.wanted.file).read_text() == former
    assert record.read_record("ollama.service").former is None
    host.wanted = replace(host.wanted, environment={key: value for key, value in host.wanted.environment.items() if "CONTEXT" not in key})
    assert host.bring()["steps"] == []


@pytest.mark.parametrize("state", [{"Status": "restarting", "Restarting": True}, {"Pid": PID + 1}, {"Status": "exited", "Running": False}])
def test_the_answer_of_another_server_proves_nothing(host: Host, state: dict[str, Any]) -> None:
    host.docker.state = state
    with pytest.raises(EngineError, match=r"does not answer at http://127\.0\.0\.1:11434 after 1 s, where another process does: listen tcp: address in use"):
        host.bring()
    assert host.docker.containers == {}


def test_a_first_one_that_does_not_answer_leaves_no_container(host: Host) -> None:
    host.docker.answers = False
    with pytest.raises(EngineError, match=r"There were no former settings: its container is removed again"):
        host.bring()
    assert (host.docker.containers, host.files()) == ({}, ["records/server/ollama.service.compose.json"])
    assert record.read_record("ollama.service") == record.Record("default", "", images=[KEPT])
    assert _composed(SYSTEMD_DECLARED, "ollama.service") == ""
    assert removal.remove(removal.left([]), host.engine, predict=False) == [f"remove image {KEPT}"]
    assert host.files() == []


@pytest.mark.parametrize("text", ["", "services: {}\n"])
def test_a_file_that_somebody_lost_says_nothing_of_the_container(host: Host, text: str) -> None:
    host.bring()
    path = pathlib.Path(host.wanted.file)
    path.write_text(text)
    assert (host.bring()["steps"], record.read_record("ollama.service").former) == ([f"write {path}"], None)
    host.docker.answers = False
    assert (host.bring()["steps"], list(host.docker.containers)) == ([], ["ollama"])
    path.write_text(text)
    host.docker.stop(1)
    with pytest.raises(EngineError, match=r"It has served with these settings before, and they stay$"):
        host.bring()
    assert list(host.docker.containers) == ["ollama"] and project.declared_by(path.read_text())


def test_a_container_without_its_file_is_removed(host: Host) -> None:
    host.bring()
    pathlib.Path(host.wanted.file).unlink()
    assert removal.remove(removal.left([]), host.engine, predict=True)[0] == "remove ollama"
    host.docker.done.clear()
    removal.remove(removal.left([]), host.engine, predict=False)
    assert (host.docker.done[:2], host.docker.containers) == (["container stop", "container rm"], {})
    host.bring()
    host.docker.containers["ollama"]["Config"]["Labels"]["com.docker.compose.project"] = "ai"
    pathlib.Path(host.wanted.file).unlink()
    removal.remove(removal.left([]), host.engine, predict=False)
    assert list(host.docker.containers) == ["ollama"]


def test_an_image_goes_with_the_last_server_that_uses_it(host: Host) -> None:
    host.bring()
    second = replace(host.wanted, name="b", container=replace(host.wanted.container, unit="ollama-b.service"))
    work.bring([second], host.engine, "/archives", PROGRAM, predict=False)
    assert record.read_record("ollama-b.service").images == [KEPT]
    both = removal.remove(removal.left([]), host.engine, predict=True)
    assert f"remove image {KEPT}" not in removal.remove(removal.left(["ollama-b.service"]), host.engine, predict=False)
    last = removal.remove(removal.left([]), host.engine, predict=False)
    assert both.count(f"remove image {KEPT}") == last.count(f"remove image {KEPT}") == 1


def test_nothing_is_removed_without_the_engine(host: Host) -> None:
    host.bring()
    files = host.files()
    host.docker.gone = True
    with pytest.raises(EngineError, match=r"ollama\.service is in a container of Compose, which cannot be removed, .*: this host has no command docker\."):
        removal.remove(removal.left([]), host.engine, predict=False)
    assert host.files() == files
    (found,) = work.check([], host.engine, removal.left([]))["refusals"]
    assert "if it is gone for good, remove" in found and work.check([], host.engine, removal.left(["ollama.service"]))["refusals"] == []


def test_a_server_that_somebody_stopped_is_not_started_by_what_is_declared(host: Host) -> None:
    host.bring()
    host.docker.stop(0)
    host.declare(OLLAMA_CONTEXT_LENGTH="2048")
    done = host.bring()
    (seen,) = done["servers"]
    assert (done["steps"], host.docker.done) == ([f"write {host.wanted.file}"], [])
    assert (seen["stopped"], seen["pending"], seen["reasons"]) == (True, True, ["it was created with another OLLAMA_CONTEXT_LENGTH"])
    assert seen["outlook"]["restarts"] is False and host.bring()["steps"] == []
    host.wanted = replace(host.wanted, start="true")
    assert host.bring()["steps"] == ["recreate ollama"]


@pytest.mark.parametrize("code", [0, 1])
def test_what_is_never_to_start_is_not_started(host: Host, code: int) -> None:
    host.wanted = replace(host.wanted, start="false")
    assert f"write {host.wanted.file}" in host.bring()["steps"] and host.docker.containers == {}
    assert (host.bring()["steps"], host.docker.containers) == ([], {})
    host.wanted = replace(host.wanted, start="auto")
    assert host.bring()["steps"] == ["create ollama"]
    host.docker.stop(code)
    host.wanted = replace(host.wanted, start="false")
    host.declare(OLLAMA_CONTEXT_LENGTH="2048")
    assert (host.bring()["steps"], host.docker.done) == ([f"write {host.wanted.file}"], [])


def test_what_ended_with_the_former_boot_is_started(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.bring()
    host.docker.stop(143)
    monkeypatch.setattr(docker, "boot_time", lambda: 1764525600.0)  # 2025-11-30T18:00:00Z
    for ended, steps in {
        "2025-11-30T18:00:01.123456789Z": [],
        "2025-11-30T19:00:01+01:00": [],
        "whenever": [],
        "2025-13-30T18:00:01Z": [],
        "2025-11-30T19:59:59.5+02:00": ["start ollama"],
    }.items():
        host.docker.containers["ollama"]["State"]["FinishedAt"] = ended
        assert host.bring(predict=True)["steps"] == steps, ended


@pytest.mark.parametrize(
    ("code", "start", "steps", "stopped"),
    [(0, "auto", [], True), (143, "auto", [], True), (1, "auto", ["start ollama"], False), (0, "true", ["start ollama"], False)],
)
def test_a_server_that_somebody_stopped_stays_so_unless_it_is_to_start(host: Host, code: int, start: str, steps: list[str], stopped: bool) -> None:
    host.bring()
    host.docker.stop(code)
    host.wanted = replace(host.wanted, start=start)
    assert work.check([host.wanted], host.engine)["servers"][0]["stopped"] is stopped
    assert host.bring()["steps"] == steps


def test_one_that_is_never_to_restart_is_not_recreated(host: Host) -> None:
    host.bring()
    host.declare(OLLAMA_CONTEXT_LENGTH="2048")
    host.wanted = replace(host.wanted, recreates=False)
    found = host.bring()
    (seen,) = found["servers"]
    assert (found["steps"], found["diff"], seen["unloads"]) == ([], [], False)
    assert (seen["pending"], seen["reasons"]) == (True, ["it was created with another OLLAMA_CONTEXT_LENGTH"])
    host.docker.stop(1)
    done = host.bring()
    assert (done["steps"], done["servers"][0]["pending"]) == ([f"write {host.wanted.file}", "recreate ollama"], False)


def test_one_between_two_attempts_of_the_engine_does_not_run(host: Host) -> None:
    host.bring()
    host.docker.containers["ollama"]["State"].update(Status="restarting", Restarting=True)
    assert work.check([host.wanted], host.engine)["servers"][0]["running_url"] == ""
    assert host.bring()["steps"] == ["start ollama"]


def test_another_address_that_is_taken_is_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.bring()
    monkeypatch.setattr(refusals, "_answers", lambda _url: True)
    monkeypatch.setattr(refusals, "is_listening", lambda pid, url: pid == PID and url.endswith(":11434"))
    host.declare(OLLAMA_HOST="localhost:11434")  # where its own container listens, by another name
    assert refused(host) == []
    host.declare(OLLAMA_HOST="127.0.0.1:11500")
    assert "something else answers at http://127.0.0.1:11500: stop it first" in refused(host)[0]


def test_the_address_of_a_server_of_ours_that_goes_is_not_taken(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.bring()
    monkeypatch.setattr(refusals, "_answers", lambda _url: True)
    monkeypatch.setattr(removal, "is_listening", lambda pid, url: pid == PID and url.endswith(":11434"))
    host.wanted = replace(host.wanted, name="b", container=replace(host.wanted.container, unit="ollama-b.service"))

    def sentences(*declared: str) -> list[str]:
        return list(work.check([host.wanted], host.engine, removal.left(declared))["refusals"])

    assert sentences("ollama-b.service") == []
    assert "something else answers" in sentences("ollama-b.service", "ollama.service")[0]
    host.docker.containers["ollama"]["Config"]["Labels"]["com.docker.compose.project"] = "ai"
    assert "something else answers" in sentences("ollama-b.service")[0]


def test_the_address_of_a_service_of_ours_is_not_taken(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    dropin, template = "/etc/systemd/system/ollama@a.service.d/zz-keepwarm.conf", "/etc/systemd/system/ollama@.service"
    asked: list[str] = []

    def processes(unit: str) -> list[Any]:
        asked.append(unit)
        return [SimpleNamespace(pid=PID)]

    monkeypatch.setattr(refusals, "_answers", lambda _url: True)
    monkeypatch.setattr(removal, "is_listening", lambda pid, url: pid == PID and url.endswith(":11434"))
    monkeypatch.setattr(removal, "unit_processes", processes)
    monkeypatch.setattr(removal, "role_files", lambda: [template, dropin, "/etc/containers/systemd/ollama@c.container.d/zz-keepwarm.conf"])
    assert (refused(host), asked) == ([], ["ollama@a.service", "ollama@c.service"])
    monkeypatch.setattr(removal, "role_files", lambda: [template])
    assert "something else answers" in refused(host)[0]


def test_the_limit_of_models_never_goes_down(host: Host) -> None:
    host.wanted = replace(host.wanted, models=[{"name": f"m{number}"} for number in range(5)])
    host.bring()
    host.wanted = replace(host.wanted, models=[])
    assert host.bring()["steps"] == []
    assert 'OLLAMA_MAX_LOADED_MODELS: "8"' in pathlib.Path(host.wanted.file).read_text()


def test_what_only_defaults_have_changed_counts_at_the_next_start(host: Host) -> None:
    host.bring()
    host.wanted = replace(host.wanted, models=[{"name": f"m{number}", "policy": "warm"} for number in range(5)])
    done = host.bring()
    assert (done["steps"], host.docker.done) == ([f"write {host.wanted.file}"], [])
    assert (done["servers"][0]["unloads"], done["servers"][0]["pending"], record.read_record("ollama.service").former) == (False, False, None)
    assert host.bring()["steps"] == []
    host.docker.stop(1)
    assert host.bring()["steps"] == ["start ollama"]
    assert "OLLAMA_MAX_LOADED_MODELS=8" in host.docker.containers["ollama"]["Config"]["Env"]


def test_a_default_that_is_declared_by_now_recreates_nothing(host: Host) -> None:
    host.bring()
    (limit,) = [line for line in host.docker.containers["ollama"]["Config"]["Env"] if line.startswith("OLLAMA_MAX_LOADED_MODELS=")]
    host.declare(OLLAMA_MAX_LOADED_MODELS=limit.partition("=")[2])
    done = host.bring()
    assert (done["steps"], host.docker.done, done["servers"][0]["unloads"]) == ([f"write {host.wanted.file}"], [], False)
    assert (host.bring()["steps"], record.read_record("ollama.service").former) == ([], None)
    record.write_record("ollama.service", replace(record.read_record("ollama.service"), former="services: {}"))
    assert host.bring()["steps"] == ["prove ollama"]
    host.docker.stop(1)
    assert host.bring()["steps"] == ["start ollama"]
    host.wanted = replace(host.wanted, environment={key: value for key, value in host.wanted.environment.items() if key != "OLLAMA_KEEP_ALIVE"})
    assert host.bring()["steps"] == [f"write {host.wanted.file}", "recreate ollama"]


def test_a_server_that_keeps_fewer_models_than_are_pinned_is_recreated(host: Host) -> None:
    host.bring()
    host.wanted = replace(host.wanted, models=[{"name": f"m{number}"} for number in range(5)])
    done = host.bring()
    assert done["steps"] == [f"write {host.wanted.file}", "recreate ollama"]
    assert done["servers"][0]["reasons"] == ["it was created with another OLLAMA_MAX_LOADED_MODELS"]
    host.declare(OLLAMA_MAX_LOADED_MODELS="2")
    assert host.bring()["steps"] == [f"write {host.wanted.file}", "recreate ollama"]
    assert host.bring()["steps"] == []


def test_settings_that_have_served_stay_where_a_server_does_not_start_again(host: Host) -> None:
    host.bring()
    text = pathlib.Path(host.wanted.file).read_text()
    host.docker.stop(1)
    host.docker.answers = False
    with pytest.raises(EngineError, match=r"It has served with these settings before, and they stay$"):
        host.bring()
    assert pathlib.Path(host.wanted.file).read_text() == text and list(host.docker.containers) == ["ollama"]


def test_it_is_removed_without_its_models(host: Host) -> None:
    host.bring()
    (host.folder / "models" / "blob").touch()
    steps = removal.remove(removal.left([]), host.engine, predict=True)
    boot, folder = f"remove {project.boot_file(host.wanted)}", f"remove {pathlib.Path(host.wanted.file).parent}"
    assert host.docker.containers and steps == ["remove ollama", f"remove image {KEPT}", boot, folder]
    assert removal.remove(removal.left([]), host.engine, predict=False) == steps
    assert (host.docker.containers, host.files()) == ({}, ["models/blob"])
    assert [(host.folder / name).exists() for name in ("etc", "records", "run")] == [False] * 3
    assert removal.remove(removal.left([]), host.engine, predict=False) == []


def test_systemd_gets_no_server_that_a_container_of_compose_is(host: Host) -> None:
    assert _composed(SYSTEMD_DECLARED, "ollama.service") == ""
    host.bring()
    assert "is there as compose (/etc/keepwarm-ollama), and ollama_server_deployment is systemd: set that" in _composed(SYSTEMD_DECLARED, "ollama.service")


def refused(host: Host) -> list[str]:
    """By what cannot run nothing is changed."""
    host.docker.done.clear()
    found = list(work.check([host.wanted], host.engine)["refusals"])
    assert host.docker.done == []
    return found


def test_what_can_run_is_not_refused(host: Host) -> None:
    assert refused(host) == []


@pytest.mark.parametrize(
    ("attribute", "value", "sentence"),
    [
        ("version", "1.29.2", "this host has docker compose 1.29.2, and ollama_server_deployment compose needs version 2 or newer"),
        ("components", {"Podman Engine": "4.9.3"}, "the engine is Podman 4.9.3, and ollama_server_deployment compose needs Podman 5.0 or newer"),
        ("silent", "Cannot connect to the Docker daemon", "does not tell of the container ollama: Cannot connect to the Docker daemon"),
        ("version", "", "this host has no docker compose: install the command docker with its plugin compose, version 2."),
        ("information", {"ServerErrors": ["Cannot connect to the Docker daemon."]}, "the engine does not answer docker: Cannot connect to the Docker daemon."),
        ("information", {"SecurityOptions": ["name=seccomp", "name=rootless"]}, "the engine is rootless"),
        (
            "information",
            {"host": {"buildahVersion": "1.39.3", "security": {"rootless": False}}, "version": {"Version": "5.4.2"}},
            "the command docker of this host is Podman's own (the package podman-docker): install Docker's command in its place",
        ),
        (
            "complaint",
            "(root) Additional property foo is not allowed",
            "does not take the project as it is declared: validating -: (root) Additional property foo",
        ),
    ],
)
def test_an_engine_that_cannot_is_named(host: Host, attribute: str, value: Any, sentence: str) -> None:
    setattr(host.docker, attribute, value)
    (found,) = refused(host)
    assert found.startswith("ollama.service: ") and sentence in found


def test_an_image_that_is_nowhere_is_named(host: Host) -> None:
    host.wanted = replace(host.wanted, container=replace(host.wanted.container, image="localhost/nowhere:1"))
    assert "the image localhost/nowhere:1 is not on this host, and no registry has it" in refused(host)[0]
    host.wanted = replace(host.wanted, container=replace(host.wanted.container, image=""))
    assert refused(host) == ["ollama.service: ollama_server_container_image is not set: name the image."]


def test_what_others_have_there_is_not_taken(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.docker.containers["ollama"] = {"Config": {"Labels": {"com.docker.compose.project": "ai"}}, "State": {"Running": True}}
    assert "the container ollama is there, made by the project ai: remove it" in refused(host)[0]
    host.docker.containers.clear()
    monkeypatch.setattr(refusals, "_answers", lambda url: url == "http://127.0.0.1:11434")
    assert "something else answers at http://127.0.0.1:11434" in refused(host)[0]
    monkeypatch.setattr(refusals, "find_place", lambda asked: Place(f"/etc/containers/systemd/{asked.deployment}", True))
    assert "/etc/containers/systemd/quadlet is a server of this host already" in refused(host)[0]
    monkeypatch.setattr(refusals, "find_place", lambda _asked: Place("", True))
    path = pathlib.Path(host.wanted.file)
    path.parent.mkdir(parents=True)
    path.write_text("services: {}\n")
    assert f"{path} is there, and not this role's: move it away" in refused(host)[0]


def test_a_server_does_not_move_to_another_engine(host: Host) -> None:
    host.bring()
    host.wanted = replace(host.wanted, engine="unix:///run/docker.sock")
    assert refused(host) == []  # the same engine by another name
    host.docker.containers.clear()
    (found,) = refused(host)
    assert "with an ollama_server_docker_host that was not set, and is unix:///run/docker.sock now: set it back, or have the server removed" in found
    removal.remove(removal.left([]), host.engine, predict=False)
    assert refused(host) == []


def test_docker_gives_nvidias_gpus_by_a_runtime(host: Host) -> None:
    host.wanted = replace(host.wanted, container=replace(host.wanted.container, gpu="nvidia"))
    host.docker.information = {"Runtimes": {"runc": {}, "nvidia": {}}}
    assert refused(host) == []
    host.docker.information = {"Runtimes": {"runc": {}}}
    assert "nvidia-ctk runtime configure" in refused(host)[0]
    host.bring()
    assert "driver: nvidia" in pathlib.Path(host.wanted.file).read_text()


def test_podman_gives_nvidias_gpus_by_cdi(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lists the runtimes that it knows, whether they are there or not, and has none of NVIDIA's."""
    host.wanted = replace(host.wanted, container=replace(host.wanted.container, gpu="nvidia"))
    host.docker.components = {"Podman Engine": "5.4.2", "Conmon": "2.1.12"}
    host.docker.information = {"Runtimes": {name: {} for name in ("crun", "kata", "krun", "runc", "runj", "runsc")}}
    assert "is to get nvidia.com/gpu=all, which no specification of CDI" in refused(host)[0]
    monkeypatch.setattr(refusals, "missing_devices", lambda _devices: [])
    assert refused(host) == []
    host.bring()
    assert 'driver: cdi\n              device_ids: ["nvidia.com/gpu=all"]' in pathlib.Path(host.wanted.file).read_text()


def test_a_name_of_cdi_that_nothing_describes_is_refused(host: Host) -> None:
    host.wanted = replace(host.wanted, container=replace(host.wanted.container, devices=["nvidia.com/gpu=nonsense"]))
    assert "is to get nvidia.com/gpu=nonsense, which no specification of CDI" in refused(host)[0]


def test_no_env_file_of_others_is_read(host: Host) -> None:
    commands: list[Sequence[str]] = []

    def execute(command: Sequence[str], _environment: Mapping[str, str], _reads: str) -> tuple[int, str, str]:
        commands.append(command)
        return 0, "", ""

    Docker(execute).judged(host.wanted, "services: {}\n")
    words = list(commands[0])
    folder = str(pathlib.Path(host.wanted.file).parent)
    assert (words[words.index("--project-directory") + 1], words[words.index("--env-file") + 1]) == (folder, "/dev/null")


def test_what_the_engine_says_may_be_of_any_kind(host: Host) -> None:
    host.docker.information = {"SecurityOptions": 1, "ServerErrors": True}
    host.docker.containers["ollama"] = {"Config": ["Labels"], "State": 1}
    assert "the container ollama is there, made by hand" in refused(host)[0]
    host.docker.containers["ollama"] = {"Config": {"Labels": "x", "Env": 1}}
    assert "the container ollama is there, made by hand" in refused(host)[0]


def test_the_engine_is_named_to_the_command() -> None:
    told: list[Mapping[str, str]] = []

    def execute(_command: Sequence[str], environment: Mapping[str, str], _reads: str) -> tuple[int, str, str]:
        told.append(environment)
        return 0, "", ""

    Docker(execute, "unix:///run/podman/podman.sock").compose_version()
    Docker(execute).compose_version()
    assert told == [{"DOCKER_HOST": "unix:///run/podman/podman.sock"}, {}]


def test_the_file_is_read_back_by_its_label(host: Host) -> None:
    host.bring()
    text = pathlib.Path(host.wanted.file).read_text()
    assert host.docker.containers["ollama"]["Config"]["Labels"][project.LABEL] == project.declared_by(text) != ""


@pytest.mark.parametrize(
    ("components", "starter", "restart", "refused"),
    [
        ({"Podman Engine": "5.4.2"}, "disabled", "always", True),
        ({"Podman Engine": "5.4.2"}, "", "always", True),
        ({"Podman Engine": "5.4.2"}, "enabled", "always", False),
        ({"Podman Engine": "5.4.2"}, "disabled", "no", False),
        ({"Engine": "26.1.5"}, "disabled", "always", False),
    ],
)
def test_podman_starts_a_server_at_a_boot_only_by_its_service(host: Host, components: dict[str, str], starter: str, restart: str, refused: bool) -> None:
    host.docker.components, host.docker.starter = components, starter
    host.wanted = replace(host.wanted, container=replace(host.wanted.container, restart=restart))
    found = " ".join(refusals.examine(host.wanted, Docker(host.docker), lambda _url: False)[0])
    assert ("systemctl enable podman-restart.service" in found) is refused
