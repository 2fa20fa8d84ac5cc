# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in a folder, with a systemd that has in memory what it read last, and accounts in its files."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import UNITS
from ansible_collections.keepwarm.ollama.plugins.module_utils._release import Releases, _write_record
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.units import LoadedUnit

PASSWD = "root:x:0:0:root:/root:/bin/bash\nmail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n"
GROUP = "root:x:0:\nmail:x:8:\n"


class Host:
    """`calls` are the commands that changed something, in their order."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = str(root)
        self._top = root
        self.memory: dict[str, LoadedUnit] = {}
        self.calls: list[str] = []
        self.started: list[str] = []
        self.succeeded: dict[str, str] = {}  # what a unit starts as it ends
        self.elapsed: dict[str, str] = {}  # what a unit has just started as it is stopped
        self.ends: dict[str, str] = {}  # what a unit is once it was stopped, if that is not inactive
        self.write("/etc/passwd", PASSWD)
        self.write("/etc/group", GROUP)

    def write(self, path: str, text: str = "") -> None:
        file = self._top / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def link(self, path: str, target: str) -> None:
        file = self._top / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(target)

    def unit(self, name: str, text: str, active: str = "active", wanted_by: str = "") -> None:
        """A unit file that systemd has read; of an instance, its template's."""
        file = f"{UNITS}/{name}"
        self.write(file, text)
        self.loaded(name, file, active)
        if wanted_by:
            self.link(f"{UNITS}/{wanted_by}.wants/{name}", file)

    def loaded(self, name: str, fragment: str, active: str = "active", dropins: Sequence[str] = ()) -> None:
        self.memory[name] = LoadedUnit(name, "loaded", active, fragment, tuple(dropins))

    def account(self, name: str, uid: int, comment: str, home: str, members: str = "") -> None:
        self._append("etc/passwd", f"{name}:x:{uid}:990:{comment}:{home}:/usr/sbin/nologin\n")
        self._append("etc/group", f"{name}:x:990:{members}\n")

    def release(self, dest: str = "/opt/ollama", version: str = "0.32.15") -> None:
        """One that is current, as the role's module leaves it, by that module's own functions."""
        folder = self._top / dest.lstrip("/")
        self.write(f"{dest}/{version}/bin/ollama")
        self.write(f"{dest}/{version}/lib/ollama/llama-server")
        _write_record(str(folder / version), version, [{"path": "/tmp/ollama-linux-amd64.tar.zst", "sha256": "0" * 64}])
        Releases(str(folder), run=lambda *_words: (0, "", "")).switch(version)

    def mount(self, path: str) -> None:
        """Have something mounted there, a folder of the same file system, say."""
        (self._top / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        (self._top / "proc/self").mkdir(parents=True, exist_ok=True)
        self._append("proc/self/mountinfo", f"1 2 8:1 /x {path.replace(' ', chr(92) + '040')} rw,relatime - ext4 /dev/sda1 rw\n")

    def lose(self, path: str) -> None:
        """Somebody else removed it."""
        (self._top / path.lstrip("/")).unlink()

    def files(self) -> set[str]:
        """Every file and link, and every folder."""
        return {f"/{path.relative_to(self._top)}" for path in self._top.rglob("*")}

    def text(self, path: str) -> str:
        return (self._top / path.lstrip("/")).read_text()

    def run(self, command: Sequence[str]) -> tuple[int, str, str]:
        if command[:2] == ["systemctl", "show"]:
            return 0, "\n\n".join(map(_shown, self.memory.values())), ""
        if command[:2] == ["systemctl", "is-active"]:
            unit = self.memory.get(command[-1])
            return 3, unit.active_state if unit else "inactive", ""
        self.calls.append(" ".join(command))
        operands = [word for word in command[1:] if word not in ("--", "--no-block")]
        acts = {"start": self.started.extend, "stop": self._stop, "daemon-reload": self._reload, "reset-failed": self._reset}
        if command[0] == "systemctl":
            acts[operands[0]](operands[1:])
        else:
            self._account(command[0], operands)
        return 0, "", ""

    def _stop(self, names: Sequence[str]) -> None:
        for name in names:
            unit = self.memory.pop(name)
            if unit.load_state != "not-found":
                self.memory[name] = dataclasses.replace(unit, active_state=self.ends.pop(name, "inactive"))
        for started in [self.elapsed.pop(name) for name in names if name in self.elapsed]:
            self.memory[started] = dataclasses.replace(self.memory[started], active_state="activating")
        for target in [self.succeeded.pop(name) for name in names if name in self.succeeded]:
            self.memory[target] = dataclasses.replace(self.memory[target], active_state="active")

    def _reload(self, _names: Sequence[str]) -> None:
        """What has no file any more is forgotten, unless it runs or failed; drop-ins that are gone count no more."""
        for name, unit in list(self.memory.items()):
            there = tuple(path for path in unit.dropins if (self._top / path.lstrip("/")).exists())
            self.memory[name] = dataclasses.replace(unit, dropins=there)
            if not (self._top / unit.fragment.lstrip("/")).exists():
                self.memory[name] = LoadedUnit(name, "not-found", unit.active_state)
                if unit.active_state == "inactive":
                    del self.memory[name]

    def _reset(self, names: Sequence[str]) -> None:
        for name in names:
            assert self.memory[name].active_state == "failed"
            del self.memory[name]

    def _account(self, command: str, words: Sequence[str]) -> None:
        acts = {"usermod": self._regroup, "userdel": self._delete_user, "groupdel": lambda words: self._drop("/etc/group", words[0])}
        acts[command](words)

    def _regroup(self, words: Sequence[str]) -> None:
        option, gid, name = words
        assert option == "--gid"
        rows = (line.split(":") for line in self.text("/etc/passwd").splitlines(keepends=True))
        self.write("/etc/passwd", "".join(":".join([*row[:3], gid, *row[4:]] if row[0] == name else row) for row in rows))

    def _delete_user(self, words: Sequence[str]) -> None:
        """With the group that has the user's name and is its own: userdel(8), USERGROUPS_ENAB, as most distributions set it."""
        (user,) = (line.split(":") for line in self.text("/etc/passwd").splitlines() if line.startswith(f"{words[0]}:"))
        self._drop("/etc/passwd", user[0])
        if f"{user[0]}:x:{user[3]}:\n" in self.text("/etc/group"):
            self._drop("/etc/group", user[0])

    def _drop(self, path: str, name: str) -> None:
        self.write(path, "".join(line for line in self.text(path).splitlines(keepends=True) if not line.startswith(f"{name}:")))

    def _append(self, path: str, line: str) -> None:
        with open(self._top / path, "a", encoding="utf-8") as file:
            file.write(line)


def _shown(unit: LoadedUnit) -> str:
    return (
        f"Id={unit.name}\nLoadState={unit.load_state}\nActiveState={unit.active_state}\n"
        f"FragmentPath={unit.fragment}\nDropInPaths={' '.join(unit.dropins)}"
    )
