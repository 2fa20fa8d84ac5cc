# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent as it is deployed: its package beside the engine's, which it imports as `keepwarm._residency`, before a server in memory.

The engine's modules are the collection's own here, so that the fake server's exceptions are the ones the agent catches.
"""

from __future__ import annotations

import atexit
import compileall
import importlib
import json
import pathlib
import pkgutil
import re
import shutil
import sys
import tempfile
from functools import cache
from typing import Any

from ansible_collections.keepwarm.ollama.plugins import module_utils

from .fake_server import FakeServer

COLLECTION = pathlib.Path(next(iter(module_utils.__path__))).parents[1]
PROGRAM = COLLECTION / "roles/ollama_warmup/files/agent"
LIBRARY = COLLECTION / "plugins/module_utils"
PACKAGES = ("_base", "_residency", "_systemd", "_doctor")  # as the role packs them (__ollama_warmup_archive)

sys.path.insert(0, str(PROGRAM))
sys.modules["keepwarm"] = module_utils
for name in PACKAGES:
    package = importlib.import_module(f"{module_utils.__name__}.{name}")
    sys.modules[f"keepwarm.{name}"] = package
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        sys.modules[found.name.replace(module_utils.__name__, "keepwarm", 1)] = importlib.import_module(found.name)

from ollama_warmup.configuration import Configuration, parse  # noqa: E402
from ollama_warmup.instance import Instance  # noqa: E402
from ollama_warmup.passes import one_pass  # noqa: E402
from ollama_warmup.state.state import State  # noqa: E402
from ollama_warmup.state.state_file import StateFile, read_state  # noqa: E402

URL = "http://127.0.0.1:11434"
RUNNING = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running", "Result": "success"}
STOPPED = {"LoadState": "loaded", "ActiveState": "inactive", "SubState": "dead", "Result": "success", "InactiveExitTimestampMonotonic": "7000000"}


def at_once(said: str) -> str:
    """What the agent printed, as it prints where nothing takes a second; a look does on an overloaded machine."""
    return re.sub(r"\b[0-9]+ seconds? ago", "just now", said)


def deploy(folder: pathlib.Path) -> pathlib.Path:
    """Lay the program out in that folder as on a host, compiled; gives the folder back."""
    shutil.copytree(_compiled(), folder, dirs_exist_ok=True)
    return folder


@cache
def _compiled() -> pathlib.Path:
    """Tests start it some hundred times, and Python would compile it each time."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="agent-"))
    atexit.register(shutil.rmtree, folder)
    shutil.copytree(PROGRAM / "ollama_warmup", folder / "ollama_warmup")
    for package in PACKAGES:
        shutil.copytree(LIBRARY / package, folder / "keepwarm" / package)
    compileall.compile_dir(folder, quiet=2)
    return folder


class Agent:
    """One instance in folders of its own, before a server in memory. `unit` is what systemd says of the server's unit."""

    def __init__(self, root: pathlib.Path, server: FakeServer) -> None:
        self.instance = Instance("default", str(root))
        self.server = server
        self.start = "100-1"
        self.unit = dict(RUNNING)
        for path in (self.instance.configuration, self.instance.warm_mark, f"{self.instance.state_folder}/x"):
            pathlib.Path(path).parent.mkdir(parents=True)

    @property
    def state(self) -> State:
        return read_state(StateFile(self.instance.state_folder).path)

    @property
    def is_marked_warm(self) -> bool:
        return pathlib.Path(self.instance.warm_mark).is_symlink()  # to a process that there is not

    def configure(self, *models: Any, **others: Any) -> None:
        policy = {"models": list(models), **others.pop("policy", {})}
        raw = {"url": URL, "policy": policy, "ready_timeout": 0.01, **others}
        pathlib.Path(self.instance.configuration).write_text(json.dumps(raw))

    def run(self, *models: Any, **policy: Any) -> int:
        """One pass; gives its exit status. The calls of this pass alone are left in the server."""
        self.server.calls.clear()
        return one_pass.make_pass(self.instance, self.configuration(*models, **policy))

    def configuration(self, *models: Any, **policy: Any) -> Configuration:
        """As a configuration file with these models is read."""
        return parse({"url": URL, "policy": {"models": list(models), **policy}, "ready_timeout": 0.01})
