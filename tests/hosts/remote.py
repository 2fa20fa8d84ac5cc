# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands and files on a test host of either kind, over ssh."""

from __future__ import annotations

import pathlib
import shlex
import subprocess

import ssh
from container import HostError, without_animation


def execute(host: str, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command on the host, and give what it printed; raise HostError if it fails."""
    words = ["ssh", "-F", str(ssh.prepare()), host, shlex.join(command)]
    done = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if check and done.returncode:
        raise HostError(f"{command[0]} on {host}: {without_animation(done.stderr)}")
    return done


def copy(host: str, source: pathlib.Path, destination: str) -> None:
    """Copy a file, or what is in a folder, to that place of the host, as root's."""
    folder, name = (source, ".") if source.is_dir() else (source.parent, source.name)
    unpack = f"mkdir -p {shlex.quote(destination)} && tar --extract --no-same-owner --no-overwrite-dir --directory {shlex.quote(destination)}"
    with subprocess.Popen(["tar", "--create", "--directory", str(folder), name], stdout=subprocess.PIPE) as packing:
        words = ["ssh", "-F", str(ssh.prepare()), host, unpack]
        done = subprocess.run(words, check=False, stdin=packing.stdout, capture_output=True, text=True)
    if done.returncode or packing.returncode:
        raise HostError(f"{source} could not be copied to {host}: {done.stderr}")
