# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let `ansible-test sanity --local` start where its get-pip script cannot be downloaded.

ansible-test builds small virtual environments and bootstraps pip in each of them with a
get-pip script that it caches under ~/.ansible/test/cache. This writes that cache file from
the pip wheel of the same version, taken from the package index that pip is set up to use.
Run it with the interpreter that has ansible-core installed; it does nothing when the cache
file is there.

Note for pyenv: ansible-test calls pythonX.Y by name, and a shim that names no version fails.
Put the real interpreters' bin directories on PATH before the shims.
"""

from __future__ import annotations

import base64
import pathlib
import re
import subprocess
import sys
import tempfile

SHIM = """\
import base64, pathlib, sys, tempfile
wheel = pathlib.Path(tempfile.mkdtemp(), "pip.whl")
wheel.write_bytes(base64.b85decode({wheel!r}))
sys.path.insert(0, str(wheel))
arguments = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
from pip._internal.cli.main import main
sys.exit(main(["install", "--upgrade", "--force-reinstall", *arguments]))
"""


def wanted_pip_version() -> str:
    import ansible_test

    source = pathlib.Path(ansible_test.__file__).parent / "_internal" / "python_requirements.py"
    found = re.search(r"""pip=['"]([0-9.]+)['"]""", source.read_text())
    if found is None:
        sys.exit(f"no pinned pip version found in {source}")
    return found.group(1)


def main() -> None:
    version = wanted_pip_version()
    cache = pathlib.Path.home() / ".ansible/test/cache" / f"get_pip_{version.replace('.', '_')}.py"
    if cache.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", folder, f"pip=={version}"],
            check=True,
        )
        wheel = next(pathlib.Path(folder).glob("pip-*.whl"))
        encoded = base64.b85encode(wheel.read_bytes()).decode()
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(SHIM.format(wheel=encoded))
    print(f"wrote {cache.name}")


if __name__ == "__main__":
    main()
