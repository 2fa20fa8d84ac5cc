# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put an Ollama on a test host just as its vendor's install.sh does: the same places, user and unit (ollama.service beside this file)."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import time

from container import HostError
from remote import copy, execute

HERE = pathlib.Path(__file__).resolve().parent
STAND_IN = HERE.parent / "ollama_stub"
VENDOR_USER = ("useradd", "-r", "-s", "/bin/false", "-U", "-m", "-d", "/usr/share/ollama", "ollama")
READY_SECONDS = 300  # for a machine under emulation; a container takes one


def install(host: str) -> None:
    """Install the Ollama of $OLLAMA_PREFIX (`bin/ollama`, `lib/ollama`), by default the stand-in, start it, and create the test models."""
    with tempfile.TemporaryDirectory() as scratch:
        real = real_prefix()
        prefix = real or make("install.py", f"{scratch}/prefix")
        # The stand-in reads a model's header, a real server loads its weights too.
        models = make("make_gguf.py", f"{scratch}/models", *(["--whole"] if real else []))
        copy(host, pathlib.Path(prefix), "/usr/local")
        copy(host, HERE / "ollama.service", "/etc/systemd/system")
        copy(host, pathlib.Path(models), "/usr/share/test-models")
    execute(host, *VENDOR_USER)
    execute(host, "systemctl", "daemon-reload")
    execute(host, "systemctl", "enable", "--quiet", "--now", "ollama.service")
    wait_until_ready(host)
    create_models(host)


def real_prefix() -> str | None:
    """What OLLAMA_PREFIX names, if it is set; raises HostError if there is no Ollama."""
    prefix = os.environ.get("OLLAMA_PREFIX")
    if prefix and not pathlib.Path(prefix, "bin/ollama").is_file():
        raise HostError(f"OLLAMA_PREFIX is {prefix}, where there is no bin/ollama; it is to name what an Ollama release unpacks to.")
    return prefix


def make(program: str, directory: str, *arguments: str) -> str:
    """Have one of the stand-in's programs fill the directory; give its name."""
    command = [sys.executable, str(STAND_IN / program), directory, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise HostError(f"{program}: {done.stderr.strip()}")
    return directory


def wait_until_ready(host: str) -> None:
    """Return when the server answers; raise HostError after READY_SECONDS."""
    deadline = time.monotonic() + READY_SECONDS
    while execute(host, "curl", "--fail", "--silent", "http://127.0.0.1:11434/api/version", check=False).returncode:
        if time.monotonic() > deadline:
            raise HostError(f"the Ollama server on {host} did not answer within {READY_SECONDS} seconds.")
        time.sleep(0.1)


def create_models(host: str) -> None:
    """Have the server make one model of each GGUF file, under the file's name."""
    files = execute(host, "find", "/usr/share/test-models", "-name", "*.gguf").stdout.split()
    for file in sorted(files):
        name = pathlib.PurePath(file).stem
        execute(host, "sh", "-c", f"echo FROM {file} > /tmp/Modelfile && ollama create {name} -f /tmp/Modelfile")
