# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models on the disk, as the server lists them; what was fetched, as the registry logged it."""

from __future__ import annotations

from conftest import HEAVY, INVENTORY, Shelf, Task, model
from shared.gpu import eventually

SHELVED = "registry.example:5000/library/shelved:v1"
WANTED = {"models": [{"name": HEAVY, "insecure": True}], "progress_interval": 1}


def test_what_is_declared_is_there_and_resident_and_nothing_else(shelf: Shelf) -> None:
    assert sorted(shelf.installed()) == [SHELVED, "styled:latest"]
    assert shelf.pinned() == {SHELVED}


def test_a_stopped_server_goes_on_where_it_was_and_the_play_shows_how_far_it_is(shelf: Shelf) -> None:
    task = Task(**WANTED)
    eventually(lambda: any("% of 30.3 MB" in line for line in task.told.progress))
    shelf.midway()
    shelf.run("systemctl stop ollama.service")
    shelf.hurry()
    shelf.run("systemctl start ollama.service")
    told = task.end()
    assert told.result["changed"]
    first, second = shelf.spans()
    assert (first, second > 300_000) == (0, True)
    assert told.result["models"][0]["attempts"] > 1
    assert shelf.installed()[HEAVY] == told.result["models"][0]["after"]


def test_a_line_that_is_cut_goes_on_where_it_was(shelf: Shelf) -> None:
    task = Task(**WANTED)
    shelf.midway()
    shelf.hurry()
    shelf.run("systemctl restart docker-registry.service")
    told = task.end()
    first, *_retried, last = shelf.spans()
    assert (first, last > 300_000) == (0, True)
    assert told.result["models"][0]["attempts"] == 1, "the server itself takes it up again"


def test_a_client_that_was_killed_left_what_it_had(shelf: Shelf) -> None:
    shelf.run(f"""echo '{{"model": "{HEAVY}", "insecure": true}}' > /tmp/pull.json""")
    shelf.run("systemd-run --quiet --unit=client curl --silent http://127.0.0.1:11434/api/pull --data @/tmp/pull.json")
    shelf.midway()
    shelf.run("systemctl kill --signal=SIGKILL client.service")
    shelf.hurry()
    assert model(**WANTED).result["changed"]
    assert shelf.spans()[-1] > 300_000
    again = model(**WANTED).result
    assert (again["changed"], again["models"][0]["action"]) == (False, "none")


def test_names_that_the_registry_does_not_have(shelf: Shelf) -> None:
    before = shelf.installed()
    for name in (HEAVY.replace("heavy", "heavi"), HEAVY.replace(":v1", ":v9")):
        wanted = {"models": [{"name": name, "insecure": True}]}
        assert "there is no such model or tag" in model("--check", **wanted).result["msg"]
        assert "pull model manifest: file does not exist" in model(**wanted).result["msg"]
    assert shelf.installed() == before


def test_a_full_disk(shelf: Shelf) -> None:
    shelf.hurry()
    shelf.run("mkdir --parents /mnt/small && mount -t tmpfs -o size=8m tmpfs /mnt/small")
    environment = "--setenv=OLLAMA_HOST=127.0.0.1:11999 --setenv=OLLAMA_MODELS=/mnt/small --setenv=HOME=/mnt/small"
    shelf.run(f"systemd-run --quiet --unit=ollama-small {environment} /usr/local/bin/ollama serve")
    shelf.run("curl --fail --silent --retry 60 --retry-delay 1 --retry-connrefused http://127.0.0.1:11999/api/version")
    told = model(url="http://127.0.0.1:11999", **WANTED).result
    shelf.run("systemctl stop ollama-small.service && umount /mnt/small")
    assert "no space left on device" in told["msg"]
    assert told["models"][0]["attempts"] == 1, "it would not help to try again"


def test_check_mode_lists_what_would_be_pruned_and_then_that_goes(shelf: Shelf) -> None:
    shelf.run("ollama cp styled stray && ollama cp styled styled:v2")
    wanted = {"models": [{"name": SHELVED}, {"name": "styled"}], "prune": "unlisted"}
    expected = model("--check", "--diff", **wanted)
    names = [entry["name"] for entry in expected.result["removed"]]
    assert names == ["stray:latest", "styled:v2"]
    assert all(f"-{name}: " in expected.output for name in names)
    assert "stray:latest" in shelf.installed()
    assert model(**wanted).result["removed"] == expected.result["removed"]
    assert sorted(shelf.installed()) == [SHELVED, "styled:latest"]


def test_a_declared_model_that_is_pulled_anew_is_loaded_anew(shelf: Shelf) -> None:
    old = shelf.listed()[SHELVED]["digest"]
    tags = shelf.run("find /var/lib/docker-registry -path '*/shelved/_manifests/tags'").strip()
    shelf.run(f"cp --recursive --no-target-directory {tags}/v2 {tags}/v1")  # v1 is from now on what v2 is
    play = ["ansible-playbook", *INVENTORY, "--extra-vars=ollama_model_pull_state=latest", "keepwarm.ollama.site"]
    recap = shelf.play(*play)
    assert "changed=0" not in recap
    listed = shelf.listed()
    assert list(listed) == [SHELVED]
    assert listed[SHELVED]["digest"] == shelf.installed()[SHELVED] != old
    assert shelf.pinned() == {SHELVED}
    assert "changed=0" in shelf.play(*play)
