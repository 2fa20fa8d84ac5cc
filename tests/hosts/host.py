# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot and remove disposable hosts with a real systemd.

    python3 tests/hosts/host.py image bookworm trixie   build the images now (else the first boot does it)
    python3 tests/hosts/host.py boot NAME               boot a Debian 13 host; --release bookworm for Debian 12
    python3 tests/hosts/host.py reboot NAME             as a machine reboots: memory and /run are lost, files stay
    python3 tests/hosts/host.py remove NAME ...
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from image import ImageError, as_root, ensure

# systemd in a container gets its own cgroups only from runc where cgroups are hybrid. Without SYS_ADMIN it drops all sandboxing
# without a word, without SYS_PTRACE root cannot read another user's environment. Limits are stated low enough to be granted anywhere.
SYSTEMD_HOST = (
    "--runtime=runc",
    "--systemd=always",
    "--cap-add=SYS_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--ulimit=nofile=1024:20000",
    "--ulimit=nproc=1000:1000",
    "--stop-signal=SIGRTMIN+3",
)
BOOT_SECONDS = 60


class HostError(Exception):
    """The host is not as it should be; the text says what is wrong in one sentence."""


def podman(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run podman as root and give what it printed; raise HostError if it fails."""
    done = subprocess.run(as_root("podman", *arguments), check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if check and done.returncode:
        raise HostError(f"podman {arguments[0]}: {done.stderr.strip()}")
    return done


def wait_until_up(name: str) -> None:
    """Return when systemd has started everything; raise HostError if a unit failed or the deadline (BOOT_SECONDS) passed."""
    deadline = time.monotonic() + BOOT_SECONDS
    state = ""
    while time.monotonic() < deadline:
        state = podman("exec", name, "systemctl", "is-system-running", "--wait", check=False).stdout.strip()
        if state == "running":
            return
        if state == "degraded":
            failed = podman("exec", name, "systemctl", "--failed", "--plain", "--no-legend").stdout
            raise HostError(f"{name} booted with failed units:\n{failed}")
        time.sleep(0.1)  # systemd has no bus to wait on yet
    raise HostError(f"{name} did not boot within {BOOT_SECONDS} seconds: systemd says {state or 'nothing'}.")


def boot(name: str, release: str) -> None:
    """Boot a fresh host of that name; one that is there is replaced."""
    remove([name])
    podman("run", "--detach", f"--name={name}", f"--hostname={name}", *SYSTEMD_HOST, ensure(release), "/lib/systemd/systemd")
    wait_until_up(name)


def reboot(name: str) -> None:
    """Shut the host down in order and boot it again."""
    podman("restart", name)
    wait_until_up(name)


def remove(names: list[str]) -> None:
    """Remove the hosts; one that is not there is no error."""
    podman("rm", "--force", "--ignore", "--time=1", *names)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("image").add_argument("releases", nargs="+")
    booting = commands.add_parser("boot")
    booting.add_argument("name")
    booting.add_argument("--release", default="trixie")
    commands.add_parser("reboot").add_argument("name")
    commands.add_parser("remove").add_argument("names", nargs="+")
    return parser.parse_args()


def main() -> None:
    """Carry out one command."""
    wanted = arguments()
    if wanted.command == "image":
        for release in wanted.releases:
            print(ensure(release))
    elif wanted.command == "boot":
        boot(wanted.name, wanted.release)
    elif wanted.command == "reboot":
        reboot(wanted.name)
    else:
        remove(wanted.names)


if __name__ == "__main__":
    try:
        main()
    except (HostError, ImageError) as error:
        sys.exit(str(error))
