# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay the stand-in out like an unpacked release of Ollama.

    python3 tests/ollama_stub/install.py PREFIX [--python INTERPRETER]

makes PREFIX/bin/ollama and PREFIX/lib/ollama/ with the runner program llama-server, the
package, and ollama-stub-ctl for the side door.
"""

from __future__ import annotations

import argparse
import compileall
import shutil
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent / "ollama_stub"
_FLAGS = "-IS"  # quick to start, and blind to the user's and the environment's Python settings

_OLLAMA = """\
import os, sys
program = os.path.realpath(__file__)
library = os.path.join(os.path.dirname(os.path.dirname(program)), "lib", "ollama")
sys.path.insert(0, library)
from ollama_stub import cli
sys.exit(cli.main(program, os.path.join(library, "llama-server"), sys.argv[1:]))
"""
_RUNNER = """\
import os, sys
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from ollama_stub.llama_server import main
main()
"""
_CONTROL = """\
import os, sys
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from ollama_stub.control_client import main
sys.exit(main())
"""


def install(prefix: Path, interpreter: str = "") -> Path:
    """Install below PREFIX, replacing an earlier installation; returns the `ollama` program.

    Without an INTERPRETER the programs look python3 up in PATH.
    """
    library = prefix / "lib" / "ollama"
    shutil.rmtree(library, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, library / "ollama_stub", ignore=ignored)
    compileall.compile_dir(str(library), quiet=1)
    shebang = f"#!{interpreter} {_FLAGS}" if interpreter else f"#!/usr/bin/env -S python3 {_FLAGS}"
    program = prefix / "bin" / "ollama"
    for path, source in (
        (program, _OLLAMA),
        (library / "llama-server", _RUNNER),
        (library / "ollama-stub-ctl", _CONTROL),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{shebang}\n{source}", encoding="utf-8")
        path.chmod(0o755)
    return program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("prefix", type=Path)
    parser.add_argument("--python", default="", help="absolute path of the interpreter to run with")
    arguments = parser.parse_args()
    print(install(arguments.prefix, arguments.python))


if __name__ == "__main__":
    main()
