# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the images that test hosts boot from, with mmdebstrap, from the Debian archive this machine uses.

No container registry is needed. An image is named after a hash of all that goes into it, so it is built once and reused.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

PACKAGES = (
    "ca-certificates",
    "curl",
    "dbus",
    "iproute2",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd",
    "systemd-sysv",
)
# A host of the release `trixie-containers` runs containers of its own: Podman, and Compose over its socket.
CONTAINERS = "containers"
CONTAINER_PACKAGES = ("aardvark-dns", "crun", "docker-cli", "docker-compose", "netavark", "nftables", "podman")
# In a container neither overlays nor control groups of one's own can be had.
CONTAINER_SETTINGS = {
    "/etc/containers/storage.conf": '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n',
    "/etc/containers/containers.conf": '[containers]\ncgroups = "disabled"\nnetns = "host"\n\n[engine]\nruntime = "crun"\n',
}
LOCAL_CERTIFICATES = pathlib.Path("/usr/local/share/ca-certificates")
# What of this machine's apt configuration decides whether the archive can be reached from inside a host.
APT_OPTION = re.compile(r"Acquire::(?:https?::|Retries|Check-)(?!.*Proxy-Auto-Detect)")
INDEXES = ("apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages")


class ImageError(Exception):
    """The image cannot be built here; the text says why in one sentence."""


def as_root(*command: str) -> list[str]:
    """The command as root runs it: containers that boot systemd need it."""
    return list(command) if os.geteuid() == 0 else ["sudo", *command]


def cache_directory() -> pathlib.Path:
    """Where everything this project installs or builds is kept; created if missing."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    directory = pathlib.Path(base) / "keepwarm-ollama"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def archive_uris() -> dict[str, str]:
    """The URIs of the Debian archives that apt is set up to use here, by label, as far as apt has their lists."""
    listing = subprocess.run(INDEXES, check=True, capture_output=True, text=True).stdout
    rows = (line.split("|") for line in listing.splitlines())
    return {label: uri for origin, label, uri in rows if origin == "Debian"}


def sources(release: str) -> list[str]:
    """The sources.list lines of a host of that release; none, so that mmdebstrap takes its own, where apt has no Debian archive."""
    uris = archive_uris()
    suites = {release: "Debian", f"{release}-updates": "Debian", f"{release}-security": "Debian-Security"}
    return [f"deb {uris[label]} {suite} main" for suite, label in suites.items() if label in uris]


def apt_options() -> list[str]:
    """This machine's apt settings for reaching the archive (proxy, TLS, date checks), one `Key "value";` each."""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], check=True, capture_output=True, text=True).stdout
    return [line for line in dump.splitlines() if APT_OPTION.match(line) and not line.endswith('"";')]


def runs_containers(release: str) -> bool:
    """Whether hosts of that release run containers of their own."""
    return release.endswith(f"-{CONTAINERS}")


def container_options(release: str) -> list[str]:
    """What makes a host that runs containers."""
    if not runs_containers(release):
        return []
    written = (f'mkdir -p "$1"{os.path.dirname(path)} && printf %s {shlex.quote(text)} > "$1"{path}' for path, text in CONTAINER_SETTINGS.items())
    return [f"--include={','.join(CONTAINER_PACKAGES)}", *(f"--customize-hook={hook}" for hook in written)]


def mmdebstrap_command(release: str, tarball: pathlib.Path) -> list[str]:
    """The one command that makes the root file system of a host."""
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", *container_options(release)]
    command += [f"--aptopt={option}" for option in apt_options()]
    if any(LOCAL_CERTIFICATES.glob("*.crt")):
        command += [
            f"--customize-hook=sync-in {LOCAL_CERTIFICATES} {LOCAL_CERTIFICATES}",
            '--customize-hook=chroot "$1" update-ca-certificates',
        ]
    suite = release.partition("-")[0]
    return [*command, suite, str(tarball), *sources(suite)]


def reference(release: str) -> str:
    """The image's name; another one as soon as anything that goes into it changes."""
    content = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    content.update("\n".join(mmdebstrap_command(release, pathlib.Path("-"))).encode())
    for certificate in sorted(LOCAL_CERTIFICATES.glob("*.crt")):
        content.update(certificate.read_bytes())
    return f"localhost/keepwarm-host-{release}:{content.hexdigest()[:12]}"


def exists(image: str) -> bool:
    """Whether podman has that image."""
    return subprocess.run(as_root("podman", "image", "exists", image), check=False).returncode == 0


def ensure(release: str) -> str:
    """The name of the image of that Debian release (`bookworm`, `trixie`, `trixie-containers`), which is built if podman has none (half a minute).

    Raises ImageError when mmdebstrap or podman refuses.
    """
    image = reference(release)
    with open(cache_directory() / f"{release}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not exists(image):
            build(release, image)
    return image


def build(release: str, image: str) -> None:
    """Make the root file system and import it as that image."""
    with tempfile.TemporaryDirectory(dir=cache_directory()) as directory:
        tarball = pathlib.Path(directory, "root.tar")
        run(as_root(*mmdebstrap_command(release, tarball)), f"mmdebstrap could not make a Debian {release} root file system")
        run(as_root("podman", "import", "--quiet", str(tarball), image), f"podman could not import the {release} image")


def run(command: list[str], complaint: str) -> None:
    """Run a command whose output matters only when it fails; then raise ImageError with it."""
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise ImageError(f"{complaint}:\n{done.stdout}")
