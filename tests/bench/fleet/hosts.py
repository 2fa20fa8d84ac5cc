# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two fleets of the bench: eight hosts that this tree's site.yml made warm, and eight that a former commit's did."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import container
import ollama

TOP = pathlib.Path(__file__).resolve().parents[3]

SIZE = 8
MODELS = [{"name": "tiny-a"}, {"name": "embed", "num_ctx": 256}]


@dataclass(frozen=True)
class Fleet:
    """Hosts, and the collections that made them warm."""

    name: str
    collections: pathlib.Path
    folder: pathlib.Path

    @property
    def hosts(self) -> list[str]:
        """Their names, the first of which the others are copies of."""
        return [f"{os.environ.get('KEEPWARM_HOSTS', 'keepwarm')}-fleet-{self.name}-{number}" for number in range(1, SIZE + 1)]

    def inventory(self, size: int) -> pathlib.Path:
        """An inventory of the first hosts."""
        variables = {
            "ansible_user": "root",
            "ansible_ssh_args": f"-F {os.environ['KEEPWARM_SSH_CONFIG']}",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ollama_warmup_models": MODELS,
            "keepwarm_serial": "100%",
        }
        path = self.folder / f"{self.name}-{size}.json"
        path.write_text(json.dumps({"gpu_hosts": {"hosts": {name: {} for name in self.hosts[:size]}, "vars": variables}}), encoding="utf-8")
        return path

    def boot(self) -> None:
        """Make one host warm and copy it."""
        first, *others = self.hosts
        container.boot(first, "trixie")
        ollama.install(first)
        self.settle(1)
        container.copy(first, others)
        self.settle(SIZE)

    def settle(self, size: int, playbook: str = "keepwarm.ollama.site") -> None:
        """Run a playbook, so that the next run is a second one."""
        command = ["ansible-playbook", f"--inventory={self.inventory(size)}", playbook]
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(self.collections), "ANSIBLE_PIPELINING": "true", "ANSIBLE_NOCOLOR": "true"}
        done = subprocess.run(command, check=False, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench: {playbook} failed on the hosts {self.name}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")


def former_collections(commit: str, folder: pathlib.Path) -> pathlib.Path | None:
    """Build and install the collection as it was at a commit; none in a shallow clone that lacks it."""
    archive = subprocess.run(["git", "-C", str(TOP), "archive", "--format=tar", commit], check=False, capture_output=True)
    if archive.returncode:
        return None
    collections = folder / "collections"
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["tar", "--extract", f"--directory={scratch}"], check=True, input=archive.stdout)
        galaxy = ["ansible-galaxy", "collection"]
        subprocess.run([*galaxy, "build", scratch, f"--output-path={folder}"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        (artefact,) = folder.glob("keepwarm-ollama-*.tar.gz")
        install = [*galaxy, "install", str(artefact), "--force", "--offline", "--no-deps", f"--collections-path={collections}"]
        subprocess.run(install, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return collections
