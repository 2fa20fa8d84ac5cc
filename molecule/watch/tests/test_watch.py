# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever ends a runner, the model is back without any timer. All is asked of the server, the kernel and systemd."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from conftest import Watched
from shared.gpu import PINS, SERVER, WATCH, eventually

ENOUGH = 10  # three at once, then after 2, 4 and 8 seconds, and some reserve

KILLER = """
while sleep 0.1; do
    for pid in $(sed -n "s/^Pid:[[:space:]]*//p" /proc/$(cat /run/killer.watch)/fdinfo/*); do
        grep -q $(cat /run/killer.blob) /proc/$pid/cmdline && kill -KILL $pid
    done
done
"""


@pytest.fixture
def dying(gpu: Watched) -> Iterator[Watched]:
    """A runner of tiny-a dies as soon as it is watched, again and again: after its load, however long that took."""
    blob = gpu.run("ollama show --modelfile tiny-a | sed -n 's/^FROM .*sha256-//p'").strip()
    gpu.door("counters", "reset=true")
    gpu.run(f"echo {gpu.process} > /run/killer.watch && echo {blob} > /run/killer.blob && echo '{KILLER}' > /run/killer.sh")
    gpu.run("systemd-run --quiet --unit=killer sh /run/killer.sh")
    yield gpu
    gpu.host.run("systemctl stop killer")


def test_a_killed_runner_is_revived(gpu: Watched) -> None:
    before = gpu.runner("tiny-a")
    gpu.run(f"kill -KILL {before}")
    eventually(lambda: gpu.runner("tiny-a") not in ("", before) and gpu.is_as_before())


def test_a_watch_whose_folder_was_removed_hears_of_a_pass_again(gpu: Watched) -> None:
    """A runner that a pass loads is watched only if the pass is heard of, hence the second one."""
    gpu.run("rm --recursive /run/ollama-warmup/default")
    for dummy in range(2):
        before = gpu.runner("tiny-a")
        gpu.run(f"kill -KILL {before}")
        eventually(lambda before=before: gpu.runner("tiny-a") not in ("", before) and gpu.is_as_before())
    assert gpu.run("stat --format=%F /run/ollama-warmup/default/watch") == "fifo"


def test_a_client_that_unloads_is_overruled(gpu: Watched) -> None:
    before = gpu.runner("tiny-a")
    gpu.ask("tiny-a", "0s")
    eventually(lambda: gpu.runner("tiny-a") not in ("", before) and gpu.is_as_before())


def test_an_evicted_model_is_back_and_what_pushed_it_out_is_not(gpu: Watched) -> None:
    before = {gpu.runner(name) for name in PINS}
    gpu.ask("tiny-b", "10m")
    eventually(lambda: {gpu.runner(name) for name in PINS} - before != {""} and gpu.is_as_before())
    assert set(gpu.listed()) == set(PINS)


def test_a_killed_server_is_warm_and_watched_again(gpu: Watched) -> None:
    before = gpu.show(SERVER, "MainPID")
    gpu.run(f"systemctl kill --signal=KILL --kill-whom=main {SERVER}")
    eventually(lambda: gpu.show(SERVER, "MainPID") not in (before, ["0"]) and gpu.is_warm() and gpu.watches_all())
    killed = gpu.runner("embed")
    gpu.run(f"kill -KILL {killed}")
    eventually(lambda: gpu.runner("embed") not in ("", killed) and gpu.is_warm())


def test_a_restarted_server_is_watched_again(gpu: Watched) -> None:
    gpu.run(f"systemctl restart {SERVER}")
    eventually(lambda: gpu.is_warm() and gpu.watches_all())


def test_a_server_that_an_operator_stopped_stays_stopped_and_is_watched_when_it_is_back(gpu: Watched) -> None:
    watch = gpu.process
    gpu.run(f"systemctl stop {SERVER}")
    eventually(gpu.watched, set())
    eventually(gpu.is_asleep)
    assert gpu.show(SERVER, "ActiveState") == ["inactive"]
    assert gpu.run("systemctl list-units --failed --plain --no-legend") == ""
    gpu.run(f"systemctl start {SERVER}")
    eventually(gpu.is_as_before)
    assert gpu.process == watch


def test_a_runner_that_keeps_dying_is_no_loop_of_loads_and_does_not_hold_up_another(dying: Watched) -> None:
    eventually(lambda: dying.door("counters")["loads"].get("tiny-a:latest", 0) >= 3)
    before = dying.runner("embed")
    dying.run(f"kill -KILL {before}")
    eventually(lambda: dying.runner("embed") not in ("", before))
    time.sleep(10)  # what is measured is how much happens meanwhile
    assert dying.door("counters")["loads"]["tiny-a:latest"] <= ENOUGH
    dying.run("systemctl stop killer")
    eventually(dying.is_as_before)
    assert dying.run("systemctl list-units --failed --plain --no-legend") == ""
    assert dying.show("ollama-warmup-wake.path", "ActiveState") == ["active"]


def test_one_end_leads_to_one_pass_and_at_most_a_healthy_one_after_it(gpu: Watched) -> None:
    gpu.door("counters", "reset=true")
    gpu.run(f"kill -KILL {gpu.runner('tiny-a')}")
    eventually(lambda: gpu.door("counters")["loads"].get("tiny-a:latest") == 1 and gpu.is_as_before())
    gpu.door("counters", "reset=true")
    time.sleep(3)  # what is measured is that nothing happens meanwhile
    assert gpu.door("counters")["requests"] == {}


def test_it_costs_nothing_while_nothing_happens(gpu: Watched) -> None:
    def spent() -> list[str]:
        ticks = gpu.run(f"cut -d' ' -f14,15 /proc/{gpu.process}/stat")
        return [ticks, gpu.run(f"grep ctxt_switches /proc/{gpu.process}/status")]

    before = spent()
    time.sleep(5)  # what is measured is what it does meanwhile
    assert spent() == before


def test_it_is_small(gpu: Watched) -> None:
    resident = gpu.run(f"grep ^Pss: /proc/{gpu.process}/smaps_rollup")
    assert int(resident.split()[1]) < 16 * 1024


def test_systemd_calls_the_exposure_low(gpu: Watched) -> None:
    line = next(line for line in gpu.run(f"systemd-analyze security --no-pager {WATCH}").splitlines() if "Overall" in line)
    assert float(line.split(":")[1].split()[0]) <= 2.0


def test_it_may_open_no_socket_of_any_kind(gpu: Watched) -> None:
    gpu.run("mkdir -p /run/systemd/system/ollama-warmup-watch.service.d")
    for family in ("AF_UNIX", "AF_INET"):
        program = f"import socket; socket.socket(socket.{family})"
        gpu.run(
            f"printf '[Service]\\nType=oneshot\\nRestart=no\\nExecStart=\\nExecStart=/usr/bin/python3 -c \"{program}\"\\n'"
            " > /run/systemd/system/ollama-warmup-watch.service.d/test.conf"
        )
        cursor = gpu.cursor()
        refused = gpu.host.run(f"systemctl daemon-reload; systemctl restart {WATCH}")
        gpu.run("journalctl --sync")
        assert (refused.rc, "Address family not supported by protocol" in gpu.journal(cursor, WATCH)) == (1, True)
    gpu.run(f"rm -r /run/systemd/system/ollama-warmup-watch.service.d && systemctl daemon-reload && systemctl restart {WATCH}")
