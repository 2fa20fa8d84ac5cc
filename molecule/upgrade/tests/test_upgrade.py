# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is no good, one that is, and controllers that die: each play is a fixture that asks for the one before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from conftest import NAMES, RECORD, Host, Look, hooks
from shared.machine import Outcome

Fleet = dict[str, Host]
Run = Callable[..., Outcome]
OLD, NEW, BROKEN, LYING = "0.30.0", "0.32.15", "0.33.0", "0.34.0"
PINS = ("tiny-a:latest",)
UNDECLARED = (("tiny-b:latest", 512),)


def put_back(version: str) -> str:
    return f"Put ollama_server_version back to {OLD} where it is declared, since keepwarm.ollama.site would install {version} again."


def looks(fleet: Fleet) -> dict[str, Look]:
    return {name: host.look() for name, host in fleet.items()}


@pytest.fixture(scope="module")
def virgin(fleet: Fleet) -> dict[str, Look]:
    found = looks(fleet)
    assert {(look.version, look.releases, look.resident) for look in found.values()} == {(OLD, (OLD, "current"), PINS)}
    return found


REFUSED = {
    "vendors": ({"ollama_server_install": "never"}, "ollama_server_install is never, so that the Ollama of this host is not this role's to upgrade: "),
    "another": ({"ollama_server_unit": "mirror.service"}, "/etc/systemd/system/mirror.service is not this role's: "),
    "nowhere": ({"ollama_server_unit": "nowhere.service"}, "This host has no nowhere.service to upgrade: "),
    "unseen": (
        {"ollama_server_version": NEW, "ollama_warmup_url": "http://127.0.0.1:1"},
        f"The upgrade of Ollama to {NEW} failed: it cannot be seen which models ollama.service has in memory: no Ollama server answers at"
        " http://127.0.0.1:1: Connection refused. Nothing that runs on this host was changed.",
    ),
    "hookless": ({"keepwarm_before_upgrade": "/nowhere/drain.yml"}, "/nowhere/drain.yml: no such file on the controller, but keepwarm_before_upgrade"),
}


def test_what_cannot_be_upgraded_is_refused_in_one_sentence(virgin: dict[str, Look], refusals: Callable[..., Outcome], fleet: Fleet) -> None:
    outcome = refusals({name: variables for name, (variables, dummy) in REFUSED.items()})
    assert {name: outcome.messages[name][: len(said)] for name, (dummy, said) in REFUSED.items()} == {name: said for name, (dummy, said) in REFUSED.items()}
    assert (outcome.changed, fleet["gpu1"].look()) == ([], virgin["gpu1"])


@pytest.fixture(scope="module")
def checked(virgin: dict[str, Look], fleet: Fleet, run: Run) -> tuple[Outcome, list[list[str]]]:
    with fleet["gpu1"].without_passes() as host:
        before = host.state()
        return run("upgrade", NEW, "--check", "--limit=gpu1"), [before, host.state()]


def test_check_mode_says_what_it_would_download_restart_and_unload(checked: tuple[Outcome, object]) -> None:
    outcome = checked[0]
    assert outcome.status == 0, outcome.output
    assert outcome.output.count(f"http://127.0.0.1:8080/v{NEW}/ollama-linux-amd64.tar.zst would be installed") == 1
    warned = " ".join(outcome.output.split())
    assert (
        "[WARNING]: ollama.service restarts, which unloads tiny-a:latest:"
        f" the running server is of the release {OLD}, but {NEW} is installed"
    ) in warned


def test_check_mode_changes_nothing(checked: tuple[object, list[list[str]]]) -> None:
    before, after = checked[1]
    assert after == before


@pytest.fixture(scope="module")
def dead_undoing(checked: object, run: Run) -> list[str]:
    """A release that cannot serve, and a controller that dies when files and release are put back, and the server is not restarted yet."""
    run("upgrade", BROKEN, die_at="Ask how each server runs")
    return hooks()


def test_a_host_in_the_middle_of_an_upgrade_is_not_for_site(dead_undoing: list[str], run: Run) -> None:
    assert dead_undoing == ["before gpu1"]
    outcome = run("site", OLD, "--limit=gpu1")
    assert f"The upgrade of this host's Ollama from {OLD} to {BROKEN}, begun 20" in outcome.messages["gpu1"]
    assert outcome.messages["gpu1"].endswith("was interrupted: run keepwarm.ollama.upgrade for it, which finishes or undoes it.")
    assert outcome.changed == []


def test_check_mode_says_that_a_run_would_go_on_undoing_it(dead_undoing: list[str], run: Run) -> None:
    outcome = run("upgrade", BROKEN, "--check", "--limit=gpu1")
    assert (outcome.status, hooks()) == (0, []), outcome.output
    assert f"A run would go on undoing the upgrade of Ollama to {BROKEN}, which failed: ollama.service is " in outcome.output
    assert f"Ollama {OLD} would serve again, with tiny-a in memory. Nothing was changed." in outcome.output


@pytest.fixture(scope="module")
def undone(dead_undoing: list[str], run: Run) -> tuple[Outcome, list[str]]:
    return run("upgrade", BROKEN), hooks()


def test_the_next_run_goes_on_undoing_it(undone: tuple[Outcome, list[str]], fleet: Fleet) -> None:
    outcome, called = undone
    said = outcome.messages["gpu1"]
    # What systemd made of a server that ends as soon as it is started depends on the moment.
    assert said.startswith(f"The upgrade of Ollama to {BROKEN} failed: ollama.service is ")
    assert "did not answer http://127.0.0.1:11434/api/version within 10 s" in said
    assert said.endswith(f"It was undone, and Ollama {OLD} serves again, with tiny-a in memory. {put_back(BROKEN)}")
    assert called == ["after gpu1"]
    look = fleet["gpu1"].look()
    assert (look.version, look.current, look.resident, look.releases) == (OLD, OLD, PINS, (OLD, BROKEN, "current"))


def test_a_release_that_fails_the_canary_comes_to_no_other_host(undone: tuple[Outcome, list[str]], virgin: dict[str, Look], fleet: Fleet) -> None:
    assert (undone[0].status != 0, undone[0].hosts) == (True, ["gpu1"])
    assert [name for name in NAMES if fleet[name].look() != virgin[name]] == ["gpu1"]


@pytest.fixture(scope="module")
def spilling(fleet: Fleet) -> None:
    """One host's mirror has a build that finds little VRAM."""
    fleet["gpu3"].run("rm -r /srv/mirror/v0.32.15 && mv /srv/spilling/v0.32.15 /srv/mirror/")


@pytest.fixture(scope="module")
def full(fleet: Fleet) -> Iterator[None]:
    """One host's releases are on a disk that has room for the archive of another one, and not for what is in it."""
    size = f"$(( $(du -sk /opt/ollama | cut -f1) + 2 * $(du -k /srv/mirror/v{NEW}/*.zst | cut -f1) ))k"
    fleet["gpu4"].run(f"cp -a /opt/ollama /srv/kept && mount -t tmpfs -o size={size} none /opt/ollama && cp -a /srv/kept/. /opt/ollama")
    yield
    fleet["gpu4"].run("umount /opt/ollama")


@pytest.fixture(scope="module")
def undeclared(fleet: Fleet) -> None:
    """On a host whose upgrade will be good, and on one whose upgrade will not, a model is in memory that nobody declared."""
    for name in ("gpu2", "gpu3"):
        fleet[name].load_undeclared()
        assert fleet[name].look().undeclared == UNDECLARED


@pytest.fixture(scope="module")
def dead_upgrading(undone: object, spilling: None, full: None, undeclared: None, run: Run) -> list[str]:
    """A controller that dies when the new release is current, and the server is not restarted yet."""
    run("upgrade", NEW, die_at="Restart the server")
    return hooks()


def test_a_host_goes_on_serving_while_nobody_finishes_its_upgrade(dead_upgrading: list[str], fleet: Fleet) -> None:
    look = fleet["gpu1"].look()
    assert (look.version, look.current, look.resident, dead_upgrading) == (OLD, NEW, PINS, ["before gpu1"])
    assert fleet["gpu1"].run(f"stat --format='%a %U' {RECORD}").split() == ["600", "root"]


def test_a_host_whose_upgrade_nobody_finishes_stays_out_of_service(dead_upgrading: list[str], fleet: Fleet) -> None:
    assert fleet["gpu1"].run("ollama-warmup ready || true") == "drain"
    assert "Ollama is being upgraded; 'ollama-warmup undrain' ends it" in fleet["gpu1"].run("ollama-warmup status --no-color || true")


@pytest.fixture(scope="module")
def upgraded(dead_upgrading: list[str], run: Run) -> tuple[Outcome, list[str]]:
    return run("upgrade", NEW), hooks()


def test_the_next_run_finishes_the_upgrade_of_the_canary(upgraded: tuple[Outcome, list[str]], fleet: Fleet) -> None:
    look = fleet["gpu1"].look()
    assert (look.version, look.resident, look.releases) == (NEW, PINS, (OLD, NEW, "current")), upgraded[0].output


def test_the_good_host_of_the_next_batch_is_upgraded(upgraded: tuple[Outcome, list[str]], fleet: Fleet) -> None:
    look = fleet["gpu2"].look()
    assert (look.version, look.resident, look.releases) == (NEW, PINS, (OLD, NEW, "current"))


def test_a_model_that_spills_has_its_host_go_back(upgraded: tuple[Outcome, list[str]], fleet: Fleet) -> None:
    said = upgraded[0].messages["gpu3"]
    assert said.startswith(f"The upgrade of Ollama to {NEW} failed: only ")
    assert said.endswith(f"% of tiny-a is in VRAM; it was 100 % before. It was undone, and Ollama {OLD} serves again, with tiny-a in memory. {put_back(NEW)}")
    look = fleet["gpu3"].look()
    assert (look.version, look.current, look.resident, look.releases) == (OLD, OLD, PINS, (OLD, NEW, "current"))


def test_models_that_nobody_declared_are_back_after_an_upgrade_and_after_its_undoing(upgraded: object, fleet: Fleet) -> None:
    assert {name: fleet[name].look().undeclared for name in ("gpu2", "gpu3")} == {"gpu2": UNDECLARED, "gpu3": UNDECLARED}
    assert [fleet[name].run("ls /var/lib/keepwarm-ollama/server || true") for name in ("gpu2", "gpu3")] == ["", ""]


def test_a_full_disk_leaves_its_host_as_it_was(upgraded: tuple[Outcome, list[str]], virgin: dict[str, Look], fleet: Fleet) -> None:
    said = upgraded[0].messages["gpu4"]
    assert said.startswith(f"The upgrade of Ollama to {NEW} failed: /opt/ollama/.downloads-{NEW}/ollama-linux-amd64.tar.zst cannot be unpacked: ")
    assert "No space left on device" in said
    assert said.endswith("Nothing that runs on this host was changed.")
    assert fleet["gpu4"].look() == virgin["gpu4"]


def test_the_play_ends_with_the_batch_that_had_failures(upgraded: tuple[Outcome, list[str]], virgin: dict[str, Look], fleet: Fleet) -> None:
    outcome = upgraded[0]
    assert (outcome.status != 0, outcome.hosts) == (True, ["gpu1", "gpu2", "gpu3", "gpu4"])
    assert {name: fleet[name].look() for name in ("gpu5", "gpu6")} == {name: virgin[name] for name in ("gpu5", "gpu6")}


def test_every_host_that_left_service_is_back(upgraded: tuple[Outcome, list[str]]) -> None:
    called = upgraded[1]
    assert sorted(called) == sorted(f"{word} gpu{number}" for word in ("before", "after") for number in (1, 2, 3))
    assert [called.index(f"before {name}") < called.index(f"after {name}") for name in ("gpu1", "gpu2", "gpu3")] == [True] * 3


def test_every_host_is_ready_again_whatever_became_of_its_upgrade(upgraded: object, fleet: Fleet) -> None:
    assert {fleet[name].run("ollama-warmup ready || true") for name in fleet} == {"resident"}


def test_another_run_over_upgraded_hosts_changes_nothing(upgraded: tuple[Outcome, list[str]], fleet: Fleet, run: Run) -> None:
    with fleet["gpu1"].without_passes() as first, fleet["gpu2"].without_passes() as second:
        before = [first.state(), second.state()]
        outcome = run("upgrade", NEW, "--limit=gpu1,gpu2")
        assert (outcome.status, outcome.changed, hooks()) == (0, [], []), outcome.output
        assert [first.state(), second.state()] == before


def test_a_release_that_says_it_is_the_old_one_is_taken_back_all_the_same(upgraded: object, virgin: dict[str, Look], fleet: Fleet, run: Run) -> None:
    outcome = run("upgrade", LYING, "--limit=gpu6")
    said = outcome.messages["gpu6"]
    assert said.startswith(f"The upgrade of Ollama to {LYING} failed: the running server is of the release {OLD}, but {LYING} is installed")
    assert said.endswith(f"It was undone, and Ollama {OLD} serves again, with tiny-a in memory. {put_back(LYING)}")
    look, host = fleet["gpu6"].look(), fleet["gpu6"]
    assert (look.current, look.resident, look.start != virgin["gpu6"].start) == (OLD, PINS, True)
    assert LYING not in host.run("ls -l /proc/$(systemctl show --property=MainPID --value ollama.service)/fd")
