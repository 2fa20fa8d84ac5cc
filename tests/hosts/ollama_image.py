# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an image of the stand-in server on a test host that runs containers: no registry is needed, and Python is the host's own."""

from __future__ import annotations

import json
import pathlib
import tempfile

from ollama import make
from remote import copy, execute

IMAGE = "localhost/ollama:1"
FOLDER = "/usr/share/ollama-image"
MODELS = "/srv/models"
# As the vendor's image has them, all interfaces among them.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "OLLAMA_HOST": "0.0.0.0:11434", "NVIDIA_VISIBLE_DEVICES": "all"}
PACK = f"""
set -eu
cd {FOLDER}
python3 -c 'import ssl, zlib, sqlite3, sys; print("\\n".join({{*(line.split()[-1] for line in open("/proc/self/maps") if ".so" in line)}}))' > libraries
cp --parents --dereference $(cat libraries) /usr/bin/env /usr/bin/python3 root
cp --archive --parents /usr/lib/python3.* root
for lib in lib lib64; do ln -s usr/$lib root/$lib; done
cp --parents --dereference /lib64/ld-linux* root/usr 2>/dev/null || cp --parents --dereference /usr/lib64/ld-linux* root 2>/dev/null || true
cp --dereference $(ldd /usr/bin/env /usr/bin/python3 | grep -o '/lib/[^ ]*' | sort -u) root/usr/lib/
rm -rf root/usr/lib/python3.*/test root/usr/lib/python3.*/__pycache__
mkdir -p root/tmp root/root root/etc root/proc root/sys root/dev
tar --create --directory root . > root.tar
"""
"""The stand-in needs its interpreter, env(1) and what these load."""
MAKE_MODELS = f"""
set -eu
podman run --detach --name models --env OLLAMA_HOST=127.0.0.1:11434 --env OLLAMA_MODELS={MODELS} --volume {MODELS}:{MODELS} --volume /usr/share/test-models:/usr/share/test-models {IMAGE}
until curl --fail --silent http://127.0.0.1:11434/api/version; do sleep 0.1; done
for file in /usr/share/test-models/*.gguf; do
    name=$(basename $file .gguf)
    echo FROM $file > /usr/share/test-models/Modelfile
    podman exec models ollama create $name -f /usr/share/test-models/Modelfile
done
podman rm --force --time 1 models
"""


def install(host: str) -> None:
    """The image, the same once more under another tag, and models in a folder of the host."""
    with tempfile.TemporaryDirectory() as scratch:
        copy(host, pathlib.Path(make("install.py", f"{scratch}/prefix")), f"{FOLDER}/root/usr/local")
        copy(host, pathlib.Path(make("make_gguf.py", f"{scratch}/models")), "/usr/share/test-models")
    execute(host, "sh", "-c", PACK)
    changes = [f"ENV {name}={value}" for name, value in ENVIRONMENT.items()] + ["CMD " + json.dumps(["serve"]), "ENTRYPOINT " + json.dumps(["/usr/local/bin/ollama"])]
    execute(host, "podman", "import", *(f"--change={change}" for change in changes), f"{FOLDER}/root.tar", IMAGE)
    execute(host, "mkdir", "-p", MODELS)
    execute(host, "sh", "-c", MAKE_MODELS)
