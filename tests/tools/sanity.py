# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test sanity --local` over the collection's tracked files, on a machine with nothing but a package index.

ansible-test keeps its own small environments under ~/.ansible; its home here is the cache that clones share.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

TOOLS = pathlib.Path(__file__).resolve().parent
TOP = TOOLS.parents[1]
BIN = TOP / ".cache/checks/bin"


def search_path() -> str:
    """PATH with real interpreters before pyenv's shims, which answer for versions that they then refuse to run."""
    root = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    interpreters = sorted(str(path) for path in root.glob("versions/3.*/bin"))
    others = [part for part in os.environ["PATH"].split(os.pathsep) if not part.startswith(str(root))]
    return os.pathsep.join([str(BIN), *interpreters, *others])


def main() -> None:
    """Run it; the exit status is ansible-test's."""
    artefact = [sys.executable, str(TOOLS / "artefact.py"), "source"]
    source = subprocess.run(artefact, check=True, capture_output=True, text=True).stdout.strip()
    home = TOP / ".cache/shared/ansible-test-home"
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "HOME": str(home), "PATH": search_path()}
    subprocess.run([str(BIN / "python"), str(TOOLS / "prime_ansible_test.py")], check=True, env=environment)
    command = [str(BIN / "ansible-test"), "sanity", "--local", "--color", "no", *sys.argv[1:]]
    sys.exit(subprocess.run(command, check=False, cwd=source, env=environment, stdin=subprocess.DEVNULL).returncode)


if __name__ == "__main__":
    main()
