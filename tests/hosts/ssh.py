# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How test hosts are reached: over ssh, as operators reach theirs. A command costs a fiftieth of what starting it by podman does.

A host in a container has no address and no port: each connection has an sshd of its own, which podman starts in the host, so that it is as good
after a reboot. A virtual machine has an sshd, to which a port of this computer leads.
"""

from __future__ import annotations

import fcntl
import pathlib
import shlex
import subprocess

from image import as_root, cache_directory

# Ansible and testinfra share a connection to a host. These hosts are minutes old, and nobody comes between.
CONFIG = """\
Include "{folder}/machines/*"
Host *
  User root
  IdentityFile "{folder}/key"
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  ProxyCommand {podman} exec --interactive %n sh -c 'mkdir -p -m 755 /run/sshd && exec /usr/sbin/sshd -i'
  ControlMaster auto
  ControlPersist 60s
  ControlPath "{folder}/%C"
"""
MACHINE = """\
Host {name}
  HostName 127.0.0.1
  Port {port}
  ProxyCommand none
"""
CONNECT_SECONDS = 60


def folder() -> pathlib.Path:
    """Where the key, the configuration and the sockets are. In the home, since a socket's path must be short."""
    return cache_directory() / "ssh"


def prepare() -> pathlib.Path:
    """The configuration file for `ssh -F`, which is made, with its key, if it is not there. Scenarios that start at the same time make one."""
    folder().mkdir(mode=0o700, exist_ok=True)
    config = folder() / "hosts"
    text = CONFIG.format(folder=folder(), podman=shlex.join(as_root("podman")))
    with (folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder() / "key").exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder() / "key")], check=True, stdin=subprocess.DEVNULL)
        if not config.exists() or config.read_text(encoding="utf-8") != text:
            config.write_text(text, encoding="utf-8")
    return config


def public_key() -> str:
    """What a host is to accept."""
    prepare()
    return (folder() / "key.pub").read_text(encoding="utf-8")


def forward(name: str, port: int) -> None:
    """From now on that name is a machine, which is behind that port."""
    prepare()
    path = folder() / "machines" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(MACHINE.format(name=name, port=port), encoding="utf-8")


def forget(name: str) -> None:
    """The machine is gone."""
    (folder() / "machines" / name).unlink(missing_ok=True)


def ask(name: str, command: str, seconds: float) -> str:
    """What a command prints, by a connection of its own, as good for a host that is about to go; empty if that fails or takes longer."""
    options = ["-o", "ControlPath=none", "-o", f"ConnectTimeout={CONNECT_SECONDS}", "-o", "BatchMode=yes"]
    words = ["ssh", "-F", str(prepare()), *options, name, command]
    try:
        return subprocess.run(words, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds).stdout.strip()
    except subprocess.TimeoutExpired:
        return ""


def hang_up(names: list[str]) -> None:
    """End the connections to hosts that are about to go: who comes next shall not find one that is dying."""
    for name in names:
        subprocess.run(["ssh", "-F", str(prepare()), "-O", "exit", name], check=False, stdin=subprocess.DEVNULL, capture_output=True)
