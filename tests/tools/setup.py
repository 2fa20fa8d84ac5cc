# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install what the Makefile's targets need; do nothing, quickly, where it is there already.

    python3 tests/tools/setup.py newest oldest checks hosts

`newest`, `oldest`, `checks`, `bench`, `browser`, `rulebook`, `recording`, `clients` and `docsite` are virtual environments, each made from
requirements/NAME.txt and kept in the user's cache under a hash of that file; .cache/NAME of the checkout is a link to it. `core-2.19` and its like are
newest.txt with another ansible-core.
`hosts` is what boots test hosts: Debian packages and two images; `machine` is the same for virtual ones; `promtool` is a program out of a Debian
package.

KEEPWARM_PYTHON=3.13 has the environments made of that Python, as far as their ansible-core runs on it.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator

TOP = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "keepwarm-ollama"
# The Python versions on which each ansible-core runs as a controller, the preferred one first.
PYTHONS = {
    "newest": ("3.12", "3.13", "3.14"),
    "checks": ("3.12", "3.13", "3.14"),
    "bench": ("3.12", "3.13", "3.14"),
    "browser": ("3.12", "3.13", "3.14"),
    "rulebook": ("3.12", "3.13", "3.14"),
    "clients": ("3.12", "3.13", "3.14"),
    "docsite": ("3.12", "3.13", "3.14"),
    "recording": ("3.12", "3.13", "3.14"),
    "oldest": ("3.12", "3.11", "3.10", "3.13"),  # 2.17 on 3.13 is not supported upstream, but all that Debian 13 has
    "core-2.18": ("3.12", "3.11", "3.13"),
    "core-2.19": ("3.12", "3.11", "3.13"),
    "core-2.20": ("3.12", "3.13", "3.14"),
}
CORE = re.compile(r"^ansible-core==\S+", re.MULTILINE)
DEBIAN_PACKAGES = {
    "hosts": ("podman", "runc", "netavark", "aardvark-dns", "iptables", "nftables", "mmdebstrap", "openssh-client", "zstd"),
    "machine": ("qemu-system-x86", "mmdebstrap", "e2fsprogs", "openssh-client"),
    "checks": ("git", "shellcheck"),
    "promtool": (),
    "rulebook": (),
    "recording": (),
    "bench": (),
    "clients": (),
    "npm-clients": (),
    "docsite": ("git", "graphviz", "fonts-dejavu-core"),  # dot draws the diagrams
    "browser": ("chromium", "chromium-driver", "fonts-dejavu-core"),  # another font would make other pictures
    "newest": ("git", "njs", "openssl"),  # the artefact is built from tracked files; what runs the gateway's script in nginx, and makes certificates, tests it
    "oldest": ("git", "openssl"),
    **{name: ("git", "openssl") for name in PYTHONS if name.startswith("core-")},
}
PROMTOOL = "usr/bin/promtool"
DPKG = threading.Lock()
RELEASES = {"hosts": ("image", "trixie", "bookworm", "trixie-containers"), "machine": ("disk", "trixie")}


def say(sentence: str) -> None:
    """Tell the user what takes time."""
    print(f"setup: {sentence}", flush=True)


def is_installed(package: str) -> bool:
    """Whether that Debian package is installed."""
    query = subprocess.run(["dpkg-query", "--show", "--showformat=${Status}", package], check=False, capture_output=True, text=True)
    return query.stdout == "install ok installed"


def install_debian_packages(packages: list[str]) -> None:
    """Install the missing ones with apt-get, as root or by sudo."""
    if shutil.which("apt-get") is None:
        sys.exit(f"setup: this machine has no apt-get; it needs what Debian calls {' '.join(packages)}.")
    missing = [package for package in packages if not is_installed(package)]
    # Lists are there after an update only, and tell where the images of test hosts come from.
    if not missing and any(pathlib.Path("/var/lib/apt/lists").glob("*_Packages*")):
        return
    if os.geteuid() != 0 and shutil.which("sudo") is None:
        sys.exit(f"setup: run this as root or install sudo; missing Debian packages: {' '.join(missing)}.")
    apt_get = [*([] if os.geteuid() == 0 else ["sudo"]), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    # An unreachable third-party source fails the update, not the installation of what Debian's own archive has.
    subprocess.run([*apt_get, "update"], check=False, stdin=subprocess.DEVNULL)
    if missing:
        say(f"installing Debian packages: {' '.join(missing)}")
        command = [*apt_get, "install", "--yes", "--no-install-recommends", *missing]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def interpreters(version: str) -> Iterator[pathlib.Path]:
    """Where a Python of that version may be: pyenv's own directories (its shims may fail), PATH, the system's python3."""
    root = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    yield from sorted(root.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    for name in (f"python{version}", "python3"):
        found = shutil.which(name)
        if found:
            yield pathlib.Path(found)


def runs_as(python: pathlib.Path, version: str) -> bool:
    """Whether this really is a Python of that version (a pyenv shim may not be)."""
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([str(python), "-c", probe], check=False, capture_output=True, text=True)
    return done.stdout.strip() == version


def interpreter(environment: str) -> pathlib.Path:
    """The Python that a virtual environment is made of."""
    wanted = os.environ.get("KEEPWARM_PYTHON")
    versions = (wanted,) if wanted in PYTHONS[environment] else PYTHONS[environment]
    for version in versions:
        for python in interpreters(version):
            if runs_as(python, version):
                return python
    sys.exit(
        f"setup: the environment {environment} needs Python {' or '.join(versions)}, and none is in pyenv or on PATH;"
        " Debian 13 has 3.13, elsewhere pyenv builds one."
    )


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time make what has that name: clones share the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def key(*parts: str) -> str:
    """A short hash of what something is made from."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def link(name: str, target: pathlib.Path) -> None:
    """Make .cache/NAME of the checkout point there."""
    path = TOP / ".cache" / name
    path.parent.mkdir(exist_ok=True)
    if not path.is_symlink() or path.readlink() != target:
        path.unlink(missing_ok=True)
        path.symlink_to(target)


def requirements(name: str) -> str:
    """What is in the environment of that name, as pip reads it: its own file, or newest.txt with the last release of another ansible-core."""
    line, dummy, release = name.partition("core-")
    text = (TOP / "requirements" / f"{line or 'newest'}.txt").read_text(encoding="utf-8")
    return CORE.sub(f"ansible-core~={release}.0", text) if release else text


def make_environment(name: str) -> None:
    """The virtual environment of requirements/NAME.txt."""
    python, wanted = interpreter(name), requirements(name)
    directory = CACHE / f"{name}-{key(wanted, str(python))}"
    with locked(name):
        if not (directory / "complete").exists():
            say(f"making the Python environment {name} with {python}")
            shutil.rmtree(directory, ignore_errors=True)
            create_environment(python, directory)
            (directory / "requirements.txt").write_text(wanted, encoding="utf-8")
            pip = [str(directory / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
            subprocess.run([*pip, "--requirement", str(directory / "requirements.txt")], check=True, stdin=subprocess.DEVNULL)
            (directory / "complete").touch()
    link(name, directory)


def create_environment(python: pathlib.Path, directory: pathlib.Path) -> None:
    """An empty virtual environment; Debian ships the means in a package of their own."""
    if subprocess.run([str(python), "-c", "import ensurepip"], check=False, capture_output=True).returncode:
        with DPKG:
            install_debian_packages(["python3-venv"])
    subprocess.run([str(python), "-m", "venv", str(directory)], check=True)


def unpack_promtool() -> None:
    """Prometheus' own judge of rules and metrics, out of Debian's package; to install that would start a Prometheus on this machine."""
    directory = CACHE / "promtool"
    with locked("promtool"):
        if not (directory / PROMTOOL).exists():
            say("unpacking promtool")
            scratch = directory / "scratch"
            scratch.mkdir(parents=True, exist_ok=True)
            subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", "prometheus"], check=True, cwd=scratch, stdin=subprocess.DEVNULL)
            (package,) = scratch.glob("*.deb")
            subprocess.run(["dpkg-deb", "--extract", str(package), str(scratch)], check=True)
            (directory / PROMTOOL).parent.mkdir(parents=True, exist_ok=True)
            (scratch / PROMTOOL).rename(directory / PROMTOOL)
            shutil.rmtree(scratch)
    link("promtool", directory)


def install_npm_clients() -> None:
    """The official JavaScript clients, whose releases requirements/clients.json names."""
    wanted = (TOP / "requirements/clients.json").read_text(encoding="utf-8")
    directory = CACHE / f"npm-clients-{key(wanted)}"
    with locked("npm-clients"):
        if not (directory / "complete").exists():
            say("installing the clients of npm")
            directory.mkdir(exist_ok=True)
            (directory / "package.json").write_text(wanted, encoding="utf-8")
            command = ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, check=True, cwd=directory, stdin=subprocess.DEVNULL)
            (directory / "complete").touch()
    link("npm-clients", directory)


def missing_commands(wanted: list[str]) -> tuple[str, ...]:
    """What has a Go compiler, if there is none: Go's own decoder is what the gateway's judge is compared with. And
    node with npm, and a Java runtime: ansible-rulebook's engine is Drools."""
    go = ("golang-go",) if "newest" in wanted and shutil.which("go") is None else ()
    node = ("nodejs", "npm") if "npm-clients" in wanted and shutil.which("npm") is None else ()
    java = ("default-jre-headless",) if "rulebook" in wanted and shutil.which("java") is None else ()
    return (*go, *node, *java)


def install(name: str) -> None:
    """Install one part, whose Debian packages are there."""
    if name in RELEASES:
        subprocess.run([sys.executable, str(TOP / "tests/hosts/host.py"), *RELEASES[name]], check=True, stdout=subprocess.DEVNULL)
    elif name == "promtool":
        unpack_promtool()
    elif name == "npm-clients":
        install_npm_clients()
    else:
        make_environment(name)


def main() -> None:
    """Install the parts that the command line names, as many at a time as there are cores: each of them waits for downloads, and uses one core."""
    wanted = sys.argv[1:]
    unknown = set(wanted) - set(DEBIAN_PACKAGES)
    if unknown or not wanted:
        sys.exit(__doc__)
    install_debian_packages(sorted({*missing_commands(wanted), *(package for part in wanted for package in DEBIAN_PACKAGES[part])}))
    link("shared", CACHE)
    with concurrent.futures.ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        list(pool.map(install, wanted))


if __name__ == "__main__":
    main()
