# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot and remove disposable hosts with a real systemd.

    python3 tests/hosts/host.py image bookworm trixie   build the images now (else the first boot does it)
    python3 tests/hosts/host.py disk trixie             build the disk of virtual machines now
    python3 tests/hosts/host.py ssh-config              what `ssh -F` takes, so that NAME is a host to ssh
    python3 tests/hosts/host.py boot NAME               boot a fresh Debian 13 host; --release bookworm for Debian 12;
                                                        --release trixie-containers for one with Podman and Compose;
                                                        --machine: a virtual one, with a kernel of its own
    python3 tests/hosts/host.py copy NAME COPY ...      boot hosts with all the files of that one
    python3 tests/hosts/host.py install-ollama NAME     install, start and fill the stand-in server, or the Ollama of $OLLAMA_PREFIX
    python3 tests/hosts/host.py make-image NAME         make an image of the stand-in server on a host that runs containers, and models in /srv/models
    python3 tests/hosts/host.py reboot NAME             as a machine reboots: memory and /run are lost, files stay; --no-wait: however long starting takes;
                                                        --may-fail: whatever unit of a container host fails
    python3 tests/hosts/host.py sleep NAME              suspend a machine to RAM
    python3 tests/hosts/host.py wake NAME
    python3 tests/hosts/host.py remove NAME ...
    python3 tests/hosts/host.py remove-all PREFIX       those whose names begin with PREFIX-
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import container
import image
import machine
import machine_image
import ollama
import ollama_image
import ssh


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("image").add_argument("releases", nargs="+")
    commands.add_parser("disk").add_argument("releases", nargs="+")
    commands.add_parser("ssh-config")
    booting = commands.add_parser("boot")
    booting.add_argument("name")
    booting.add_argument("--release", default="trixie")
    booting.add_argument("--machine", action="store_true")
    copying = commands.add_parser("copy")
    copying.add_argument("name")
    copying.add_argument("copies", nargs="+")
    commands.add_parser("install-ollama").add_argument("name")
    commands.add_parser("make-image").add_argument("name")
    rebooting = commands.add_parser("reboot")
    rebooting.add_argument("name")
    rebooting.add_argument("--no-wait", action="store_true")
    rebooting.add_argument("--may-fail", action="store_true")
    for verb in ("sleep", "wake"):
        commands.add_parser(verb).add_argument("name")
    commands.add_parser("remove").add_argument("names", nargs="+")
    commands.add_parser("remove-all").add_argument("prefix")
    return parser.parse_args()


def build_images(wanted: argparse.Namespace) -> None:
    """Build what is missing, and print the images' names."""
    for release in wanted.releases:
        print(image.ensure(release))


def build_disks(wanted: argparse.Namespace) -> None:
    """Build what is missing, and print where it is."""
    for release in wanted.releases:
        print(machine_image.ensure(release).folder)


def boot(wanted: argparse.Namespace) -> None:
    """Boot a host of the kind that is asked for."""
    (machine if wanted.machine else container).boot(wanted.name, wanted.release)


def reboot(wanted: argparse.Namespace) -> None:
    """Reboot a host of either kind."""
    if machine.exists(wanted.name):
        machine.reboot(wanted.name, not wanted.no_wait)
    else:
        container.reboot(wanted.name, not wanted.no_wait, wanted.may_fail)


def remove(wanted: argparse.Namespace) -> None:
    """Remove hosts of either kind."""
    for name in filter(machine.exists, wanted.names):
        machine.remove(name)
    container.remove(wanted.names)


def remove_all(wanted: argparse.Namespace) -> None:
    """Remove hosts of both kinds."""
    machine.remove_all(wanted.prefix)
    container.remove_all(wanted.prefix)


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "image": build_images,
    "disk": build_disks,
    "ssh-config": lambda dummy: print(ssh.prepare()),
    "boot": boot,
    "copy": lambda wanted: container.copy(wanted.name, wanted.copies),
    "install-ollama": lambda wanted: ollama.install(wanted.name),
    "make-image": lambda wanted: ollama_image.install(wanted.name),
    "reboot": reboot,
    "sleep": lambda wanted: machine.sleep(wanted.name),
    "wake": lambda wanted: machine.wake(wanted.name),
    "remove": remove,
    "remove-all": remove_all,
}


def main() -> None:
    """Carry out one command."""
    wanted = arguments()
    COMMANDS[wanted.command](wanted)


if __name__ == "__main__":
    try:
        main()
    except (container.HostError, image.ImageError) as error:
        sys.exit(str(error))
