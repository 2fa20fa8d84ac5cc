# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs the agent's program into a folder named by its content; the link current is switched last, in one step, so a pass never runs
on halves of two versions. The version before is kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from .._base.files import replace_link
from .._base.systemctl import Run

_LINK = "current"
_BYTECODE = "__pycache__"


class ProgramError(Exception):
    """The program cannot be installed; the message is one sentence."""


def unpack(archive: str) -> dict[str, bytes]:
    """Relative path to content. Raises ProgramError."""
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(archive, validate=True))) as packed:
            files = {name: packed.read(name) for name in packed.namelist()}
    except (binascii.Error, zipfile.BadZipFile) as error:
        raise ProgramError(f"archive is not what the filter agent_files gives: {error}") from error
    for name in files:
        if name.startswith("/") or ".." in name.split("/"):
            raise ProgramError(f"archive holds the path {name!r}, which leads out of the version's folder")
    return files


def version_of(files: Mapping[str, bytes]) -> str:
    """A name that stands for this content."""
    content = hashlib.sha256()
    for name, data in sorted(files.items()):
        content.update(f"{name}\0{len(data)}\0".encode())
        content.update(data)
    return content.hexdigest()[:12]


def read_tree(folder: str) -> dict[str, bytes]:
    """The files that a version's folder holds, bytecode left out."""
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != _BYTECODE]
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def _write_tree(folder: str, files: Mapping[str, bytes]) -> None:
    """Write a version anew, readable by everybody."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o644)


def current(dest: str) -> str | None:
    """The version that the link points at."""
    try:
        return os.path.basename(os.readlink(os.path.join(dest, _LINK)))
    except OSError:
        return None


def _switch(dest: str, version: str) -> None:
    """Let the link point at the version, in one step."""
    replace_link(os.path.join(dest, _LINK), version)


def _outdated(dest: str, keep: set[str | None]) -> list[str]:
    """Versions that neither run nor ran just before."""
    names = os.listdir(dest) if os.path.isdir(dest) else []
    return sorted(name for name in names if name not in keep | {_LINK})


@dataclass(frozen=True)
class Program:
    """The files of one version, and the folder that is to have it."""

    files: Mapping[str, bytes]
    dest: str
    python: str

    @property
    def version(self) -> str:
        """The name of its folder."""
        return version_of(self.files)

    def is_installed(self) -> bool:
        """Whether the link leads to this version, and none of its files was changed."""
        folder = os.path.join(self.dest, self.version)
        return current(self.dest) == self.version and read_tree(folder) == self.files

    def install(self, run: Run) -> None:
        """Write, compile, switch; remove what is older than the version before. Raises ProgramError, OSError."""
        folder, previous = os.path.join(self.dest, self.version), current(self.dest)
        if not os.access(self.python, os.X_OK):
            raise ProgramError(f"{self.python} is no program on this host: give the path of a Python interpreter")
        os.umask(0o022)
        _write_tree(folder, self.files)
        status, output, error = run([self.python, "-I", "-m", "compileall", "-q", folder])
        if status != 0:
            raise ProgramError(f"{self.python} cannot compile the program: {' '.join((output + error).split())}")
        _switch(self.dest, self.version)
        for name in _outdated(self.dest, {self.version, previous}) if previous != self.version else ():
            shutil.rmtree(os.path.join(self.dest, name), ignore_errors=True)
