# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a host is: its files, its accounts and its units, as JSON. What is left out, and why, is here and nowhere else."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator

LEFT_OUT = {
    "/proc": "the kernel's",
    "/sys": "the kernel's",
    "/dev": "the kernel's",
    "/run": "memory; what of it is ours, the units and /run/ollama-warmup, is looked at below",
    "/tmp": "Ansible's and systemd's scratch",
    "/var/tmp": "systemd's scratch for PrivateTmp=",
    "/root/.ansible": "Ansible's own",
    "/root/.ansible_async": "Ansible's own",
    "/var/log": "logs",
    "/var/lib/dpkg": "packages that the roles installed stay, since others may need them by now",
    "/var/lib/apt": "package lists that were fetched",
    "/var/cache/apt": "package lists that were fetched",
    "/var/cache/debconf": "packages that stay",
    "/var/lib/systemd": "clocks and seeds that systemd writes by itself",
    "/etc/passwd-": "the copy that shadow-utils keeps of what was before",
    "/etc/shadow-": "the copy that shadow-utils keeps of what was before",
    "/etc/group-": "the copy that shadow-utils keeps of what was before",
    "/etc/gshadow-": "the copy that shadow-utils keeps of what was before",
    "/etc/ld.so.cache": "made anew for the packages that stay",
    "/var/cache/ldconfig": "made anew for the packages that stay",
    "/etc/ssl/certs": "links that ca-certificates, a package that stays, makes when it is installed",
    "/etc/ca-certificates.conf": "made by ca-certificates when it is installed",
    "/var/lib/private": "the folder, which systemd makes for the first unit with DynamicUser= and StateDirectory=; not what is in it",
}
INSIDE = ("/var/lib/private",)  # looked into nevertheless
BYTECODE = "__pycache__"  # that Python writes for packages that stay


def owned() -> set[str]:
    """What packages brought."""
    return {line.rstrip("\n") for path in glob.glob("/var/lib/dpkg/info/*.list") for line in open(path, encoding="utf-8")}


def paths(top: str = "/") -> Iterator[str]:
    """Every file, link and folder of the host that counts."""
    for entry in os.scandir(top):
        if entry.name == BYTECODE or (entry.path in LEFT_OUT and entry.path not in INSIDE):
            continue
        if entry.path not in LEFT_OUT:
            yield entry.path
        if entry.is_dir(follow_symlinks=False):
            yield from paths(entry.path)


def look(path: str) -> str:
    """Kind, mode, owner and content."""
    seen = os.lstat(path)
    said = f"{stat.filemode(seen.st_mode)} {seen.st_uid}:{seen.st_gid}"
    if stat.S_ISLNK(seen.st_mode):
        return f"{said} -> {os.readlink(path)}"
    if stat.S_ISREG(seen.st_mode):
        with open(path, "rb") as file:
            return f"{said} {hashlib.sha256(file.read()).hexdigest()}"
    return said


def told(*command: str) -> list[str]:
    """The lines that a command prints, in order."""
    return sorted(subprocess.run(command, check=False, capture_output=True, text=True).stdout.splitlines())


def units() -> list[str]:
    """Those that are ours or might be, however they are, and all that failed."""
    loaded = told("systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager", "*ollama*", "my-api*", "batch*")
    failed = told("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager")
    return [*loaded, *failed, *told("systemctl", "list-unit-files", "--no-legend", "--no-pager", "*ollama*")]


def main() -> None:
    """Print it, or write it into a file."""
    files = {path: look(path) for path in paths()}
    runtime = glob.glob("/run/*ollama*") + glob.glob("/run/systemd/**/*ollama*", recursive=True)
    whole = {"files": files, "owned": sorted(owned()), "units": units(), "runtime": sorted(runtime)}
    text = json.dumps(whole)
    with open(sys.argv[1], "w", encoding="utf-8") if sys.argv[1:] else sys.stdout as out:
        out.write(text)


if __name__ == "__main__":
    main()
