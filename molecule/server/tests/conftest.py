# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on which the role's play can be run again and again, each time with other values."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import pathlib
import re
import subprocess
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

SCENARIO = pathlib.Path(__file__).resolve().parents[1]
INVENTORY = [f"--inventory={SCENARIO.parent}/shared/inventory.yml", f"--inventory={SCENARIO}/inventory.yml"]
UNIT = "/etc/systemd/system/ollama.service"
DROPIN = f"{UNIT}.d/zz-keepwarm.conf"
URL = "http://127.0.0.1:11500"
FILES = "find /etc/systemd -path '*ollama*' -not -type d"
DECLARED = "/root/as-declared.tar"
_TASK = re.compile(r"^TASK \[[^]]*: (?P<name>[^]]*)\].*\n(?P<body>(?:(?!^TASK|^PLAY).*\n)*)", re.MULTILINE)


@dataclasses.dataclass
class Outcome:
    """What a play said."""

    status: int
    output: str

    @property
    def text(self) -> str:
        """The output with its lines, which are wrapped, joined."""
        return " ".join(self.output.split())

    @property
    def changed(self) -> list[str]:
        """The tasks that changed something, or would."""
        return [task["name"] for task in _TASK.finditer(self.output) if re.search("^changed:", task["body"], re.MULTILINE)]


@dataclasses.dataclass
class Server:
    """The server of the host under test."""

    host: Any
    as_declared: ClassVar[tuple[str, ...]] = ()

    def show(self, *properties: str) -> dict[str, str]:
        """What systemd tells of the unit."""
        lines = self.host.check_output(f"systemctl show --property {','.join(properties)} ollama.service").splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def start(self) -> str:
        """Names one start of the server."""
        return self.show("InvocationID")["InvocationID"]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the running process."""
        blocks = self.host.check_output(f"base64 -w0 /proc/{self.show('MainPID')['MainPID']}/environ")
        return dict(block.split("=", 1) for block in decode(blocks).split("\0") if block)

    @property
    def resident(self) -> list[str]:
        """The models that it has in memory."""
        return sorted(model["name"] for model in self.listed)

    @property
    def listed(self) -> list[dict[str, Any]]:
        """What its list says of each."""
        found: list[dict[str, Any]] = json.loads(self.host.check_output(f"curl -sSf {URL}/api/ps"))["models"]
        return found

    def load(self, model: str) -> None:
        """Make a model resident."""
        self.host.check_output(f"""curl -sSf {URL}/api/generate -d '{{"model": "{model}"}}'""")

    def unload_all(self) -> None:
        """Leave none in memory."""
        for model in self.resident:
            self.host.check_output(f"""curl -sSf {URL}/api/generate -d '{{"model": "{model}", "keep_alive": 0}}'""")
        self.host.check_output(f"""timeout 10 sh -c 'until curl -sSf {URL}/api/ps | grep -qF "[]"; do sleep 0.1; done'""")

    def state(self) -> tuple[str, ...]:
        """All that a refused play must leave as it is."""
        files = self.host.check_output(f"{FILES} -exec sha256sum {{}} +")
        return self.start, *files.splitlines()

    def keep(self) -> None:
        """From now on this is what the inventory says."""
        self.host.check_output(f"{FILES} -print0 | tar --create --file={DECLARED} --absolute-names --null --files-from=-")
        Server.as_declared = self.state()

    def put_back(self) -> None:
        """All of that once more: what a play would do, at a tenth of its cost."""
        self.host.check_output(f"{FILES} -delete && tar --extract --file={DECLARED} --absolute-names && rm -rf /var/lib/keepwarm-ollama/server")
        self.host.check_output("systemctl daemon-reload && systemctl restart ollama.service")
        self.host.check_output(f"curl -sSf --retry 60 --retry-delay 1 --retry-connrefused {URL}/api/version")
        start, *files = self.state()
        assert tuple(files) == Server.as_declared[1:]
        Server.as_declared = (start, *files)


def decode(text: str) -> str:
    """Text that came over as base64."""
    return base64.b64decode(text).decode()


@pytest.fixture
def server(host: Any) -> Server:
    return Server(host)


def run(program: str, *arguments: str) -> Outcome:
    """One of Ansible's programs on the scenario's inventory."""
    done = subprocess.run(
        [program, *INVENTORY, *arguments],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"},
    )
    return Outcome(done.returncode, done.stdout + done.stderr)


@pytest.fixture
def play(tmp_path: pathlib.Path) -> Callable[..., Outcome]:
    """Runs the play of the scenario; variables without the role's prefix, C(check) for check mode."""

    def call(*, check: bool = False, **variables: Any) -> Outcome:
        values = tmp_path / "values.json"
        values.write_text(json.dumps({f"ollama_server_{name}": value for name, value in variables.items()}))
        options = ["--check", "--diff"] if check else []
        return run("ansible-playbook", f"--extra-vars=@{values}", *options, str(SCENARIO / "converge.yml"))

    return call


@pytest.fixture
def ask() -> Callable[..., dict[str, Any]]:
    """Asks the module ollama_unit_info."""

    def call(**options: str) -> dict[str, Any]:
        arguments = " ".join(f"{key}={value}" for key, value in options.items())
        outcome = run("ansible", "--module-name=keepwarm.ollama.ollama_unit_info", "--args", arguments, "gpu_hosts")
        answer: dict[str, Any] = json.loads(re.sub(r"^[^{]*", "", outcome.output))
        return answer

    return call


@pytest.fixture
def put(host: Any) -> Any:
    """Writes files on the host, and takes them away again."""
    written: list[str] = []

    def call(path: str, text: str) -> None:
        written.append(path)
        host.check_output(f"mkdir -p {quoted(os.path.dirname(path))}")
        host.run_expect([0], "printf %s {} > {}".format(*map(quoted, (text, path))))

    yield call
    for path in written:
        host.check_output(f"rm -f {quoted(path)}")
    host.check_output("systemctl daemon-reload")


def quoted(text: str) -> str:
    """A word for the shell."""
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.fixture
def converged(server: Server, play: Callable[..., Outcome]) -> None:
    """Has the host as the inventory says, and nothing in memory, whatever the last test left: by a play at first, then by the files that it wrote."""
    if not Server.as_declared:
        outcome = play()
        assert outcome.status == 0, outcome.output
        server.keep()
    elif server.state() != Server.as_declared:
        server.put_back()
    server.unload_all()
