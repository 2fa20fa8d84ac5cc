# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the releases that are there and those that are wanted to steps, and their result."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._base.folders import UnsafePath, require_own
from ._release import SHA256, VERSION, ReleaseError, Releases, Run, names_of


@dataclass(frozen=True)
class Steps:
    """What is to be done: stage the version, switch to it, remove these."""

    stage: bool = False
    switch: bool = False
    remove: tuple[str, ...] = ()


def check(params: Mapping[str, Any]) -> None:
    """Judge the options. Raises `ReleaseError`."""
    if not VERSION.fullmatch(params["version"]):
        raise ReleaseError(f"version {params['version']!r} is no release of Ollama: give one such as 0.32.15")
    for archive in params["archives"]:
        if not SHA256.fullmatch(archive["sha256"]):
            raise ReleaseError(f"sha256 {archive['sha256']!r} of {archive['path']} is no checksum: give 64 hexadecimal digits")
    try:
        require_own(params["dest"])  # its programs are run by servers, and once by root's hand
    except UnsafePath as error:
        raise ReleaseError(str(error)) from error
    if params["keep"] < 1:
        raise ReleaseError(f"keep {params['keep']} leaves nothing to switch back to: give how many older releases to keep, 1 or more")


def plan(releases: Releases, params: Mapping[str, Any]) -> Steps:
    """Compare what is there with what is wanted. Raises `ReleaseError` for what cannot be brought about."""
    version, current = params["version"], releases.current()
    if params["state"] == "absent":
        if version == current:
            raise ReleaseError(f"version {version} is current: switch to another version before it is removed")
        return Steps(remove=(version,) if os.path.isdir(releases.folder(version)) else ())
    if params["state"] == "pruned":
        return Steps(remove=outdated(releases.installed(), [version, current, params["before"]], params["keep"]))
    stage = is_due(releases, version, params["archives"])
    if params["state"] == "staged" or version == current:
        return Steps(stage=stage)
    older = outdated(releases.installed(), [version, current], params["keep"]) if params["prune"] else ()
    return Steps(stage, switch=True, remove=older)


def is_due(releases: Releases, version: str, archives: Sequence[Mapping[str, str]]) -> bool:
    """Whether the version has to be staged. Raises `ReleaseError` where that would pull it from under a server."""
    record = releases.record(version)
    if record is not None and (not archives or record.get("archives") == names_of(archives)):
        return False
    if not archives:
        raise ReleaseError(f"version {version} is not in {releases.dest}: give its archives")
    if record is not None and releases.current() == version:
        raise ReleaseError(f"version {version} is current and came from other archives: switch to another version first")
    return True


def outdated(installed: Sequence[str], kept: Sequence[str | None], keep: int) -> tuple[str, ...]:
    """What to remove so that `keep` releases stay beside the first of `kept`, newest first, but never one of those."""
    others = sorted((version for version in installed if version not in kept), key=_numbers)
    room = keep - len(set(kept[1:]).intersection(installed) - {kept[0]})
    return tuple(others[: max(len(others) - max(room, 0), 0)])


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def act(releases: Releases, params: Mapping[str, Any], steps: Steps) -> None:
    """Carry the steps out. Raises `ReleaseError`."""
    os.umask(0o022)
    if steps.stage:
        releases.stage(params["version"], params["archives"])
    if steps.switch:
        releases.switch(params["version"])
    for version in steps.remove:
        releases.remove(version)


def bring_about(params: Mapping[str, Any], run: Run, dry: bool) -> dict[str, Any]:
    """The module's result. Raises `ReleaseError`."""
    check(params)
    releases = Releases(params["dest"], run)
    steps, installed, current = plan(releases, params), releases.installed(), releases.current()
    if steps != Steps() and not dry:
        act(releases, params, steps)
    after = sorted({*installed, *([params["version"]] if steps.stage else [])} - set(steps.remove))
    switched = params["version"] if steps.switch else current
    return {
        "changed": steps != Steps(),
        "previous": current,
        "current": switched,
        "installed": after,
        "removed": list(steps.remove),
        "diff": {"before": _shown(current, installed), "after": _shown(switched, after)},
    }


def _shown(current: str | None, installed: Sequence[str]) -> str:
    return "".join([f"current -> {current}\n" if current else "", *(f"{version}\n" for version in installed)])
