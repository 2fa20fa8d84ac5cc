# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection from the checkout's tracked files and install it; print where.

    python3 tests/tools/artefact.py collections   a collections path with the built and installed keepwarm.ollama
    python3 tests/tools/artefact.py tarball       the built artefact
    python3 tests/tools/artefact.py source        the tracked files at .../ansible_collections/keepwarm/ollama, as ansible-test wants them

Kept under a hash of the files: an edit makes a new one, and whoever is running on the earlier one is not disturbed.
"""

from __future__ import annotations

import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
CACHE = TOP / ".cache"


def tracked_files() -> list[pathlib.Path]:
    """What git tracks, as it stands in the work tree, relative to its top."""
    listing = subprocess.run(["git", "-C", str(TOP), "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    names = (pathlib.Path(name) for name in listing.split("\0") if name)
    return sorted(name for name in names if (TOP / name).is_file())


def content_key(names: list[pathlib.Path]) -> str:
    """A hash of these files' names, modes and contents."""
    content = hashlib.sha256()
    for name in names:
        path = TOP / name
        content.update(f"{name}\0{path.stat().st_mode:o}\0".encode())
        content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()[:12]


def copy_tree(names: list[pathlib.Path], target: pathlib.Path) -> None:
    """Copy these files, with their modes."""
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, target / name, follow_symlinks=False)


def galaxy(*arguments: str) -> None:
    """Run `ansible-galaxy collection`; its output matters only when it fails."""
    command = [str(CACHE / "newest/bin/ansible-galaxy"), "collection", *arguments]
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stdout}")


def make(directory: pathlib.Path, names: list[pathlib.Path]) -> None:
    """Fill the directory: source, tarball, collections."""
    shutil.rmtree(directory, ignore_errors=True)
    source = directory / "source/ansible_collections/keepwarm/ollama"
    copy_tree(names, source)
    # ansible-test asks git for the files, and the checkout's own git ignores this copy.
    subprocess.run(["git", "init", "--quiet"], check=True, cwd=source)
    subprocess.run(["git", "add", "--all", "--force"], check=True, cwd=source)
    galaxy("build", str(source), "--output-path", str(directory))
    collections = directory / "collections"
    galaxy("install", str(tarball(directory)), "--force", "--offline", "--no-deps", "--collections-path", str(collections))
    (directory / "complete").touch()


def tarball(directory: pathlib.Path) -> pathlib.Path:
    """The one artefact in that directory."""
    return next(directory.glob("keepwarm-ollama-*.tar.gz"))


def main() -> None:
    """Print the path that the command line asks for."""
    names = tracked_files()
    directory = CACHE / "artefacts" / content_key(names)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "artefacts.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "complete").exists():
            make(directory, names)
    places = {
        "collections": directory / "collections",
        "tarball": tarball(directory),
        "source": directory / "source/ansible_collections/keepwarm/ollama",
    }
    if sys.argv[1:] not in [[place] for place in places]:
        sys.exit(__doc__)
    print(places[sys.argv[1]])


if __name__ == "__main__":
    main()
