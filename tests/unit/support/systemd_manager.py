# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd manager that has loaded what it read last, over files below a folder."""

from __future__ import annotations

import contextlib
import os
import pathlib
import time
from collections.abc import Sequence
from typing import Any

UNITS = "/etc/systemd/system"


class Systemd:
    """In memory is what was read at the last `daemon-reload`."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = str(root)
        self.calls: list[str] = []
        self.read: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.state: dict[str, tuple[str, str, float]] = {}
        self.verdict = ""
        self.succeeded: dict[str, str] = {}
        self.fragments: dict[str, str] = {}  # of links, in the releases of systemd that tell what one leads to
        (root / UNITS[1:]).mkdir(parents=True)

    def write(self, path: str, text: str) -> None:
        file = pathlib.Path(self.root + path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def text(self, path: str) -> str:
        return pathlib.Path(self.root + path).read_text()

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.root + path)

    def set(self, name: str, active: str, sub: str, since: float = 0.0) -> None:
        """`since` is in seconds from now."""
        self.state[name] = (active, sub, time.monotonic() + since)

    def run(self, command: Sequence[str], **_options: Any) -> tuple[int, str, str]:
        if command[0] == "systemd-analyze":
            assert all(os.path.isfile(path) for path in command[4:])
            return (1, "", f"{command[4]}:3: {self.verdict}\n") if self.verdict else (0, "", "")
        if command[1] == "show":
            return 0, "\n\n".join(self._shown(name) for name in command[command.index("--") + 1 :]), ""
        self.calls.append(" ".join(word for word in command[1:] if word != "--"))
        names = [word for word in command[2:] if word != "--"]
        {"daemon-reload": self._reload, "reenable": self._reenable, "stop": self._stop, "start": self._start, "restart": self._start}[command[1]](names)
        return 0, "", ""

    def disk(self, name: str) -> tuple[str, tuple[str, ...]] | None:
        path, folder = f"{UNITS}/{name}", f"{self.root}{UNITS}/{name}.d"
        dropins = tuple(f"{UNITS}/{name}.d/{file}" for file in sorted(os.listdir(folder))) if os.path.isdir(folder) else ()
        return (self.text(path), dropins) if self.exists(path) else None

    def _reload(self, _names: Sequence[str]) -> None:
        on_disk = {name: self.disk(name) for name in {*os.listdir(self.root + UNITS), *self.read} if not os.path.isdir(f"{self.root}{UNITS}/{name}")}
        self.read = {name: found for name, found in on_disk.items() if found}

    def _reenable(self, names: Sequence[str]) -> None:
        for name in names:
            for folder in os.listdir(self.root + UNITS):
                with contextlib.suppress(OSError):
                    os.unlink(f"{self.root}{UNITS}/{folder}/{name}")
            for line in self.text(f"{UNITS}/{name}").splitlines():
                for target in line.partition("=")[2].split() if line.startswith("WantedBy=") else ():
                    os.makedirs(f"{self.root}{UNITS}/{target}.wants", exist_ok=True)
                    os.symlink(f"{UNITS}/{name}", f"{self.root}{UNITS}/{target}.wants/{name}")

    def _stop(self, names: Sequence[str]) -> None:
        """Each at once; what a unit starts as it ends comes after them all."""
        for name in names:
            self.state.pop(name, None)
        self._start([self.succeeded[name] for name in names if name in self.succeeded])

    def _start(self, names: Sequence[str]) -> None:
        for name in names:
            self.set(name, "active", "running")

    def _shown(self, name: str) -> str:
        if name not in self.read and name not in self.state and self.disk(name):
            self.read[name] = self.disk(name) or ("", ())  # as systemd reads what it is asked about for the first time
        text, dropins = self.read.get(name, ("", ()))
        active, sub, since = self.state.get(name, ("inactive", "dead", 0.0))
        stale = "yes" if name in self.read and self.read[name][0] != (self.disk(name) or ("",))[0] else "no"
        fragment = self.fragments.get(name, f"{UNITS}/{name}") if name in self.read else ""
        return (
            f"Id={name}\nNames={name}\nLoadState={'loaded' if name in self.read else 'not-found'}\nActiveState={active}\nSubState={sub}\n"
            f"FragmentPath={fragment}\nDropInPaths={' '.join(dropins)}\nNeedDaemonReload={stale}\n"
            f"RefuseManualStop={'yes' if 'RefuseManualStop=yes' in text else 'no'}\nInactiveExitTimestampMonotonic={int(since * 1e6)}"
        )
