# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which drop-ins a unit has on disk and in which order they count (systemd.unit(5)).

The manager's own `DropInPaths` tells what it has *loaded*, which may be behind the disk; and up to systemd 256
`NeedDaemonReload` stays `no` when a first drop-in made the drop-in folder (systemd issue 31752).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

_COPIES = ("~", ".bak", ".orig", ".old", ".save", ".swp", ".disabled", ".new", ".dpkg-dist", ".dpkg-old", ".dpkg-new", ".rpmnew", ".rpmsave", ".ucf-dist")


def dropin_folders(names: Iterable[str], search_path: Sequence[str], suffix: str = ".service") -> Iterator[str]:
    """Folders that may hold drop-ins of a unit with these names, which have that suffix, the one that counts first first.

    A file hides those of the same name in later folders.
    """
    for name in names:
        for folder in search_path:
            for stem in _stems(name, suffix):
                yield f"{folder}/{stem}.d"
    for folder in search_path:
        yield f"{folder}/{suffix[1:]}.d"


def dropin_files(folders: Iterable[str], planned: str | None = None) -> list[str]:
    """The drop-ins in these folders in the order systemd applies them: by file name, whatever the folder.

    `planned` is counted as if it were there already.
    """
    found: dict[str, str] = {}
    for folder in folders:
        for name in _names_in(folder):
            found.setdefault(name, f"{folder}/{name}")
        if planned and os.path.dirname(planned) == folder:
            found.setdefault(os.path.basename(planned), planned)
    return [found[name] for name in sorted(found, key=os.fsencode)]


def unread_files(folders: Iterable[str]) -> list[str]:
    """Files in these folders that systemd does not read, since their names do not end with `.conf`; copies that editors and
    package managers leave, and hidden files, are left out."""
    found = []
    for folder in folders:
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        found += [f"{folder}/{name}" for name in names if not name.startswith(".") and not name.endswith((".conf", *_COPIES))]
    return [path for path in found if os.path.isfile(path)]


def _stems(name: str, suffix: str) -> Iterator[str]:
    """`a-b@c.service`, then `a-b@.service`, then the same for the prefix `a-`."""
    stem = name[: -len(suffix)]
    prefix, at, instance = stem.partition("@")
    while prefix:
        yield f"{prefix}{at}{instance}{suffix}"
        if instance:
            yield f"{prefix}@{suffix}"
        head, dash, dummy = prefix.rstrip("-").rpartition("-")
        prefix = f"{head}{dash}" if head else ""


def _names_in(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except OSError:  # not there: most of the search path
        return []
    return [name for name in names if name.endswith(".conf") and not name.startswith(".")]
