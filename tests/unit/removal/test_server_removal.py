# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server's removal takes away, and that an Ollama of others stays."""

from __future__ import annotations

import os
import pathlib
from types import SimpleNamespace

import pytest
import yaml
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal import server
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import Executor, removal_diff
from support.removal_host import Host

UNITS = "/etc/systemd/system"
DROPIN = "# Managed by Ansible (role keepwarm.ollama.ollama_server): changes made here are overwritten.\n[Service]\n"
OURS = '# Ansible managed (keepwarm.ollama.ollama_server)\n[Service]\nReadWritePaths="/var/lib/ollama"\nReadWritePaths="/srv/models"\n'
VENDORS = "[Service]\nExecStart=/usr/local/bin/ollama serve\n"
ROLE = pathlib.Path(__file__).parents[3] / "roles/ollama_server"


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    made = Host(tmp_path)
    made.unit("my-api.service", "[Service]\n", wanted_by="multi-user.target")
    for folder in ("/usr/local/bin", "/usr/local/lib", "/opt", "/var/lib", "/srv"):
        made.write(f"{folder}/others")
    return made


def drop_in(host: Host, unit: str, text: str = DROPIN) -> None:
    host.write(f"{UNITS}/{unit}.d/zz-keepwarm.conf", text)


def install(host: Host, dest: str = "/opt/ollama") -> None:
    """What the role does on a bare host; the test's own user owns what the account would."""
    host.unit("ollama.service", OURS, wanted_by="multi-user.target")
    drop_in(host, "ollama.service")
    host.release(dest)
    host.link("/usr/local/bin/ollama", f"{dest}/current/bin/ollama")
    host.write("/usr/local/lib/ollama-server/wait-for-gpu")
    host.account("ollama", os.getuid(), server.ACCOUNT, "/var/lib/ollama")
    host.write("/var/lib/ollama/.ollama/id_ed25519")
    host.write("/srv/models/manifests/registry.ollama.ai/library/a/latest")
    host.write("/srv/models/blobs/sha256-a")


def remove_settings(host: Host) -> server.Settings:
    found = server.look_at_settings(host.run, host.root)
    Executor(host.run, host.root).carry_out(found.remove())
    return found


def remove_files(host: Host, *folders: str, purge: bool = False, dest: str = "/opt/ollama") -> server.Files:
    found = server.look_at_files(dest, folders, purge, host.root)
    Executor(host.run, host.root).carry_out(found.remove())
    return found


def test_an_ollama_of_ours_goes_with_its_models_if_asked(host: Host) -> None:
    before = (host.files(), dict(host.memory), host.text("/etc/passwd"), host.text("/etc/group"))
    install(host)
    found = remove_settings(host)
    assert (found.kept(), found.folders()) == ([], [])
    assert host.calls == ["systemctl stop -- ollama.service", "systemctl daemon-reload"]
    remove_files(host, "/srv/models", purge=True)
    assert (host.files(), host.memory, host.text("/etc/passwd"), host.text("/etc/group")) == before
    assert remove_settings(host).remove() == []
    assert remove_files(host, "/srv/models", purge=True).remove() == []


def test_models_stay_with_the_account_that_they_belong_to(host: Host) -> None:
    install(host)
    remove_settings(host)
    assert remove_files(host, "/srv/models").left() == ["/srv/models", "user ollama"]
    assert {"/srv/models/blobs/sha256-a", "/var/lib/ollama/.ollama/id_ed25519"} <= host.files()
    assert "ollama:" in host.text("/etc/passwd")
    assert not {"/opt/ollama", "/usr/local/bin/ollama", "/usr/local/lib/ollama-server"} & host.files()
    assert remove_files(host, "/srv/models").remove() == []


def test_models_in_the_home_count_as_well(host: Host) -> None:
    install(host)
    host.write("/var/lib/ollama/.ollama/models/manifests/registry.ollama.ai/library/a/latest")
    assert server.look_at_files("/opt/ollama", [], False, host.root).left() == ["/var/lib/ollama/.ollama/models", "user ollama"]


@pytest.mark.parametrize("folder", ["/var/lib/ollama", "/var/lib/ollama/models", "/var/lib/ollama/instances/chat"])
def test_models_anywhere_in_the_home_count_though_nobody_names_them_any_more(host: Host, folder: str) -> None:
    install(host)
    host.write(f"{folder}/manifests/registry.ollama.ai/library/a/latest")
    assert remove_files(host, "/var/lib/ollama").left() == [folder, "user ollama"]
    assert f"{folder}/manifests/registry.ollama.ai/library/a/latest" in host.files()


def test_models_in_a_folder_of_others_keep_their_account(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    install(host)
    host.link("/srv/linked", "models")
    assert server.look_at_files("/opt/ollama", ["/srv/linked"], False, host.root).left() == ["/srv/linked", "user ollama"]
    monkeypatch.setattr(server.Files, "_owns", lambda _files, _user, folder: folder != "/srv/models")
    assert remove_files(host, "/srv/models").left() == ["/srv/models", "user ollama"]
    assert "ollama:" in host.text("/etc/passwd")


def test_models_of_another_user_keep_no_account(host: Host) -> None:
    install(host)
    host.account("llm", os.getuid() + 1, server.ACCOUNT, "/nowhere")
    assert server.look_at_files("/opt/ollama", ["/srv/models"], False, host.root).left() == ["/srv/models", "user ollama"]


@pytest.mark.parametrize("folder", ["/srv/models", "/var/lib/ollama/.ollama/models"])
def test_models_that_somebody_else_brought_keep_their_folder(host: Host, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install(host)
    host.write(f"{folder}/blobs/sha256-b", "brought by root")
    look = os.lstat
    monkeypatch.setattr(os, "lstat", lambda path: SimpleNamespace(st_uid=os.getuid() + 1) if "/blobs/" in path or "/manifests/" in path else look(path))
    assert {folder, "user ollama"} <= set(server.look_at_files("/opt/ollama", ["/srv/models"], False, host.root).left())


def test_an_account_without_any_model_goes(host: Host) -> None:
    install(host)
    for path in ("manifests/registry.ollama.ai/library/a/latest", "blobs/sha256-a"):
        host.lose(f"/srv/models/{path}")
    assert remove_files(host, "/srv/models").left() == []
    assert not {"/srv/models", "/var/lib/ollama"} & host.files()
    assert "ollama:" not in host.text("/etc/passwd")


def test_a_group_that_was_there_before_stays(host: Host) -> None:
    host.account("ollama", os.getuid(), server.GUEST, "/nowhere")
    remove_files(host)
    assert ("ollama:" in host.text("/etc/passwd"), "ollama:" in host.text("/etc/group")) == (False, True)
    assert host.calls == ["usermod --gid 65534 ollama", "userdel ollama"]
    assert remove_files(host).remove() == []


def test_what_others_keep_beside_the_models_stays(host: Host) -> None:
    install(host)
    host.write("/srv/models/gguf/mine.gguf")
    remove_files(host, "/srv/models", purge=True)
    assert {path for path in host.files() if path.startswith("/srv/models/")} == {"/srv/models/gguf", "/srv/models/gguf/mine.gguf"}


@pytest.mark.parametrize(
    "mounted", ["/var/lib/ollama", "/var/lib/ollama/.ollama", "/srv/models", "/srv/models/blobs", "/usr/local/lib/ollama-server", "/opt/ollama"]
)
def test_what_something_is_mounted_on_is_emptied_once_and_stays(host: Host, mounted: str) -> None:
    install(host)
    host.mount(mounted)
    theirs = {path for path in host.files() if mounted == path or mounted.startswith(f"{path}/")}
    remove_settings(host)
    remove_files(host, "/srv/models", purge=True)
    ours = ("/var/lib/ollama", "/srv/models", "/usr/local/lib/ollama-server", "/opt/ollama")
    assert {path for path in host.files() if path.startswith(ours)} == {path for path in theirs if path.startswith(ours)}
    assert remove_files(host, "/srv/models", purge=True).remove() == []


def test_nobody_s_folder_is_emptied_for_having_been_named(host: Host) -> None:
    install(host)
    host.write("/blobs")
    host.link("/srv/linked", "models")
    found = server.look_at_files("/", ["/", "/srv/linked", "/nowhere"], True, host.root)
    assert not [step for step in found.remove() if step.subject in ("/", "/blobs") or step.subject.startswith("/srv/linked")]


def test_an_ollama_of_others_keeps_all_but_the_drop_in(host: Host) -> None:
    host.unit("ollama.service", VENDORS, wanted_by="default.target")
    host.account("ollama", os.getuid(), "", "/usr/share/ollama")
    host.write("/usr/local/bin/ollama")
    host.write("/opt/ollama/theirs")
    host.write("/usr/share/ollama/.ollama/models/manifests/a")
    before = (host.files(), dict(host.memory), host.text("/etc/passwd"))
    drop_in(host, "ollama.service")
    found = remove_settings(host)
    remove_files(host, "/usr/share/ollama/.ollama/models", purge=True)
    assert found.kept() == ["ollama.service"] and not found.restored()
    assert (host.files(), host.memory, host.text("/etc/passwd")) == before


def test_a_unit_that_was_taken_over_comes_back(host: Host) -> None:
    install(host)
    host.write(f"{UNITS}/ollama.service.before-keepwarm", VENDORS)
    found = server.look_at_settings(host.run, host.root)
    assert (found.kept(), found.restored(), found.ended()) == (["ollama.service"], ["ollama.service"], [])
    assert "ollama.service: as it was before" in removal_diff(found.remove())["after"]
    remove_settings(host)
    assert host.text(f"{UNITS}/ollama.service") == VENDORS
    assert host.memory["ollama.service"].active_state == "active"
    assert f"{UNITS}/multi-user.target.wants/ollama.service" in host.files()
    assert f"{UNITS}/ollama.service.before-keepwarm" not in host.files()


def test_a_unit_that_was_a_link_comes_back_as_one(host: Host) -> None:
    install(host)
    host.link(f"{UNITS}/ollama.service.before-keepwarm", "/srv/theirs/ollama.service")
    host.write("/srv/theirs/ollama.service", VENDORS)
    assert server.look_at_settings(host.run, host.root).restored() == ["ollama.service"]
    remove_settings(host)
    assert os.readlink(f"{host.root}{UNITS}/ollama.service") == "/srv/theirs/ollama.service"


@pytest.mark.parametrize("name", ["ollama.target", "ollama-gpu-ready.service"])
def test_a_unit_that_is_no_server_s_comes_back_and_is_no_server_that_stays(host: Host, name: str) -> None:
    theirs = "[Unit]\nDescription=All of mine\n"
    host.unit(name, "# Ansible managed (keepwarm.ollama.ollama_server)\n[Unit]\n")
    host.write(f"{UNITS}/{name}.before-keepwarm", theirs)
    found = remove_settings(host)
    assert (found.kept(), found.restored(), [unit.name for unit in found.ended()]) == ([], [], [name])
    assert host.text(f"{UNITS}/{name}") == theirs
    assert f"{UNITS}/{name}.before-keepwarm" not in host.files()


def test_a_unit_of_a_package_that_ours_hid_counts_again(host: Host) -> None:
    install(host)
    for name in ("ollama.service", "ollama.service.before-keepwarm"):
        host.write(f"/usr/lib/systemd/system/{name}", VENDORS)
    found = remove_settings(host)
    assert (found.kept(), found.restored()) == (["ollama.service"], ["ollama.service"])
    assert f"{UNITS}/ollama.service" not in host.files()
    assert "/usr/lib/systemd/system/ollama.service" in host.files()
    assert "/usr/lib/systemd/system/ollama.service.before-keepwarm" not in host.files()


def test_instances_go_whether_their_template_is_ours_or_not(host: Host) -> None:
    before = host.files()
    host.write(f"{UNITS}/ollama@.service", OURS)
    host.write(f"{UNITS}/ollama.target", "# Ansible managed (keepwarm.ollama.ollama_server)\n[Unit]\n")
    for name in ("a", "b"):
        host.loaded(f"ollama@{name}.service", f"{UNITS}/ollama@.service")
        host.link(f"{UNITS}/multi-user.target.wants/ollama@{name}.service", f"{UNITS}/ollama@.service")
        drop_in(host, f"ollama@{name}.service", f'{DROPIN}Environment="OLLAMA_MODELS=/srv/{name}"\n')
    host.write("/etc/systemd/system/llm@.service", VENDORS)
    host.loaded("llm@c.service", f"{UNITS}/llm@.service")
    drop_in(host, "llm@c.service")
    found = remove_settings(host)
    assert [unit.name for unit in found.ended()] == ["ollama@a.service", "ollama@b.service"]
    assert found.kept() == ["llm@c.service"]
    assert found.folders() == []
    assert host.files() - before == {f"{UNITS}/llm@.service"}


def test_the_folders_of_models_are_told_by_what_is_about_to_go(host: Host) -> None:
    install(host)
    drop_in(host, "ollama@a.service", f'{DROPIN}Environment="OLLAMA_MODELS=/srv/a b"\n')
    assert server.look_at_settings(host.run, host.root).folders() == ["/srv/a b", "/srv/models", "/var/lib/ollama"]


def test_releases_are_found_by_the_command_too(host: Host) -> None:
    install(host, "/srv/releases")
    remove_files(host)
    assert not {"/srv/releases", "/usr/local/bin/ollama"} & host.files()


def test_a_drop_in_of_the_same_name_without_the_mark_stays(host: Host) -> None:
    drop_in(host, "ollama.service", "[Service]\n")
    assert server.look_at_settings(host.run, host.root).remove() == []


def test_the_comment_and_the_mark_are_those_that_the_role_writes() -> None:
    variables = yaml.safe_load((ROLE / "vars/main.yml").read_text())
    assert (variables["__ollama_server_comment_ours"], variables["__ollama_server_comment_guest"]) == (server.ACCOUNT, server.GUEST)
    assert f"{variables['__ollama_server_mark']})" == server.MARK


def test_what_models_were_made_of_is_forgotten_and_a_folder_of_others_stays(host: Host) -> None:
    install(host)
    host.write("/var/lib/ollama-model/made.json", "{}")
    remove_files(host)
    assert not os.path.lexists(f"{host.root}/var/lib/ollama-model")
    host.write("/var/lib/ollama-model/others")
    host.write("/var/lib/ollama-model/made.json", "{}")
    remove_files(host)
    assert os.listdir(f"{host.root}/var/lib/ollama-model") == ["others"]
