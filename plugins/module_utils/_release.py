# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of Ollama side by side in folders named after their version, one of which a link calls current.

A version's folder appears whole, by a rename, after its archives were verified, unpacked and its program was run once;
what is interrupted before leaves a folder that begins with a dot, which the next installation removes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ._base.files import replace_file, replace_link
from ._base.selinux import LabelError, relabel
from ._base.text import one_line
from ._release_trial import Unfit, outcome, take_rights_away, trial

CURRENT = "current"
RECORD = "release.json"
VERSION = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)(-[0-9A-Za-z.]+)?", re.ASCII)
SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_CHUNK = 1 << 20  # bytes
Run = Callable[..., tuple[int, str, str]]
"""AnsibleModule.run_command."""


class ReleaseError(Exception):
    """A release that cannot be installed; the message is one sentence."""


class Releases:
    """The releases in the folder `dest`."""

    def __init__(self, dest: str, run: Run) -> None:
        self.dest = dest
        self._run = run

    def folder(self, version: str) -> str:
        """Where that version is, or would be."""
        return os.path.join(self.dest, version)

    def current(self) -> str | None:
        """The version that the link points at."""
        try:
            return os.path.basename(os.readlink(os.path.join(self.dest, CURRENT)))
        except OSError:
            return None

    def record(self, version: str) -> Mapping[str, Any] | None:
        """What was installed as that version: `archives`, a sha256 for each name; None if it is not there as a whole."""
        try:
            with open(os.path.join(self.folder(version), RECORD), encoding="utf-8") as file:
                found = json.load(file)
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and os.access(_program(self.folder(version)), os.X_OK) else None

    def installed(self) -> list[str]:
        """The versions that are there as a whole."""
        names = os.listdir(self.dest) if os.path.isdir(self.dest) else []
        return sorted(name for name in names if not name.startswith(".") and name != CURRENT and self.record(name) is not None)

    def stage(self, version: str, archives: Sequence[Mapping[str, str]]) -> None:
        """Verify, unpack and try. `archives` have a path and a sha256. Raises `ReleaseError`, and leaves nothing behind then."""
        for archive in archives:
            verify(archive["path"], archive["sha256"])
        incoming = os.path.join(self.dest, f".incoming-{version}")
        shutil.rmtree(incoming, ignore_errors=True)
        try:
            os.makedirs(self.dest, mode=0o755, exist_ok=True)
            os.mkdir(incoming, mode=0o700)  # nobody else is to reach what still has rights of its own
            release = os.path.join(incoming, "release")
            os.mkdir(release, mode=0o755)
            for archive in archives:
                self._unpack(archive["path"], release)
            take_rights_away(release)
            os.chmod(incoming, 0o755)
            self._try(version, release)
            _write_record(release, version, archives)
            self._put(release, version)
            self._label(version)
        except Unfit as error:
            raise ReleaseError(f"the archives of version {version} {error}: they are no release of Ollama") from error
        except OSError as error:
            raise ReleaseError(f"version {version} cannot be unpacked into {self.dest}: {error.strerror}") from error
        finally:
            shutil.rmtree(incoming, ignore_errors=True)

    def switch(self, version: str) -> None:
        """Let the link point at the version, in one step."""
        replace_link(os.path.join(self.dest, CURRENT), version)

    def remove(self, version: str) -> None:
        """Remove a version that is not current: first from sight, so that half of one is never taken for a whole."""
        gone = os.path.join(self.dest, f".removed-{version}")
        shutil.rmtree(gone, ignore_errors=True)
        os.rename(self.folder(version), gone)
        shutil.rmtree(gone)

    def _unpack(self, path: str, folder: str) -> None:
        status, said = self._call(["tar", "--extract", "--no-same-owner", "--no-same-permissions", "--file", path, "--directory", folder])
        if status != 0:
            raise ReleaseError(f"{path} cannot be unpacked: {said}")

    def _try(self, version: str, folder: str) -> None:
        """The program must be there, run on this host, and be what its archive is named after."""
        program = _program(folder)
        if not os.access(program, os.X_OK):
            raise ReleaseError(f"the archives of version {version} hold no program bin/ollama: they are no release of Ollama")
        status, said = self._call(trial(program, "--version"))
        status, said = outcome(said) if status == 0 else (status, said)
        if status != 0 or version not in said.split():
            raise ReleaseError(f"the program of version {version} does not run as such on this host: {one_line(said[-200:]) or f'exit {status}'}")

    def _call(self, command: Sequence[str]) -> tuple[int, str]:
        """The exit status and what was said, in one line."""
        try:
            status, output, error = self._run(list(command), handle_exceptions=False)
        except OSError as failure:
            return -1, f"{command[0]}: {failure.strerror}"
        return status, " ".join((output + error).split())

    def _put(self, incoming: str, version: str) -> None:
        """Under a folder of that name which is not whole, or of other archives, is none that runs: `current` is asked before."""
        if os.path.isdir(self.folder(version)):
            self.remove(version)
        os.rename(incoming, self.folder(version))

    def _label(self, version: str) -> None:
        """What was unpacked elsewhere has the label of that place, and systemd starts a program of a service by its own. One that is left
        without is removed again: it would count as installed."""
        try:
            relabel(lambda command: self._run(list(command), handle_exceptions=False), self.folder(version))
        except LabelError as error:
            self.remove(version)
            raise ReleaseError(str(error)) from error


def verify(path: str, sha256: str) -> None:
    """Raises `ReleaseError` where the file is not that one."""
    content = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for chunk in iter(lambda: file.read(_CHUNK), b""):
                content.update(chunk)
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read: {error.strerror}") from error
    if content.hexdigest() != sha256.lower():
        raise ReleaseError(f"{path} has the checksum {content.hexdigest()} instead of {sha256.lower()}: it is damaged, or another file")


def names_of(archives: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """File name to sha256: what a record holds."""
    return {os.path.basename(archive["path"]): archive["sha256"].lower() for archive in archives}


def _program(folder: str) -> str:
    return os.path.join(folder, "bin", "ollama")


def _write_record(folder: str, version: str, archives: Sequence[Mapping[str, str]]) -> None:
    record = {"version": version, "archives": names_of(archives)}
    replace_file(os.path.join(folder, RECORD), json.dumps(record, indent=1, sort_keys=True).encode())
