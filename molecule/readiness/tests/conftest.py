# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three servers, asked by themselves, and what load balancers make of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shared.gpu import Gpu, eventually

PORTS = {"one": 11434, "two": 11441, "three": 11442}
HTTP = {"one": 11501, "two": 11502, "three": 11503}
AGENT = {"one": 11601, "two": 11602, "three": 11603}
GATEWAY = 11443
BACKENDS = ("tiny_a", "all_models")
BALANCERS = {"haproxy by http": 8001, "haproxy by agent": 8002, "nginx": 8003}
STATS = """
import socket, sys
with socket.socket(socket.AF_UNIX) as admin:
    admin.connect("/run/haproxy/admin.sock")
    admin.sendall(b"show stat\\n")
    sys.stdout.write(b"".join(iter(lambda: admin.recv(65536), b"")).decode())
"""
ASK_AGENT = "import socket; print(socket.create_connection(('127.0.0.1', {port}), 10).recv(100).decode(), end='')"


class Server:
    """One of them. gpu: the host."""

    def __init__(self, gpu: Gpu, name: str) -> None:
        self.gpu, self.name = gpu, name
        self.unit = f"ollama@{name}.service"

    def says(self, path: str = "", port: int = 0) -> tuple[int, str]:
        """Status and word of /ready."""
        url = f"http://127.0.0.1:{port or HTTP[self.name]}/ready{path}"
        word, _end, status = self.gpu.run(f"curl --silent --max-time 20 --write-out '%{{http_code}}' {url}").rpartition("\n")
        return int(status), word

    def agent(self) -> str:
        """What HAProxy's agent-check reads."""
        return self.gpu.run(f'python3 -c "{ASK_AGENT.format(port=AGENT[self.name])}"').strip()

    def all_say(self) -> set[str]:
        """What every reader says of the server: one word, if they agree."""
        program = self.gpu.host.run(f"ollama-warmup --instance {self.name} ready").stdout.strip()
        gateway = {self.says(port=GATEWAY)[1]} if self.name == "one" else set()
        return {self.says()[1], program, *gateway}

    def door(self, *words: str) -> Any:
        """An order through the stand-in's side door."""
        return json.loads(self.gpu.run(f"/usr/local/lib/ollama/ollama-stub-ctl --socket /usr/share/ollama/door-{self.name} {' '.join(words)}"))

    def command(self, words: str) -> None:
        """A command of the agent, for this server."""
        self.gpu.run(f"ollama-warmup --instance {self.name} {words}")

    def kill_runner(self, model: str = "tiny-a") -> None:
        """As the kernel does for want of memory."""
        blob = self.gpu.run(f"ollama show --modelfile {model} | sed -n 's/^FROM .*sha256-//p'").strip()
        main = self.gpu.show(self.unit, "MainPID")[0]
        self.gpu.run(f"pkill --signal KILL --parent {main} --full 'llama-server.*{blob}'")


class Fleet(dict[str, Server]):
    """All three, and the balancers before them."""

    def __init__(self, gpu: Gpu) -> None:
        super().__init__({name: Server(gpu, name) for name in PORTS})
        self.gpu = gpu

    def haproxy(self, field: str) -> dict[str, dict[str, str]]:
        """A column of its statistics, by backend and server."""
        lines = self.gpu.run(f"python3 -c '{STATS}'").strip().removeprefix("# ").splitlines()
        names = lines[0].split(",")
        rows = [dict(zip(names, line.split(","))) for line in lines[1:]]
        return {name: {row["svname"]: row[field] for row in rows if row["pxname"] == name and row["svname"] in self} for name in BACKENDS}

    def in_service(self) -> list[set[str]]:
        """Which servers HAProxy sends requests to, in each backend."""
        return [{name for name, status in states.items() if status == "UP"} for states in self.haproxy("status").values()]

    def requests(self) -> dict[str, int]:
        """How many generations each server was ever asked for."""
        return {name: self[name].door("counters")["requests"].get("POST /api/generate", 0) for name in self}

    def send(self, port: int, count: int) -> list[int]:
        """Statuses of requests through a balancer."""
        body = json.dumps({"model": "tiny-a", "prompt": "hi", "stream": False})
        url = f"http://127.0.0.1:{port}/api/generate?[1-{count}]"
        return list(map(int, self.gpu.run(f"curl --silent --output /dev/null --write-out '%{{http_code}} ' --data '{body}' '{url}'").split()))


@pytest.fixture
def fleet(host: Any) -> Fleet:
    """All three warm, and in service."""
    found = Fleet(Gpu(host))
    eventually(lambda: [found[name].all_say() for name in found], [{"resident"}] * 3)
    eventually(found.in_service, [set(found)] * 2)
    return found
