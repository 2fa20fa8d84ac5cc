# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other releases, and some that must not get in: what runs goes on running, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Host

ARCHIVE = "ollama-linux-amd64.tar.zst"
GPU_UNIT = "/etc/systemd/system/ollama-gpu-ready.service"
RELEASE = f"/srv/mirror/v0.30.0/{ARCHIVE}"


@pytest.fixture
def untouched(gpu1: Host) -> Iterator[Host]:
    """The host must be as before: its files, its server's process and what that runs."""
    before = (gpu1.state(), gpu1.process())
    yield gpu1
    assert (gpu1.state(), gpu1.process()) == before
    assert gpu1.run("ls -A /opt/ollama").split() == ["0.32.15", "current"]


def test_a_wrong_checksum_is_refused(untouched: Host) -> None:
    said = untouched.refusal(ollama_server_version="0.30.0", ollama_server_checksums={ARCHIVE: "0" * 64})
    assert f"did not match {'0' * 64}; it was " in said
    assert f"http://127.0.0.1:8080/v0.30.0/{ARCHIVE}" in said


@pytest.fixture
def truncated(gpu1: Host) -> Iterator[None]:
    """A mirror with half an archive and the checksum of that half."""
    gpu1.run(f"cp -a /srv/mirror/v0.30.0 /srv/kept && truncate --size=100000 {RELEASE}")
    gpu1.run("cd /srv/mirror/v0.30.0 && sha256sum ./*.zst > sha256sum.txt")
    yield
    gpu1.run("rm -r /srv/mirror/v0.30.0 && mv /srv/kept /srv/mirror/v0.30.0")


def test_a_truncated_archive_is_refused(untouched: Host, truncated: None) -> None:
    said = untouched.refusal(ollama_server_version="0.30.0")
    assert f"{ARCHIVE} cannot be unpacked: " in said


@pytest.fixture
def full(gpu1: Host) -> Iterator[str]:
    """A folder on a file system that has room for the archive, and not for what is in it."""
    gpu1.run("mkdir /srv/full && mount -t tmpfs -o size=400k none /srv/full")
    yield "/srv/full"
    gpu1.run("umount /srv/full && rmdir /srv/full")


def test_a_full_disk_is_named_and_cleared(untouched: Host, full: str) -> None:
    said = untouched.refusal(ollama_server_version="0.30.0", ollama_server_release_dest=full)
    assert "cannot be unpacked: " in said
    assert "No space left on device" in said
    assert untouched.run(f"ls -A {full}") == ""


HOSTILE = r"""#!/bin/sh
touch /etc/ran /opt/ollama/ran /srv/ran /var/tmp/ran
echo "shadow: $(cat /etc/shadow 2>&1)"
grep -E '^(Uid|CapBnd|NoNewPrivs):' /proc/self/status
"""


@pytest.fixture
def hostile(gpu1: Host) -> Iterator[None]:
    """A mirror with an archive whose program is a script, and one of whose files would run as root, whoever starts it."""
    gpu1.run("mkdir -p /srv/mirror/v0.31.0 /srv/new && tar -xf /srv/mirror/v0.30.0/*.zst -C /srv/new")
    gpu1.run(f"cat >/srv/new/bin/ollama <<'END'\n{HOSTILE}END")
    gpu1.run("cp /bin/sh /srv/new/lib/sh && chown 4242:4242 /srv/new/lib && chmod 6755 /srv/new/lib/sh && chmod 2777 /srv/new/lib")
    gpu1.run(f"tar -cf /srv/mirror/v0.31.0/{ARCHIVE} --auto-compress -C /srv/new . && cd /srv/mirror/v0.31.0 && sha256sum ./*.zst >sha256sum.txt")
    yield
    gpu1.run("rm -r /srv/mirror/v0.31.0 /srv/new")


def test_a_program_is_tried_without_rights_and_cut_off(untouched: Host, hostile: None) -> None:
    said = untouched.refusal(ollama_server_version="0.31.0")
    assert "the program of version 0.31.0 does not run as such on this host: " in said
    assert "CapBnd: 0000000000000000 NoNewPrivs: 1" in said
    assert "shadow: cat: /etc/shadow: Permission denied" in said
    assert "Uid: 0" not in said
    assert untouched.run("ls -d /etc/ran /opt/ollama/ran /srv/ran /var/tmp/ran 2>/dev/null || true") == ""


def test_nothing_that_was_unpacked_has_rights_of_its_own(gpu1: Host, hostile: None) -> None:
    gpu1.run("tar -xf /srv/mirror/v0.30.0/*.zst -C /srv/new ./bin && sed -i 's/0.30.0/0.31.0/' /srv/new/lib/ollama/ollama_stub/__init__.py")
    gpu1.run(f"tar -cf /srv/mirror/v0.31.0/{ARCHIVE} --auto-compress -C /srv/new . && cd /srv/mirror/v0.31.0 && sha256sum ./*.zst >sha256sum.txt")
    before = gpu1.process()
    outcome = gpu1.play(ollama_server_version="0.31.0", ollama_server_restart="never")
    assert outcome.status == 0, outcome.output
    assert gpu1.run("stat --format=%a /opt/ollama/0.31.0/lib/sh").strip() == "755"
    assert gpu1.run("find /opt/ollama/0.31.0 '(' -perm /7022 -not -type l ')' -o -not -user root -o -not -group root") == ""
    assert gpu1.process() == before
    assert gpu1.play().status == 0
    gpu1.run("rm -r /opt/ollama/0.31.0")


@pytest.fixture
def robber(gpu1: Host) -> Iterator[str]:
    """A folder of the server's user, in which that user has put a link to a folder of root's."""
    gpu1.run("install --directory --owner=ollama --group=ollama /var/lib/ollama/.ollama && install --directory --mode=700 /srv/precious")
    gpu1.run("runuser -u ollama -- ln -s /srv/precious /var/lib/ollama/.ollama/models")
    yield "/var/lib/ollama/.ollama/models"
    gpu1.run("rm -r /var/lib/ollama/.ollama /srv/precious")


@pytest.mark.parametrize("options", [["--check"], []])
def test_a_link_of_the_server_s_user_gives_nothing_away(gpu1: Host, robber: str, options: list[str]) -> None:
    before = gpu1.state()
    outcome = gpu1.play(*options, ollama_server_models=robber)
    assert f"{robber} is a link, in a folder that ollama may write to, and is not followed: name what it leads to" in outcome.output
    assert (outcome.status != 0, outcome.changed, gpu1.state()) == (True, [], before)
    assert gpu1.run("stat --format='%U %a' /srv/precious").strip() == "root 700"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"ollama_server_version": "0.9.1"}, "ollama_server_version '0.9.1' is too old"),
        ({"ollama_server_release_dest": "/var/lib/ollama/opt"}, "/var/lib/ollama may be written to by ollama, so that what is below it is not root's alone"),
        ({"ollama_server_release_url": "mirror"}, "ollama_server_release_url 'mirror' is no address"),
        ({"ollama_server_https_proxy": "proxy:3128"}, "ollama_server_https_proxy is 'proxy:3128', not the address of a proxy"),
        ({"ollama_server_models": "/root/models"}, "ollama_server_models is /root/models, but the user ollama of ollama.service may not write /root"),
    ],
)
def test_bad_settings_are_refused(untouched: Host, variables: dict[str, str], sentence: str) -> None:
    assert f'"{sentence}' in untouched.refusal(ollama_server_install="never" if "models" in sentence else "missing", **variables)


def test_another_release_is_predicted_installed_and_left_again(gpu1: Host) -> None:
    before = (gpu1.state(), gpu1.process())
    predicted = gpu1.play("--check", ollama_server_version="0.30.0")
    assert f"http://127.0.0.1:8080/v0.30.0/{ARCHIVE} would be installed" in predicted.output
    assert (gpu1.state(), gpu1.process()) == before
    assert gpu1.play(ollama_server_version="0.30.0").status == 0
    assert (gpu1.version(), gpu1.process() != before[1]) == ("0.30.0", True)
    assert gpu1.run("ls -A /opt/ollama").split() == ["0.30.0", "0.32.15", "current"]
    assert gpu1.play(ollama_server_version="0.30.0").changed == []
    assert gpu1.play().status == 0  # from what is there still, without a download
    assert gpu1.version() == "0.32.15"


@pytest.fixture(scope="module")
def theirs(vendors: Host) -> str:
    """Somebody's own wait for the GPUs, under a name of this role's."""
    unit = "[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/true\\n"
    vendors.run(f"printf '{unit}' > {GPU_UNIT} && systemctl daemon-reload && systemctl start ollama-gpu-ready.service")
    return vendors.run(f"cat {GPU_UNIT}")


@pytest.mark.parametrize("install", ["missing", "takeover"])
def test_what_others_made_is_refused_by_name_before_anything_is_changed(vendors: Host, theirs: str, install: str) -> None:
    before = vendors.state()
    outcome = vendors.play(ollama_server_install=install, ollama_server_models=None)
    assert f"{GPU_UNIT} (without the role's mark): not made by the role ollama_server, which would overwrite it" in outcome.output
    assert (outcome.status != 0, outcome.changed, vendors.state()) == (True, [], before)


def test_what_the_vendor_installed_is_left_alone(vendors: Host, theirs: str) -> None:
    before = vendors.run("cat /etc/systemd/system/ollama.service")
    outcome = vendors.play(ollama_server_takeover=True)
    assert outcome.status == 0, outcome.output
    assert "so that the Ollama of this host stays as it is (ollama_server_install: takeover replaces it)" in outcome.output
    assert vendors.run("cat /etc/systemd/system/ollama.service") == before
    assert vendors.run("ls /opt").split() == []
    assert vendors.run(f"cat {GPU_UNIT}.before-keepwarm") == theirs


def test_what_the_vendor_installed_is_taken_over_with_its_models(vendors: Host) -> None:
    models = vendors.models()
    before = vendors.run("cat /etc/systemd/system/ollama.service")
    expected = vendors.play("--check", "--diff", ollama_server_install="takeover", ollama_server_models=None)
    assert expected.status == 0, expected.output
    assert "+ExecStart=/opt/ollama/current/bin/ollama serve" in expected.output
    assert "ollama.service would restart with the program and the unit of this role, which unloads whatever is resident" in expected.output
    outcome = vendors.play(ollama_server_install="takeover", ollama_server_models=None)
    assert outcome.status == 0, outcome.output
    assert "/opt/ollama/current/bin/ollama" in vendors.run("cat /etc/systemd/system/ollama.service")
    assert vendors.run("cat /etc/systemd/system/ollama.service.before-keepwarm") == before
    assert (vendors.models(), "tiny-a:latest" in models) == (models, True)
    assert vendors.play(ollama_server_install="takeover", ollama_server_models=None).changed == []


def test_the_vendor_s_unit_comes_back_when_the_role_goes(vendors: Host, theirs: str) -> None:
    models, unit = vendors.models(), vendors.run("cat /etc/systemd/system/ollama.service.before-keepwarm")
    gone = {"ollama_server_state": "absent", "ollama_server_install": "takeover", "ollama_server_models": None}
    refused = vendors.play(**gone, ollama_server_restart="never")
    assert "ollama.service runs what would be removed, and ollama_server_restart is never: stop it first, or set that to auto." in refused.output
    assert (refused.status != 0, refused.changed) == (True, [])
    outcome = vendors.play(**gone)
    assert outcome.status == 0, outcome.output
    assert (vendors.run("cat /etc/systemd/system/ollama.service"), vendors.run("ls /opt").split()) == (unit, [])
    assert (vendors.models(), vendors.run("systemctl is-active ollama.service").strip()) == (models, "active")
    assert (vendors.run(f"cat {GPU_UNIT}"), vendors.run("systemctl is-active ollama-gpu-ready.service").strip()) == (theirs, "active")
    assert vendors.play(**gone).changed == []
