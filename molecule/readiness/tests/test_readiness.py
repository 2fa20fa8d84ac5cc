# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests go where models are resident. Nothing here looks at a clock: a balancer that has noticed sends nothing there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import BALANCERS, GATEWAY, HTTP, Fleet, Server
from shared.gpu import eventually

READY = "/run/ollama-warmup/{name}/ready"
OTHERS = {"one", "three"}


def counts_after(fleet: Fleet, port: int, count: int = 12) -> dict[str, int]:
    """How many of these requests each server got; all were answered."""
    before = fleet.requests()
    assert fleet.send(port, count) == [200] * count
    return {name: number - before[name] for name, number in fleet.requests().items()}


@pytest.mark.parametrize("balancer", BALANCERS)
def test_every_ready_server_gets_requests(fleet: Fleet, balancer: str) -> None:
    found = counts_after(fleet, BALANCERS[balancer])
    assert set(found) == set(fleet) and sum(found.values()) == 12 and min(found.values()) > 0


def test_it_answers_for_one_model_and_for_all(fleet: Fleet) -> None:
    for port in (HTTP["one"], GATEWAY):
        assert [fleet["one"].says(path, port) for path in ("", "/tiny-a", "/library/Tiny-A:latest", "/%65mbed", "/other", "/a%20b", "/%ff")] == [
            *[(200, "resident")] * 4, *[(503, "not_declared")] * 3,
        ]  # fmt: skip
    assert fleet.gpu.run("curl --silent --globoff 'http://[::1]:11502/ready'") == "resident"
    assert fleet.gpu.run(f"curl --silent --output /dev/null --write-out '%{{http_code}}' --data x http://127.0.0.1:{GATEWAY}/ready") == "405"
    assert [fleet[name].agent() for name in fleet] == ["up ready"] * 3


SILENT = """
import socket, urllib.request
held = [socket.create_connection(("127.0.0.1", {port}), 10) for _ in range(300)]
print(urllib.request.urlopen("http://127.0.0.1:{port}/ready", timeout=10).read().decode(), end="")
"""


def test_clients_that_say_nothing_take_nobody_out_of_service(fleet: Fleet) -> None:
    assert fleet.gpu.run(f"python3 -c '{SILENT.format(port=HTTP['one'])}'") == "resident"


def test_a_probe_asks_the_server_nothing(fleet: Fleet) -> None:
    before = {name: fleet[name].door("counters")["requests"] for name in fleet}
    passes = fleet.gpu.run("systemctl show --property=InvocationID --value 'ollama-warmup@*.service'")
    for name in fleet:
        assert {fleet[name].says()[0] for _turn in range(5)} == {200}
    assert fleet["one"].says(port=GATEWAY) == (200, "resident")
    if fleet.gpu.run("systemctl show --property=InvocationID --value 'ollama-warmup@*.service'") == passes:
        assert {name: fleet[name].door("counters")["requests"] for name in fleet} == before


def test_no_request_meets_a_model_cold(fleet: Fleet) -> None:
    """A runner is killed, and the load that the watch has begun does not come to its end. The other model of that server stays ready."""
    two = fleet["two"]
    two.door("tune", "load_seconds=600")
    try:
        two.kill_runner()
        eventually(fleet.in_service, [OTHERS] * 2)
        assert two.says()[0] == two.says("/tiny-a")[0] == 503
        assert two.says("/embed") == (200, "resident")
        assert two.agent().startswith("down #")
        for port in BALANCERS.values():
            assert counts_after(fleet, port)["two"] == 0
    finally:
        fleet.gpu.run(f"systemctl restart {two.unit}")
    eventually(fleet.in_service, [set(fleet)] * 2)


ORDERS: dict[str, tuple[Callable[[Server], None], Callable[[Server], None], str, str]] = {
    "hold": (lambda server: server.command("hold 1h --reason cables"), lambda server: server.command("release"), "hold", "drain"),
    "drain": (lambda server: server.command("drain 1h"), lambda server: server.command("undrain"), "drain", "drain"),
    "stop": (
        lambda server: str(server.gpu.run(f"systemctl stop {server.unit}")) and None,
        lambda server: str(server.gpu.run(f"systemctl start {server.unit}")) and None,
        "stopped",
        "down #stopped",
    ),
}


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_counts_at_once(fleet: Fleet, order: str) -> None:
    """No waiting before the first look: the word is there when the command has returned."""
    begin, end, word, agent = ORDERS[order]
    one = fleet["one"]
    begin(one)
    try:
        assert (one.all_say(), one.agent(), one.says("/tiny-a")) == ({word}, agent, (503, word))
        assert one.says(port=GATEWAY) == (503, word)
        eventually(fleet.in_service, [{"two", "three"}] * 2)
        for port in BALANCERS.values():
            assert counts_after(fleet, port)["one"] == 0 if order != "stop" else fleet.send(port, 3) == [200] * 3
    finally:
        end(one)
    eventually(one.all_say, {"resident"})


def test_a_restart_takes_back_what_was_proved_before(fleet: Fleet) -> None:
    """By systemd's word alone: the agent cannot read its configuration meanwhile, and so writes nothing."""
    one = fleet["one"]
    fleet.gpu.run("mv /etc/ollama-warmup/one.json /etc/ollama-warmup/one.aside")
    try:
        fleet.gpu.run(f"systemctl restart {one.unit}")
        eventually(lambda: fleet.gpu.show("ollama-warmup@one.service", "ActiveState"), ["failed"])  # a start of one that runs would be no other
        assert (one.all_say(), one.agent(), one.says("/tiny-a")) == ({"restarted"}, "down #restarted", (503, "restarted"))
    finally:
        fleet.gpu.run("mv /etc/ollama-warmup/one.aside /etc/ollama-warmup/one.json && systemctl start ollama-warmup@one.service")
    eventually(one.all_say, {"resident"})


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        ("sed -i -E '2s/^ready resident ([0-9]+) ([0-9]+) [0-9]+/ready resident \\1 \\2 \\2/' FILE", "stale"),
        ("sed -i -E '2s/^ready resident [0-9]+/ready resident 1/' FILE", "stale"),
        ("head -c 5000 /dev/urandom > FILE", "unreadable"),
        ("printf 'keepwarm-ready 1\\nready resident\\n' > FILE", "unreadable"),
        ("chown nobody FILE", "unreadable"),
        ("chmod g+w FILE", "unreadable"),
        ("mv FILE FILE.real && ln -s FILE.real FILE", "unreadable"),
        ("rm FILE && mkfifo FILE", "unreadable"),
        ("rm FILE", "unreadable"),
    ],
)
def test_a_file_that_does_not_count_is_not_ready(fleet: Fleet, spoil: str, word: str) -> None:
    one = fleet["one"]
    file = READY.format(name="one")
    fleet.gpu.run("systemctl stop ollama-warmup@one.timer")
    try:
        fleet.gpu.run(spoil.replace("FILE", file))
        assert (one.all_say(), one.agent()) == ({word}, f"down #{word}")
    finally:
        fleet.gpu.run(f"rm -rf {file} {file}.real; systemctl start ollama-warmup@one.timer")
    eventually(one.all_say, {"resident"})


def test_nobody_but_the_agent_and_root_can_write_where_it_is(fleet: Fleet) -> None:
    for name in fleet:
        assert fleet.gpu.run(f"stat --format='%U %a' /run/ollama-warmup /run/ollama-warmup/{name} {READY.format(name=name)}").splitlines() == [
            "root 755", "ollama-warmup 755", "ollama-warmup 644",
        ]  # fmt: skip


def test_the_program_that_answers_is_confined(fleet: Fleet) -> None:
    unit = "ollama-warmup-ready@one.service"
    assert fleet["one"].says()[0] == 200
    assert fleet.gpu.show(unit, "ActiveState", "DynamicUser", "PrivateNetwork") == ["active", "yes", "yes"]
    exposure = float(fleet.gpu.run(f"systemd-analyze security --no-pager {unit} | tail -1").split(":")[1].split()[0])
    assert exposure < 1.5


def test_a_program_that_was_killed_is_back_with_the_next_probe(fleet: Fleet) -> None:
    one = fleet["one"]
    assert one.says() == (200, "resident")
    fleet.gpu.run("systemctl kill --signal=KILL ollama-warmup-ready@one.service")
    eventually(one.says, (200, "resident"))
