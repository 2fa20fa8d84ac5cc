# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the disks that virtual test hosts boot from: a Debian root file system of mmdebstrap, with a kernel.

A disk lies in the user's cache, in a folder that is named after a hash of all that goes into it. No machine ever writes to it.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import pathlib
import shlex
import tempfile

import ssh
from image import LOCAL_CERTIFICATES, as_root, cache_directory, mmdebstrap_command, run, runs_containers

# The role would install python3-requests, which takes a minute under emulation; hosts in containers show that it does.
PACKAGES = ("initramfs-tools", "libpam-systemd", "linux-image-cloud-amd64", "python3-requests", "udev")
# A machine of the release `trixie-containers` has both engines, as its distribution has them: nothing of them needs to be switched off.
CONTAINER_PACKAGES = ("apparmor", "crun", "docker-cli", "docker-compose", "docker.io", "iptables", "netavark", "nftables", "podman", "runc")
NETWORK = "[Match]\nName=eth0\n\n[Network]\nDHCP=yes\n"
NAME_SERVER = "nameserver 10.0.2.3\n"  # qemu's own
FSTAB = "/dev/vda / ext4 defaults 0 1\n"
SIZE = "4G"  # as far as a machine fills it; the file is sparse
# The file system is made from a folder, and the folder is root's.
MAKE_DISK = """\
trap 'rm -rf root' EXIT
{mmdebstrap}
cp root/vmlinuz vmlinuz
cp root/initrd.img initrd.img
/sbin/mke2fs -q -F -t ext4 -d root disk.img {size}
chown {owner} vmlinuz initrd.img disk.img
"""


@dataclasses.dataclass(frozen=True)
class Disk:
    """What a machine boots: files of `folder`."""

    folder: pathlib.Path

    @property
    def kernel(self) -> pathlib.Path:
        """The kernel."""
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> pathlib.Path:
        """What the kernel boots first."""
        return self.folder / "initrd.img"

    @property
    def image(self) -> pathlib.Path:
        """The root file system."""
        return self.folder / "disk.img"


def command(release: str) -> list[str]:
    """The one command that makes the root file system, in the folder `root`."""
    made = mmdebstrap_command(release.partition("-")[0], pathlib.Path("root"))
    packages = (*PACKAGES, *(CONTAINER_PACKAGES if runs_containers(release) else ()))
    hooks = [
        write("/etc/systemd/network/eth0.network", NETWORK),
        write("/etc/resolv.conf", NAME_SERVER),
        write("/etc/fstab", FSTAB),
        write("/root/.ssh/authorized_keys", ssh.public_key()),
        'chroot "$1" ssh-keygen -A',
        'chroot "$1" systemctl enable systemd-networkd ssh',
    ]
    return [made[0], f"--include={','.join(packages)}", "--format=directory", *(f"--customize-hook={hook}" for hook in hooks), *made[1:]]


def write(path: str, content: str) -> str:
    """The shell command that makes a file of the root file system, which is the shell's first argument."""
    return f'install -D -m 644 /dev/null "$1"{path} && printf %s {shlex.quote(content)} > "$1"{path}'


def folder(release: str) -> pathlib.Path:
    """Where the disk lies; another folder as soon as anything that goes into it changes."""
    content = hashlib.sha256("\n".join([*command(release), MAKE_DISK, SIZE]).encode())
    for certificate in sorted(LOCAL_CERTIFICATES.glob("*.crt")):
        content.update(certificate.read_bytes())
    return cache_directory() / f"machine-{release}-{content.hexdigest()[:12]}"


def ensure(release: str) -> Disk:
    """The disk of that Debian release (`trixie`, `forky`, `trixie-containers`), which is made if it is not there (a minute).

    Raises ImageError when mmdebstrap or mke2fs refuses.
    """
    disk = Disk(folder(release))
    with open(cache_directory() / f"machine-{release}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not disk.folder.exists():
            build(release, disk.folder)
    return disk


def build(release: str, place: pathlib.Path) -> None:
    """Make the disk, and put it in its place when it is complete."""
    with tempfile.TemporaryDirectory(dir=cache_directory()) as scratch:
        folder_itself = pathlib.Path(scratch, "disk")
        folder_itself.mkdir()
        status = folder_itself.stat()
        script = MAKE_DISK.format(mmdebstrap=shlex.join(command(release)), size=SIZE, owner=f"{status.st_uid}:{status.st_gid}")
        shell = as_root("sh", "-euc", f"cd {shlex.quote(str(folder_itself))}\n{script}")
        run(shell, f"no disk could be made for a machine with Debian {release}")
        folder_itself.rename(place)
