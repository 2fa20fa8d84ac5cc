# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the gateway: what a change comes to, what a diff shows, and how it is taken back."""

from __future__ import annotations

import dataclasses
import grp
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._gateway import gateway, nginx, site

MARK = "# Managed by Ansible (keepwarm.ollama.ollama_gateway): the next run of the role overwrites this file.\n"
TOKENS = "# hashes\n{} laptop;\n"
ONE, OTHER = "A" * 43, "B" * 43


class Nginx:
    """Answers what the module runs; `refuses` what systemctl reload-or-restart ends with, `pid` whether it runs, `mute` after how many
    commands systemd says nothing any more."""

    def __init__(self) -> None:
        self.refuses = 0
        self.said: list[str] = []
        self.pid = 0
        self.mute: int | None = None

    def run(self, command: Sequence[str]) -> tuple[int, str, str]:
        self.said.append(" ".join(command[:2]))
        if command[1] == "show":
            return (0, f"MainPID={self.pid}\n", "") if self.mute is None or len(self.said) <= self.mute else (1, "", "Connection timed out")
        return (self.refuses if command[1] == "reload-or-restart" else 0), "", "Job for nginx.service failed."


@pytest.fixture(name="folder")
def folder_of_nginx(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    places = {
        "FOLDER": tmp_path / "ollama-gateway",
        "CONFIGURATION": tmp_path / "conf.d/ollama-gateway.conf",
        "TOKENS": tmp_path / "ollama-gateway/tokens.map",
        "LOG": tmp_path / "log/ollama-gateway.log",
        "DROPIN": tmp_path / "units/ollama-gateway.conf",
        "PROGRAM": tmp_path / "lib/ollama_gateway_metrics.py",
    }
    counted = (str(tmp_path / "counted/metrics.prom"), str(tmp_path / "counted/state.json"))
    for module in (site, gateway):
        monkeypatch.setattr(module, "COUNTED", counted)
    for module in (site, gateway, nginx):
        for name, path in places.items():
            monkeypatch.setattr(module, name, str(path), raising=False)
    monkeypatch.setattr(gateway, "GATEWAY_RECORD", str(tmp_path / "records/gateway.json"))
    monkeypatch.setattr(nginx, "is_installed", lambda: False)
    monkeypatch.setattr(nginx, "_workers", growing_workers())
    return tmp_path


def growing_workers() -> object:
    """Each look finds another worker, as after a load that went well."""
    numbers: Iterator[int] = iter(range(1, 1000))
    return lambda dummy: {next(numbers): 0.0}


def wanted(hash_of_token: str = ONE, script: str = "one") -> gateway.Wanted:
    texts = {
        site.CONFIGURATION: MARK,
        site.TOKENS: TOKENS.format(hash_of_token),
        site.DROPIN: MARK,
        f"{site.FOLDER}/keepwarm_script.js": script,
    }
    return gateway.Wanted({path: text.encode() for path, text in texts.items()}, [])


def tree(folder: pathlib.Path) -> dict[str, str]:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_text() for name, path in found.items() if name not in ("records/gateway.json", "log/ollama-gateway.log")}


def test_check_mode_says_what_the_run_then_does(folder: pathlib.Path) -> None:
    server = Nginx()
    expected = gateway.have(server.run, wanted(), True)
    assert tree(folder) == {}
    done = gateway.have(server.run, wanted(), False)
    assert (expected, len(done.changes), done.loaded) == (done, 4, True)
    assert sorted(tree(folder)) == ["conf.d/ollama-gateway.conf", "ollama-gateway/keepwarm_script.js", "ollama-gateway/tokens.map", "units/ollama-gateway.conf"]
    assert (folder / "ollama-gateway/tokens.map").stat().st_mode & 0o777 == 0o600
    assert (folder / "ollama-gateway/keepwarm_script.js").stat().st_mode & 0o777 == 0o644


def test_what_is_not_wanted_any_more_goes(folder: pathlib.Path) -> None:
    server = Nginx()
    gateway.have(server.run, wanted(), False)
    (folder / "ollama-gateway/keepwarm_old.js").write_text("old")
    done = gateway.have(server.run, wanted(), False)
    assert [change.path for change in done.changes] == [f"{site.FOLDER}/keepwarm_old.js"]


def test_a_mode_that_somebody_opened_is_closed_again(folder: pathlib.Path) -> None:
    gateway.have(Nginx().run, wanted(), False)
    (folder / "ollama-gateway/tokens.map").chmod(0o644)
    assert [change.path for change in gateway.have(Nginx().run, wanted(), False).changes] == [site.TOKENS]
    assert (folder / "ollama-gateway/tokens.map").stat().st_mode & 0o777 == 0o600


def test_a_diff_tells_that_a_token_is_another_one_and_not_its_hash(folder: pathlib.Path) -> None:
    gateway.have(Nginx().run, wanted(), False)
    (change,) = gateway.have(Nginx().run, wanted(OTHER), True).changes
    diff = site.shown(change)
    assert diff["before"] != diff["after"]
    assert diff["before"].endswith(" laptop;\n")
    assert ONE not in str(diff)
    assert OTHER not in str(diff)


def test_what_nginx_does_not_load_is_taken_back(folder: pathlib.Path) -> None:
    server = Nginx()
    gateway.have(server.run, wanted(), False)
    before = tree(folder)
    server.refuses = 1
    with pytest.raises(site.GatewayError, match="the former one is back: Job for nginx"):
        gateway.have(server.run, wanted(OTHER, "two"), False)
    assert tree(folder) == before


def test_a_first_gateway_that_nginx_does_not_load_leaves_nothing(folder: pathlib.Path) -> None:
    server = Nginx()
    server.refuses = 1
    with pytest.raises(site.GatewayError):
        gateway.have(server.run, wanted(), False)
    assert tree(folder) == {}


def test_somebody_else_s_file_is_left_alone(folder: pathlib.Path) -> None:
    (folder / "conf.d").mkdir()
    (folder / "conf.d/ollama-gateway.conf").write_text("server {}\n")
    with pytest.raises(site.GatewayError, match="is not of this role: move it away"):
        gateway.have(Nginx().run, wanted(), False)
    assert gateway.remove(Nginx().run, False).changes == []
    assert tree(folder) == {"conf.d/ollama-gateway.conf": "server {}\n"}


def test_a_removal_leaves_nothing_and_has_nothing_to_do_twice(folder: pathlib.Path) -> None:
    gateway.have(Nginx().run, wanted(), False)
    expected = gateway.remove(Nginx().run, True)
    assert gateway.remove(Nginx().run, False) == expected
    assert tree(folder) == {}
    assert not (folder / "ollama-gateway").exists()
    assert gateway.remove(Nginx().run, False).changes == []


def test_a_removal_that_was_killed_before_nginx_knew_is_ended_by_the_next(folder: pathlib.Path) -> None:
    server = Nginx()
    server.pid = 1
    gateway.have(server.run, wanted(), False)
    (folder / "conf.d/ollama-gateway.conf").unlink()
    assert gateway.remove(server.run, True).loaded
    for path in (folder / "ollama-gateway", folder / "units"):
        shutil.rmtree(path)
    told = len(server.said)
    assert gateway.remove(server.run, False) == gateway.Done([], True)
    assert "systemctl reload-or-restart" in server.said[told:]
    assert gateway.remove(server.run, False) == gateway.Done([], False)


def test_a_port_of_another_program_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(site.GatewayError, match=f"nginx could not listen at 127.0.0.1 port {port}: Address already in use"):
            nginx.refuse_taken(Nginx().run, [("127.0.0.1", port)])
    nginx.refuse_taken(Nginx().run, [("127.0.0.1", port)])


@pytest.fixture(scope="session", name="pki")
def keys_and_certificates(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """a.pem and its key, which is also there with a passphrase; another authority's; and files of both in either order."""
    folder = tmp_path_factory.mktemp("pki")
    for name in ("a", "b"):
        new = f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.pem -subj /CN={name} -days 3"
        subprocess.run(new.split(), check=True, cwd=folder, capture_output=True)
    subprocess.run(["openssl", "ec", "-aes256", "-passout", "pass:x", "-in", "a.key", "-out", "locked.key"], check=True, cwd=folder, capture_output=True)
    own, other = ((folder / f"{name}.pem").read_text() for name in ("a", "b"))
    (folder / "chain.pem").write_text(own + other)
    (folder / "turned.pem").write_text(other + own)
    (folder / "empty.pem").write_text("")
    return folder


@pytest.mark.parametrize(
    ("certificate", "key", "sentence"),
    [
        ("a.pem", "a.key", None),
        ("chain.pem", "a.key", None),
        ("b.pem", "a.key", "the key PKI/a.key is not that of the first certificate in PKI/b.pem"),
        ("turned.pem", "a.key", "the key PKI/a.key is not that of the first certificate in PKI/turned.pem"),
        ("a.pem", "locked.key", "the key PKI/locked.key has a passphrase, for which nginx would ask at each start: give a key without one"),
        ("empty.pem", "a.key", "PKI/empty.pem and PKI/a.key cannot be used as a certificate and its key, both PEM: "),
        ("a.key", "a.pem", "PKI/a.key and PKI/a.pem cannot be used as a certificate and its key, both PEM: "),
        (".", "a.key", "PKI/. is no file of this host: put certificate and key there before the gateway"),
    ],
)
def test_a_certificate_that_nginx_could_not_use_is_refused_in_a_sentence(pki: pathlib.Path, certificate: str, key: str, sentence: str | None) -> None:
    given = gateway.Wanted({}, [], f"{pki}/{certificate}", f"{pki}/{key}")
    if sentence is None:
        gateway.refuse(Nginx().run, given)
        return
    with pytest.raises(site.GatewayError) as refused:
        gateway.refuse(Nginx().run, given)
    assert str(refused.value).startswith(sentence.replace("PKI", str(pki)))


def test_an_nginx_without_njs_is_not_asked_yet(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "PROGRAM", str(tmp_path / "nginx"))
    monkeypatch.setattr(nginx, "NJS", (str(tmp_path / "njs.so"),))
    (tmp_path / "nginx").touch()
    assert not nginx.is_installed()
    (tmp_path / "njs.so").touch()
    assert nginx.is_installed()


def test_what_others_keep_in_the_folder_is_left_unread(folder: pathlib.Path) -> None:
    (folder / "ollama-gateway/backup").mkdir(parents=True)
    (folder / "ollama-gateway/keepwarm_mine.js").mkdir()
    (folder / "ollama-gateway/gateway.key").write_text("PRIVATE KEY")
    (folder / "ollama-gateway/linked.js").symlink_to("gateway.key")
    done = [gateway.have(Nginx().run, wanted(), False), gateway.remove(Nginx().run, False)]
    assert [len(one.changes) for one in done] == [4, 4]
    assert "PRIVATE KEY" not in str([site.shown(change) for one in done for change in one.changes])
    assert sorted(path.name for path in (folder / "ollama-gateway").iterdir()) == ["backup", "gateway.key", "keepwarm_mine.js", "linked.js"]


def test_the_configuration_is_written_last_and_removed_first(folder: pathlib.Path) -> None:
    gateway.have(Nginx().run, wanted(), False)
    (folder / "ollama-gateway/keepwarm_old.js").write_text("old")
    (folder / "conf.d/ollama-gateway.conf").write_text(MARK + "old")
    again = gateway.have(Nginx().run, wanted(OTHER), False).changes
    assert [change.path for change in again] == [site.TOKENS, site.CONFIGURATION, f"{site.FOLDER}/keepwarm_old.js"]
    assert gateway.remove(Nginx().run, False).changes[0].path == site.CONFIGURATION
    assert (folder / "conf.d").is_dir()


def test_a_systemd_that_falls_silent_has_all_taken_back(folder: pathlib.Path) -> None:
    gateway.have(Nginx().run, wanted(), False)
    before, server = tree(folder), Nginx()
    gateway.have(server.run, wanted(OTHER), True)
    server.mute = len(server.said) + 2  # the next look at ports, and that before the first file is written
    with pytest.raises(site.GatewayError, match="the former one is back"):
        gateway.have(server.run, wanted(OTHER), False)
    assert tree(folder) == before


@pytest.mark.parametrize("pid", [0, 1])
def test_an_nginx_that_had_been_stopped_stays_so(folder: pathlib.Path, pid: int) -> None:
    server = Nginx()
    server.pid, server.refuses = pid, 1
    with pytest.raises(site.GatewayError):
        gateway.have(server.run, wanted(), False)
    assert server.said.count("systemctl reload-or-restart") == 1 + pid


@pytest.mark.parametrize(("pid", "expected"), [(0, ["systemctl reset-failed", "systemctl reload-or-restart"]), (1, ["systemctl reload-or-restart"])])
def test_an_nginx_that_systemd_has_given_up_is_started_all_the_same(folder: pathlib.Path, pid: int, expected: list[str]) -> None:
    server = Nginx()
    server.pid = pid
    gateway.have(server.run, wanted(), False)
    assert [command for command in server.said if command in ("systemctl reset-failed", "systemctl reload-or-restart")] == expected


OTHER_PROGRAM = "import socket, sys; held = socket.create_server(('127.0.0.2', int(sys.argv[1]))); print('listens', flush=True); sys.stdin.read()"


def test_a_port_that_nginx_holds_at_another_address_is_no_excuse() -> None:
    server = Nginx()
    server.pid = os.getpid()
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        nginx.refuse_taken(server.run, [("127.0.0.1", port), ("127.0.0.2", port)])
        with subprocess.Popen([sys.executable, "-c", OTHER_PROGRAM, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            with pytest.raises(site.GatewayError, match=f"nginx could not listen at 127.0.0.2 port {port}"):
                nginx.refuse_taken(server.run, [("127.0.0.2", port)])
    with socket.create_server(("0.0.0.0", 0)) as own:
        nginx.refuse_taken(server.run, [("127.0.0.1", own.getsockname()[1])])
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as own:
        nginx.refuse_taken(server.run, [("::1", own.getsockname()[1])])


def test_nginx_may_go_from_one_address_to_all_of_them_and_to_ipv6() -> None:
    server = Nginx()
    server.pid = os.getpid()
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        nginx.refuse_taken(server.run, [("0.0.0.0", port), ("::", port), ("::1", port)])
        with subprocess.Popen([sys.executable, "-c", OTHER_PROGRAM, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            with pytest.raises(site.GatewayError, match=f"nginx could not listen at 0.0.0.0 port {port}"):
                nginx.refuse_taken(server.run, [("0.0.0.0", port)])
    with socket.create_server(("0.0.0.0", 0)) as own:
        nginx.refuse_taken(server.run, [("::", own.getsockname()[1])])


@pytest.mark.parametrize(
    ("held", "listen", "restarts"),
    [
        ("127.0.0.1", ["127.0.0.1"], False),
        ("127.0.0.1", ["127.0.0.1", "127.0.0.2", "::1"], False),
        ("127.0.0.1", ["0.0.0.0"], True),
        ("0.0.0.0", ["127.0.0.1"], True),
        ("0.0.0.0", ["127.0.0.1", "0.0.0.0"], False),
        ("0.0.0.0", ["0.0.0.0", "::"], False),
    ],
)
def test_only_another_socket_at_the_same_address_takes_a_restart(held: str, listen: list[str], restarts: bool) -> None:
    with socket.create_server((held, 0)) as own:
        port = own.getsockname()[1]
        assert nginx.needs_restart(os.getpid(), [(address, port) for address in listen]) is restarts
        assert not nginx.needs_restart(os.getpid(), [(address, port + 1) for address in listen])


def test_a_trial_makes_no_log_and_no_pid_file_of_the_host(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "NGINX", str(folder))
    (folder / "conf.d").mkdir()
    top = "pid /run/nginx.pid;\nerror_log /var/log/nginx/error.log warn;\nhttp {\n\taccess_log /var/log/nginx/access.log;\n\tinclude conf.d/*.conf;\n}\n"
    (folder / "nginx.conf").write_text(top)
    scratch = folder.parent / f"{folder.name}-scratch"
    scratch.mkdir()
    nginx._copy(str(scratch), {site.CONFIGURATION: b"server {\n    access_log /var/log/nginx/ollama-gateway.log keepwarm_gateway;\n}\n"})
    texts = (scratch / "nginx.conf").read_text() + (scratch / "conf.d/ollama-gateway.conf").read_text()
    assert texts.count(f"{scratch}/log") == 3
    assert f"pid {scratch}/pid;" in texts
    assert "/var/log" not in texts and "/run/nginx" not in texts


def test_the_log_is_not_for_everybody(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.pwd, "getpwnam", {"nginx": pwd.getpwuid(os.getuid())}.__getitem__)
    monkeypatch.setattr(site.grp, "getgrnam", lambda dummy: grp.getgrgid(os.getgid()))
    of_nginx = dataclasses.replace(wanted(), user="nginx")
    gateway.have(Nginx().run, of_nginx, True)
    assert not (folder / "log").exists()
    gateway.have(Nginx().run, of_nginx, False)
    assert (folder / "log/ollama-gateway.log").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("text", "user"),
    [("user  nginx;\n", "nginx"), ("  user www-data www-data;\nhttp {}\n", "www-data"), ("#user http;\n", "otherwise"), (None, "otherwise")],
)
def test_nginx_conf_tells_whose_its_logs_are(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, text: str | None, user: str) -> None:
    monkeypatch.setattr(nginx, "NGINX", str(folder))
    if text is not None:
        (folder / "nginx.conf").write_text(text)
    assert nginx.worker_user("otherwise") == user


def test_what_nginx_does_not_read_is_written_without_a_reload_and_goes_with_the_rest(folder: pathlib.Path) -> None:
    server = Nginx()
    server.pid = 1
    gateway.have(server.run, wanted(), False)
    counting = gateway.Wanted({**wanted().contents, site.PROGRAM: MARK.encode()}, [])
    done = [gateway.have(server.run, one, False) for one in (counting, counting, wanted())]
    assert [([change.path for change in one.changes], one.loaded) for one in done] == [([site.PROGRAM], False), ([], False), ([site.PROGRAM], False)]
    assert not (folder / "lib").exists()
    gateway.have(server.run, counting, False)
    assert len(gateway.remove(server.run, False).changes) == 5
    assert tree(folder) == {}


def test_what_was_counted_stays_with_its_program_and_what_others_keep_beside_it_stays(folder: pathlib.Path) -> None:
    server = Nginx()
    server.pid = 1
    counting = gateway.Wanted({**wanted().contents, site.PROGRAM: MARK.encode()}, [])
    gateway.have(server.run, counting, False)
    (folder / "counted").mkdir()
    for path in site.COUNTED:
        pathlib.Path(path).write_text('{"counts": {"ollama_gateway_requests_total": []}}')
    assert gateway.have(server.run, counting, False) == gateway.Done([], False)
    done = gateway.have(server.run, wanted(), False)
    assert ([change.path for change in done.changes], done.loaded) == ([*sorted(site.COUNTED), site.PROGRAM], False)
    assert not (folder / "counted").exists()
    (folder / "counted").mkdir()
    (folder / "counted/state.json").write_text('{"of": "another program"}')
    (folder / "counted/metrics.prom").symlink_to(site.CONFIGURATION)
    gateway.remove(server.run, False)
    assert sorted(path.name for path in (folder / "counted").iterdir()) == ["metrics.prom", "state.json"]


def counted(folder: pathlib.Path, link: str) -> gateway.Wanted:
    """A gateway that counts, with node_exporter's folder there."""
    return gateway.Wanted({**wanted().contents, site.PROGRAM: MARK.encode()}, [], link=str(folder / link))


def test_the_link_for_node_exporter_follows_its_variable_and_leaves_nothing_behind(folder: pathlib.Path) -> None:
    server = Nginx()
    server.pid = 1
    (folder / "theirs").mkdir()
    (folder / "theirs/other.prom").write_text("others'")
    for link in ("theirs/g.prom", "made/g.prom"):
        expected = gateway.have(server.run, counted(folder, link), True)
        assert gateway.have(server.run, counted(folder, link), False) == expected
        assert os.readlink(folder / link) == site.COUNTED[0]
        assert gateway.have(server.run, counted(folder, link), False) == gateway.Done([], False)
    assert sorted(path.name for path in (folder / "theirs").iterdir()) == ["other.prom"]
    gateway.have(server.run, counted(folder, "theirs/g.prom"), False)
    assert not (folder / "made").exists()
    done = gateway.remove(server.run, False, str(folder / "elsewhere/g.prom"))
    assert str(folder / "theirs/g.prom") in [change.path for change in done.changes]
    assert tree(folder) == {"theirs/other.prom": "others'"}
    assert gateway.remove(server.run, False, str(folder / "elsewhere/g.prom")) == gateway.Done([], False)


def test_a_link_that_no_record_tells_of_goes_and_somebody_else_s_file_stays(folder: pathlib.Path) -> None:
    (folder / "theirs").mkdir()
    (folder / "theirs/g.prom").symlink_to(site.COUNTED[0])
    assert [change.path for change in gateway.remove(Nginx().run, False, str(folder / "theirs/g.prom")).changes] == [str(folder / "theirs/g.prom")]
    (folder / "theirs/g.prom").write_text("others'")
    assert gateway.remove(Nginx().run, False, str(folder / "theirs/g.prom")) == gateway.Done([], False)
    assert tree(folder) == {"theirs/g.prom": "others'"}


def test_a_link_is_as_it_was_where_nginx_did_not_take_the_rest(folder: pathlib.Path) -> None:
    server = Nginx()
    gateway.have(server.run, counted(folder, "one/g.prom"), False)
    server.refuses = 1
    with pytest.raises(site.GatewayError):
        gateway.have(server.run, dataclasses.replace(counted(folder, "two/g.prom"), contents={**counted(folder, "").contents, site.TOKENS: b"new"}), False)
    assert os.readlink(folder / "one/g.prom") == site.COUNTED[0]
    assert not (folder / "two/g.prom").is_symlink()


def test_what_counts_is_stopped_before_its_program_goes(folder: pathlib.Path) -> None:
    """One of its runs, begun before, would write its files anew, which the next removal would find."""
    server = Nginx()
    server.pid = 1
    gateway.have(server.run, counted(folder, "one/g.prom"), False)
    was_there: list[bool] = []

    def run(command: Sequence[str]) -> tuple[int, str, str]:
        if list(command) == ["systemctl", "stop", *site.COUNTING]:
            was_there.append(os.path.exists(site.PROGRAM))
        return server.run(command)

    gateway.remove(run, False)
    gateway.remove(run, False)
    assert was_there == [True]


@pytest.mark.parametrize("counts", [True, False])
def test_what_counted_counts_again_where_nginx_did_not_take_the_rest(folder: pathlib.Path, counts: bool) -> None:
    server = Nginx()
    server.pid = 1
    gateway.have(server.run, counted(folder, "one/g.prom"), False)
    server.refuses = 1
    begun: list[str] = []

    def run(command: Sequence[str]) -> tuple[int, str, str]:
        if command[1] == "is-active":
            return (0 if counts else 3), "", ""
        begun.extend(command[2:] if command[1] == "start" else [])
        return server.run(command)

    with pytest.raises(site.GatewayError):
        gateway.have(run, dataclasses.replace(wanted(), contents={**wanted().contents, site.TOKENS: b"new"}), False)
    assert begun == ([site.COUNTING[0]] if counts else [])


def test_what_could_not_be_served_is_refused_without_a_change(folder: pathlib.Path) -> None:
    (folder / "conf.d").mkdir()
    gateway.refuse(Nginx().run, wanted())
    (folder / "conf.d/ollama-gateway.conf").write_text("server {}\n")
    with pytest.raises(site.GatewayError, match="is not of this role"):
        gateway.refuse(Nginx().run, wanted())
    with pytest.raises(site.GatewayError, match=r"nowhere\.pem is no file of this host"):
        gateway.refuse(Nginx().run, gateway.Wanted({}, [], "/nowhere.pem", "/nowhere.key"))
    assert tree(folder) == {"conf.d/ollama-gateway.conf": "server {}\n"}
