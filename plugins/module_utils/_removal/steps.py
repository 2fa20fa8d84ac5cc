# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a removal: what each looks like to an operator, and how it is carried out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Callable

from .._base.layout import below
from .._base.systemctl import Run
from .files import holds_anything, mounts_in, remove, remove_folder, remove_release

STOP = "stop"
REMOVE = "remove"
EMPTY = "empty"
REMOVE_FOLDER = "remove folder"
REMOVE_RELEASE = "remove release"
RESTORE = "restore"
LINK = "link"
START = "start"
RELOAD = "daemon-reload"
RESET = "reset-failed"
REMOVE_USER = "remove user"
REMOVE_GROUP = "remove group"
REMOVE_IMAGE = "remove image"
LEAVE_GROUP = "keep the group of user"

_NOGROUP = "65534"  # which systemd knows on every host, whatever /etc/group says
_IN_USE = 2  # podman-rmi(1)
_NO_COMMAND = 127  # env(1)
_NO_SUCH_ACCOUNT = 6  # userdel(8), groupdel(8)


class RemovalError(Exception):
    """A step failed; the message is one sentence."""


@dataclass(frozen=True)
class Step:
    """`subject`: the path, unit or account; several units by spaces. `source`: where a file that is restored comes from, or a
    link leads to."""

    kind: str
    subject: str = ""
    source: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".rstrip()


class Executor:
    """Carries steps out on this host. What is gone already, is as it should be."""

    def __init__(self, run: Run, root: str = "/") -> None:
        self._run = run
        self._root = root
        self._acts: dict[str, Callable[[Step], None]] = {
            STOP: lambda step: self._command("systemctl", "stop", "--", *step.subject.split()),
            REMOVE: self._remove,
            EMPTY: self._remove,
            REMOVE_FOLDER: lambda step: remove_folder(self._path(step.subject)),
            REMOVE_RELEASE: lambda step: remove_release(self._path(step.subject), self._root),
            RESTORE: lambda step: os.rename(self._path(step.source), self._path(step.subject)),
            LINK: lambda step: self._link(self._path(step.subject), step.source),
            START: lambda step: self._command("systemctl", "start", "--no-block", "--", *step.subject.split()),
            RELOAD: lambda dummy: self._command("systemctl", "daemon-reload"),
            RESET: lambda step: self._command("systemctl", "reset-failed", "--", *step.subject.split()),
            # One that a container of others uses by now stays; without Podman there is none.
            REMOVE_IMAGE: lambda step: self._command("env", "podman", "image", "rm", "--ignore", step.subject, gone=(_IN_USE, _NO_COMMAND)),
            LEAVE_GROUP: lambda step: self._command("usermod", "--gid", _NOGROUP, step.subject),
            REMOVE_USER: lambda step: self._command("userdel", step.subject, gone=(_NO_SUCH_ACCOUNT,)),
            REMOVE_GROUP: lambda step: self._command("groupdel", step.subject, gone=(_NO_SUCH_ACCOUNT,)),
        }

    def carry_out(self, steps: Iterable[Step]) -> None:
        """In their order. Raises `RemovalError` at the first that fails; the next run goes on from there."""
        for step in steps:
            try:
                self._acts[step.kind](step)
            except OSError as error:
                raise RemovalError(f"{step} failed: {error.strerror} ({error.filename})") from error

    def _remove(self, step: Step) -> None:
        remove(self._path(step.subject), mounts_in(self._path(step.subject), self._root))

    @staticmethod
    def _link(path: str, target: str) -> None:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        os.symlink(target, path)

    def _path(self, path: str) -> str:
        return below(self._root, path)

    def _command(self, *words: str, gone: Sequence[int] = ()) -> None:
        command = list(words)
        status, output, error = self._run(command)
        if status not in (0, *gone):
            raise RemovalError(f"{' '.join(command)} failed: {' '.join((output + error).split())}")


def remove_tree(path: str, root: str) -> list[Step]:
    """What there is at the path. Where something is mounted, the host's operator did that: it stays, empty."""
    real = below(root, path)
    mounts = mounts_in(real, root)
    if mounts:
        return [Step(EMPTY, path)] if holds_anything(real, mounts) else []
    return [Step(REMOVE, path)] if os.path.lexists(real) else []


def remove_empty_folder(path: str, root: str) -> list[Step]:
    """The folder, once nothing is in it any more; a link to one is the operator's, too."""
    real = below(root, path)
    return [] if os.path.islink(real) or mounts_in(real, root) else [Step(REMOVE_FOLDER, path)]


def removal_diff(steps: Iterable[Step], released: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """What there is and what there will be, one line each, for Ansible's diff mode; `released` are such pairs of lines."""
    lines = [*(_SHOWN[step.kind](step) for step in steps if step.kind in _SHOWN), *released]
    before, after = zip(*lines) if lines else ((), ())
    return {"before": _text(before), "after": _text(after)}


_SHOWN: Mapping[str, Callable[[Step], tuple[str, str]]] = {
    STOP: lambda step: ("\n".join(f"{unit}: active" for unit in step.subject.split()), ""),
    REMOVE: lambda step: (step.subject, ""),
    EMPTY: lambda step: (step.subject, f"{step.subject}: empty, since something is mounted there"),
    REMOVE_FOLDER: lambda step: (step.subject, ""),
    REMOVE_RELEASE: lambda step: (step.subject, ""),
    RESTORE: lambda step: (f"{step.subject}: of keepwarm.ollama", f"{step.subject}: as it was before"),
    LINK: lambda step: ("", f"{step.subject} -> {step.source}"),
    START: lambda step: ("", "\n".join(f"{unit}: active" for unit in step.subject.split())),
    RESET: lambda step: ("\n".join(f"{unit}: failed" for unit in step.subject.split()), ""),
    REMOVE_IMAGE: lambda step: (f"image {step.subject}", ""),
    REMOVE_USER: lambda step: (f"user {step.subject}", ""),
    REMOVE_GROUP: lambda step: (f"group {step.subject}", ""),
}


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines if line)
