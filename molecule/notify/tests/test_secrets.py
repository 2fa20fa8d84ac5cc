# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses hold passwords, and nobody gets to see one."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest
from conftest import ENDPOINT, NOTIFIER, SECRET, Told
from shared.gpu import SCENARIO, SHARED, eventually

ON_ONE = pytest.mark.parametrize("told", ["gpu1"], indirect=True)  # what a play shows is the controller's
FILE = "/etc/ollama-warmup/default.notify-urls"


def play(told: Told, folder: pathlib.Path, *urls: object) -> tuple[int, str]:
    """The role with these addresses, as talkative as it gets: its status and all that it prints."""
    variables = folder / "variables.json"
    variables.write_text(json.dumps({"ollama_warmup_prove": False, "ollama_warmup_notify_urls": urls}))
    inventories = [f"--inventory={SHARED}/inventory.yml", f"--inventory={SHARED.parent}/{SCENARIO}/inventory.yml"]
    limit = told.name.rpartition("-")[2]
    command = ["ansible-playbook", *inventories, "-vvv", "--diff", f"--limit={limit}", "--extra-vars", f"@{variables}", str(SHARED / "warmup.yml")]
    environment = {**os.environ, "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3"}
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_the_agent_s_user_cannot_read_them(told: Told) -> None:
    user = "setpriv --reuid=ollama-warmup --regid=ollama-warmup --init-groups"
    assert told.host.run(f"{user} cat {FILE}").rc == 1
    assert told.run(f"stat --format='%U %G %a' {FILE}") == "root root 600"
    assert told.run(f"cat {FILE}").count(SECRET) == 2


def test_while_a_message_is_tried_no_process_file_or_log_shows_one(told: Told) -> None:
    told.run(f"systemctl stop {ENDPOINT}")
    cursor = told.cursor()
    assert told.host.run("ollama-warmup notify --test").rc == 1
    eventually(lambda: "event=notification_failed" in told.journal(cursor, NOTIFIER))
    sees = "setpriv --reuid=nobody --clear-groups"
    pattern = f"'{SECRET[:4]}[{SECRET[4]}]{SECRET[5:]}'"  # not found in its own command line
    assert told.host.run(f"cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | grep --text --count {pattern}").stdout.strip() == "0"
    assert told.host.run(f"{sees} grep --recursive --files-with-matches {pattern} /etc /run /tmp /usr/local /var /dev/shm 2>/dev/null").stdout == ""
    assert told.run("systemctl is-active " + NOTIFIER) == "active"
    told.run(f"systemctl start {ENDPOINT}")
    eventually(told.is_quiet)


@ON_ONE
def test_a_talkative_play_that_changes_them_shows_none(told: Told, tmp_path: pathlib.Path) -> None:
    changed = f"json://gpu:{SECRET}@127.0.0.1:8099/other-{SECRET}"
    status, output = play(told, tmp_path, changed)
    assert (status, SECRET in output) == (0, False)
    assert told.run(f"cat {FILE}") == f"# Ansible managed (keepwarm.ollama.ollama_warmup)\n{changed}"
    assert told.run(f"journalctl --quiet | grep --count {SECRET} || true") == "0"


@ON_ONE
@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (f"{SECRET} is a password", "ollama_warmup_notify_urls[1] is not an address: give an address in Apprise's form"),
        ({"url": f"json://{SECRET}"}, "ollama_warmup_notify_urls[1] is not an address: give an address in Apprise's form"),
        (f"nosuch://{SECRET}", "on this host does not understand ollama_warmup_notify_urls[1]: write it as"),
    ],
    ids=["text", "mapping", "service"],
)
def test_a_wrong_one_is_named_by_its_place_before_anything_is_changed(told: Told, tmp_path: pathlib.Path, url: object, sentence: str) -> None:
    before = told.run(f"find /etc /usr/local -newer {FILE} -type f; cat {FILE}")
    status, output = play(told, tmp_path, f"json://gpu:{SECRET}@127.0.0.1:8099/", url)
    assert (status != 0, SECRET in output, sentence in " ".join(output.split())) == (True, False, True)
    assert told.run(f"find /etc /usr/local -newer {FILE} -type f; cat {FILE}") == before
    assert told.run(f"journalctl --quiet | grep --count {SECRET} || true") == "0"
