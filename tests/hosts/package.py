# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Package the stand-in as a distribution packages Ollama, in one repository for each version.

    python3 tests/hosts/package.py FOLDER VERSION ...

makes FOLDER/VERSION/ for a line `deb [trusted=yes] file:FOLDER/VERSION ./` of apt's. As the packages of Arch Linux and Fedora, it neither enables
its service nor starts it, and an update does not restart it.
"""

from __future__ import annotations

import hashlib
import pathlib
import subprocess
import sys
import tempfile

import mirror

HERE = pathlib.Path(__file__).resolve().parent
CONTROL = """\
Package: ollama
Version: {version}
Architecture: all
Maintainer: nobody <nobody@example.org>
Depends: adduser, python3
Description: stand-in for Ollama
"""
# Each version comes with an interpreter of its own, as a real one is a program of its own: an update replaces the file that the server runs.
INTERPRETER = "/usr/lib/ollama/python3"
PREPARE = f"""\
#!/bin/sh
set -e
install --mode=755 "$(readlink --canonicalize /usr/bin/python3)" {INTERPRETER}.new
mv {INTERPRETER}.new {INTERPRETER}
adduser --quiet --system --group --home /var/lib/ollama ollama
systemctl daemon-reload
"""


def build(folder: pathlib.Path, version: str) -> None:
    """One package with its repository's index."""
    place = folder / version
    place.mkdir(parents=True, exist_ok=True)
    package = place / f"ollama_{version}_all.deb"
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch, "root")
        fill(root, mirror.unpacked(pathlib.Path(scratch), version, ""), version)
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", str(root), str(package)], check=True, stdout=subprocess.DEVNULL)
    content = package.read_bytes()
    index = f"{CONTROL.format(version=version)}Filename: ./{package.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
    (place / "Packages").write_text(index, encoding="ascii")


def fill(root: pathlib.Path, prefix: pathlib.Path, version: str) -> None:
    """Lay out what the package has: the program below /usr, its unit, and what runs when it is installed."""
    prefix.chmod(0o755)
    root.mkdir(mode=0o755)
    prefix.rename(root / "usr")
    program = root / "usr/bin/ollama"
    program.write_text(f"#!{INTERPRETER} -IS\n{program.read_text(encoding='utf-8').partition(chr(10))[2]}", encoding="utf-8")
    unit = root / "usr/lib/systemd/system/ollama.service"
    unit.parent.mkdir(parents=True)
    unit.write_text((HERE / "ollama.service").read_text(encoding="utf-8").replace("/usr/local/bin/ollama serve", "/usr/bin/ollama serve"), encoding="utf-8")
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(CONTROL.format(version=version), encoding="ascii")
    (root / "DEBIAN/postinst").write_text(PREPARE, encoding="ascii")
    (root / "DEBIAN/postinst").chmod(0o755)


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        build(pathlib.Path(sys.argv[1]), wanted)
