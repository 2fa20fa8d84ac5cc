# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disposable hosts that boot a real systemd, in podman containers."""

from __future__ import annotations

import re
import subprocess
import time

import cpu_time
import ssh
from image import as_root, ensure, runs_containers

# systemd in a container gets its own cgroups only from runc where cgroups are hybrid. Without SYS_ADMIN it drops all sandboxing
# without a word, without SYS_PTRACE root cannot read another user's environment. Limits are stated low enough to be granted anywhere.
SYSTEMD_HOST = (
    "--runtime=runc",
    "--systemd=always",
    "--cap-add=SYS_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--ulimit=nofile=1024:20000",
    "--ulimit=nproc=1000:1000",
    "--security-opt=apparmor=unconfined",  # whose profile for containers denies the mounts that sandboxing is made of
    "--stop-signal=SIGRTMIN+3",
)
# What containers of its own need besides: devices, and networks.
CONTAINER_HOST = ("--cap-add=MKNOD", "--cap-add=NET_ADMIN")
# A machine's mounts are shared, which is how systemd hands a unit its credentials; a container's are private.
SYSTEMD = ("/bin/sh", "-c", "mount --make-rshared / && exec /lib/systemd/systemd")
BOOT_SECONDS = 60
COPY = "keepwarm.copy"  # labels an image that hosts were copied by


_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class HostError(Exception):
    """The host is not as it should be; the text says what is wrong in one sentence."""


def podman(*arguments: str, check: bool = True, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run podman as root with what it is given to read, and give what it printed; raise HostError if it fails."""
    done = subprocess.run(as_root("podman", *arguments), check=False, input=given, capture_output=True, text=True)
    if check and done.returncode:
        raise HostError(f"podman {arguments[0]}: {without_animation(done.stderr)}")
    return done


def without_animation(text: str) -> str:
    """Each line once, without what moves a cursor, sets a colour or turns before the eyes, as `ollama create` prints."""
    lines = _ESCAPES.sub("", text).replace("\r", "\n").splitlines()
    still = ("".join(character for character in line if character.isprintable() and character not in _SPINNER).strip() for line in lines)
    return "\n".join(dict.fromkeys(filter(None, still)))


def wait_until_up(name: str, may_fail: bool = False) -> None:
    """Return when systemd has started everything; raise HostError if a unit failed that may not, or the deadline (BOOT_SECONDS) passed."""
    deadline = time.monotonic() + BOOT_SECONDS
    state = ""
    while time.monotonic() < deadline:
        state = podman("exec", name, "systemctl", "is-system-running", "--wait", check=False).stdout.strip()
        if state == "running" or (state == "degraded" and may_fail):
            return
        if state == "degraded":
            failed = podman("exec", name, "systemctl", "--failed", "--plain", "--no-legend").stdout
            raise HostError(f"{name} booted with failed units:\n{failed}")
        time.sleep(0.1)  # systemd has no bus to wait on yet
    raise HostError(f"{name} did not boot within {BOOT_SECONDS} seconds: systemd says {state or 'nothing'}.")


def boot(name: str, release: str) -> None:
    """Boot a fresh host of that name; one that is there is replaced."""
    boot_image(name, ensure(release), *(CONTAINER_HOST if runs_containers(release) else ()))


def copy(name: str, copies: list[str]) -> None:
    """Boot hosts with all the files of that host, for a fraction of what it took to bring it there. What is there is replaced."""
    image = podman("commit", "--quiet", f"--change=LABEL {COPY}={name}", name).stdout.strip()
    for other in copies:
        boot_image(other, image)


def boot_image(name: str, image: str, *options: str) -> None:
    """Boot a host from the image, with further options of podman."""
    remove([name])
    podman("run", "--detach", f"--name={name}", f"--hostname={name}", *SYSTEMD_HOST, *options, image, *SYSTEMD)
    podman("exec", "--interactive", name, "install", "-D", "--mode=600", "/dev/stdin", "/root/.ssh/authorized_keys", given=ssh.public_key())
    wait_until_up(name)


def reboot(name: str, wait: bool = True, may_fail: bool = False) -> None:
    """Shut the host down in order and boot it again; wait until everything has started, unless something is to hold that up.

    A unit may fail where that is what a test is about: a server that does not start fails the pass that the boot begins.
    """
    ssh.hang_up([name])
    account([name])
    podman("restart", name)
    if wait:
        wait_until_up(name, may_fail)


def account(names: list[str]) -> None:
    """Tell who keeps an account what these hosts have cost; a host's control group ends with it, and begins anew with a reboot."""
    if cpu_time.wanted():
        for path in podman("inspect", "--format={{.State.CgroupPath}}", *names, check=False).stdout.split():
            cpu_time.record(cpu_time.of_cgroup(path))


def remove(names: list[str]) -> None:
    """Remove the hosts, by SIGKILL: a shutdown that ends as its time is up makes podman fail. One that is not there is no error."""
    ssh.hang_up(names)
    account(names)
    images = podman("ps", "--all", "--no-trunc", f"--filter=label={COPY}", *(f"--filter=name=^{name}$" for name in names), "--format={{.ImageID}}").stdout
    podman("rm", "--force", "--ignore", "--time=0", *names)
    for image in set(images.split()):
        podman("image", "rm", image, check=False)  # in vain as long as there are other copies


def remove_all(prefix: str) -> None:
    """Remove every host whose name begins so."""
    names = podman("ps", "--all", "--format={{.Names}}", f"--filter=name=^{prefix}-").stdout.split()
    if names:
        remove(names)
