# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay the stand-in out as Ollama's releases lie on a mirror: vVERSION/ollama-linux-ARCHITECTURE.tar.zst (.tgz before 0.14), sha256sum.txt.

    python3 tests/hosts/mirror.py FOLDER VERSION ... [--broken VERSION] [--lying VERSION] [--spilling VERSION]

The server of a broken version ends as soon as it is started, that of a lying one says that it is 0.30.0, and that of a spilling one finds
little VRAM, if the host has any.
"""

from __future__ import annotations

import argparse
import hashlib
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

STAND_IN = pathlib.Path(__file__).resolve().parents[1] / "ollama_stub"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
FIRST_ZSTD = (0, 14)
FAULTS = {
    "": "",
    "broken": "\nimport sys\nif sys.argv[1:2] == ['serve']:\n    sys.exit('Error: this release cannot serve')\n",
    "lying": "\nimport sys\nif sys.argv[1:2] == ['serve']:\n    VERSION = '0.30.0'\n    HELD = open(__file__)\n",  # which tells who runs
    "spilling": "\nimport os\nif 'OLLAMA_STUB_VRAM' in os.environ:\n    os.environ['OLLAMA_STUB_VRAM'] = '1MiB'\n",
}


def unpacked(folder: pathlib.Path, version: str, fault: str) -> pathlib.Path:
    """The stand-in as that version."""
    prefix = folder / version
    subprocess.run([sys.executable, str(STAND_IN / "install.py"), str(prefix)], check=True, stdout=subprocess.DEVNULL)
    package = prefix / "lib/ollama/ollama_stub/__init__.py"
    source, count = re.subn(r"^VERSION = .*$", f'VERSION = "{version}"', package.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if count != 1:
        sys.exit(f"{package} does not tell the stand-in's version in one line")
    package.write_text(source + FAULTS[fault], encoding="utf-8")
    for stale in package.parent.glob("__pycache__/__init__.*"):
        stale.unlink()  # Python goes by the second and the length
    return prefix


def publish(folder: pathlib.Path, version: str, fault: str = "") -> None:
    """Add one version to the mirror."""
    place = folder / f"v{version}"
    place.mkdir(parents=True, exist_ok=True)
    form = "tar.zst" if tuple(map(int, version.split(".")[:2])) >= FIRST_ZSTD else "tgz"
    archive = place / f"ollama-linux-{ARCHITECTURES[platform.machine()]}.{form}"
    with tempfile.TemporaryDirectory() as scratch:
        prefix = unpacked(pathlib.Path(scratch), version, fault)
        subprocess.run(["tar", "--create", "--auto-compress", "--file", str(archive), "--directory", str(prefix), "."], check=True)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (place / "sha256sum.txt").write_text(f"{digest}  ./{archive.name}\n", encoding="ascii")


def main() -> None:
    """Build the mirror."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("versions", nargs="*")
    for fault in filter(None, FAULTS):
        parser.add_argument(f"--{fault}", action="append", default=[], metavar="VERSION")
    wanted = parser.parse_args()
    for version in wanted.versions:
        publish(wanted.folder, version)
    for fault in filter(None, FAULTS):
        for version in getattr(wanted, fault):
            publish(wanted.folder, version, fault)


if __name__ == "__main__":
    main()
