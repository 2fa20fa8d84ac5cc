# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual test hosts: with a kernel, a control group tree (version 2) and a clock of their own, under software emulation.

A machine is a folder in the user's cache, named after the host: the socket on which qemu takes orders, its process id, the console.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

import cpu_time
import ssh
from container import HostError
from image import cache_directory, run
from machine_image import Disk, ensure

MEMORY = "2048"  # MiB
BOOT_SECONDS = 1200  # half a minute alone on two cores; emulation has no promise where others are at work
COMMAND_SECONDS = 120
QUIT_SECONDS = 60
FORWARDED = re.compile(r"TCP\[HOST_FORWARD\] +\d+ +127\.0\.0\.1 +(\d+) ")


def machines() -> pathlib.Path:
    """Where the machines are."""
    return cache_directory() / "machines"


def folder(name: str) -> pathlib.Path:
    """What there is of that machine."""
    return machines() / name


def exists(name: str) -> bool:
    """Whether the host of that name is a machine."""
    return folder(name).is_dir()


def qemu(name: str, disk: Disk) -> list[str]:
    """The command that starts the machine. What it writes to its disk goes with it (snapshot); qemu chooses a free port for ssh."""
    place = folder(name)
    command = ["qemu-system-x86_64", "-name", name, "-no-user-config", "-nodefaults", "-display", "none", "-daemonize", "-pidfile", f"{place}/pid"]
    command += ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max", "-smp", "2", "-m", MEMORY, "-rtc", "base=utc"]
    command += ["-kernel", str(disk.kernel), "-initrd", str(disk.initrd), "-append", f"root=/dev/vda rw console=ttyS0 net.ifnames=0 systemd.hostname={name}"]
    command += ["-drive", f"file={disk.image},if=virtio,format=raw,cache=unsafe,snapshot=on", "-device", "virtio-rng-pci"]
    command += ["-netdev", "user,id=n0,hostfwd=tcp:127.0.0.1:0-:22", "-device", "virtio-net-pci,netdev=n0"]
    return [*command, "-qmp", f"unix:{place}/qmp,server=on,wait=off", "-serial", f"file:{place}/console"]


def boot(name: str, release: str) -> None:
    """Boot a fresh machine of that name; one that is there is replaced."""
    disk = ensure(release)
    remove(name)
    folder(name).mkdir(parents=True)
    run(qemu(name, disk), f"qemu could not start {name}")
    ssh.forward(name, forwarded_port(name))
    wait_until_up(name)


def forwarded_port(name: str) -> int:
    """The port of this computer that leads to the machine's sshd."""
    found = FORWARDED.search(order(name, "human-monitor-command", **{"command-line": "info usernet"}))
    if found is None:
        raise HostError(f"qemu forwards no port to {name}.")
    return int(found[1])


def order(name: str, command: str, **arguments: str) -> Any:
    """What qemu answers to one order (QMP)."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(COMMAND_SECONDS)
        connection.connect(str(folder(name) / "qmp"))
        with connection.makefile("rw", encoding="utf-8") as stream:
            for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                answer = reply(stream)
    return answer


def reply(stream: Any) -> Any:
    """The answer to the order before; greetings and events come between."""
    for line in stream:
        message = json.loads(line)
        if "error" in message:
            raise HostError(f"qemu: {message['error']['desc']}.")
        if "return" in message:
            return message["return"]
    raise HostError("qemu has gone.")


def ask(name: str, command: str) -> str:
    """What a command prints on the machine, by a connection of its own; empty if it fails, or does not answer."""
    return ssh.ask(name, command, COMMAND_SECONDS)


def wait_until_up(name: str, may_fail: bool = False, since: str = "") -> None:
    """Return when systemd has started everything; raise HostError if a unit failed that may not, or the deadline (BOOT_SECONDS) passed.

    `since` is the boot that is over.
    """
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        state, dummy, now = ask(name, "systemctl is-system-running; cat /proc/sys/kernel/random/boot_id").partition("\n")
        if now and now != since and state in ("running", "degraded"):
            if state == "degraded" and not may_fail:
                raise HostError(f"{name} booted with failed units:\n{ask(name, 'systemctl --failed --plain --no-legend')}")
            return
        time.sleep(1)  # each look costs the machine an sshd
    raise HostError(f"{name} did not boot within {BOOT_SECONDS} seconds; its console is {folder(name)}/console.")


def boot_id(name: str) -> str:
    """Which boot the machine is in."""
    return ask(name, "cat /proc/sys/kernel/random/boot_id")


def reboot(name: str, wait: bool = True, may_fail: bool = False) -> None:
    """Reboot it in order; wait until everything has started, unless something is to hold that up."""
    before = boot_id(name)
    ssh.hang_up([name])
    ask(name, "systemctl reboot")
    if wait:
        wait_until_up(name, may_fail, before)
    else:
        until(lambda: boot_id(name) not in ("", before), f"{name} did not come up again", BOOT_SECONDS)


def until(probe: Callable[[], bool], complaint: str, seconds: float) -> None:
    """Return as soon as it is so; raise HostError after that time."""
    deadline = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > deadline:
            raise HostError(f"{complaint} within {seconds:.0f} seconds.")
        time.sleep(0.2)


def sleep(name: str) -> None:
    """Suspend it to RAM. Whoever asks for that over ssh would wait for an answer until it wakes."""
    ssh.hang_up([name])
    ask(name, "systemd-run --quiet --on-active=1 systemctl suspend")
    until(lambda: order(name, "query-status")["status"] == "suspended", f"{name} did not fall asleep", BOOT_SECONDS)


def wake(name: str) -> None:
    """Wake it up, and wait until it answers."""
    order(name, "system_wakeup")
    until(lambda: boot_id(name) != "", f"{name} did not wake up", BOOT_SECONDS)


def remove(name: str) -> None:
    """Power it off at once, and remove what there is of it. One that is not there is no error."""
    ssh.hang_up([name])
    ssh.forget(name)
    process = folder(name) / "pid"
    if process.exists():
        pid = int(process.read_text(encoding="ascii"))
        if cpu_time.wanted() and is_running(pid, name):
            cpu_time.record(cpu_time.of_process(pid))
        with contextlib.suppress(OSError, HostError):
            order(name, "quit")
        end(pid, name)
    shutil.rmtree(folder(name), ignore_errors=True)


def is_running(pid: int, name: str) -> bool:
    """Whether that process is still the machine's qemu."""
    try:
        return f"\0-name\0{name}\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return False


def end(pid: int, name: str) -> None:
    """Wait for qemu's end; kill it if that does not come."""
    try:
        until(lambda: not is_running(pid, name), f"qemu of {name} did not end", QUIT_SECONDS)
    except HostError:
        os.kill(pid, signal.SIGKILL)


def remove_all(prefix: str) -> None:
    """Remove every machine whose name begins so."""
    for place in machines().glob(f"{prefix}-*"):
        remove(place.name)
