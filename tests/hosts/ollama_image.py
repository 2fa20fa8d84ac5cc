# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an image of the stand-in server on a test host that runs containers. No registry is needed: its Python is the host's own."""

from __future__ import annotations

import pathlib
import tempfile

from ollama import make
from remote import copy, execute

IMAGE = "localhost/ollama:1"
FOLDER = "/usr/share/ollama-image"
MODELS = "/srv/models"
# As the vendor's image has them, all interfaces among them.
CHANGES = (
    "ENV PATH=/usr/local/bin:/usr/bin:/bin",
    "ENV OLLAMA_HOST=0.0.0.0:11434",
    'ENTRYPOINT ["/usr/local/bin/ollama"]',
    'CMD ["serve"]',
)
# Of the stand-in, and of a health check in a shell.
PROGRAMS = "/usr/bin/date /usr/bin/env /usr/bin/grep /usr/bin/ls /usr/bin/python3 /usr/bin/readlink /usr/bin/sh"
PACK = f"""
set -eu
cd {FOLDER}
mkdir -p root/tmp root/root root/etc root/proc root/sys root/dev root/usr/lib
for name in bin lib lib64; do ln -sfn usr/$name root/$name; done
cp --parents --dereference {PROGRAMS} /usr/lib64/ld-linux* root
ldd {PROGRAMS} /usr/lib/python3.*/lib-dynload/*.so | grep --only-matching '/lib/[^ ]* (' | tr --delete ' (' > libraries
cp --dereference $(sort --unique libraries) root/usr/lib
cp --archive --parents /usr/lib/python3.* root
tar --create --directory root . > root.tar
"""
"""The stand-in needs its interpreter, env(1) and what these load; health checks need a shell and what they call, which the vendor's image has."""
MAKE_MODELS = f"""
set -eu
podman run --detach --name models --network host --env OLLAMA_HOST=127.0.0.1:11434 --env OLLAMA_MODELS={MODELS} \\
    --volume {MODELS}:{MODELS} --volume /usr/share/test-models:/usr/share/test-models {IMAGE}
curl --fail --silent --retry 60 --retry-delay 1 --retry-connrefused http://127.0.0.1:11434/api/version
for file in /usr/share/test-models/*.gguf; do
    echo FROM $file > /usr/share/test-models/Modelfile
    podman exec models ollama create $(basename $file .gguf) -f /usr/share/test-models/Modelfile
done
podman rm --force --time 1 models
"""


def engines(host: str) -> list[str]:
    """Those that have images of their own: Docker's command alone, as Compose over Podman's socket needs it, has none."""
    has_daemon = execute(host, "systemctl", "is-active", "docker.service", check=False).returncode == 0
    return ["podman", *(["docker"] if has_daemon else [])]


def install(host: str) -> None:
    """The image, and models in a folder of the host."""
    with tempfile.TemporaryDirectory() as scratch:
        copy(host, pathlib.Path(make("install.py", f"{scratch}/prefix")), f"{FOLDER}/root/usr/local")
        copy(host, pathlib.Path(make("make_gguf.py", f"{scratch}/models")), "/usr/share/test-models")
    execute(host, "sh", "-c", PACK)
    for engine in engines(host):
        execute(host, engine, "import", *(f"--change={change}" for change in CHANGES), f"{FOLDER}/root.tar", IMAGE)
    execute(host, "mkdir", "-p", MODELS)
    execute(host, "sh", "-c", MAKE_MODELS)
