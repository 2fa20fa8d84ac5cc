#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_warmup_program
short_description: Installs the program of the host agent
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Unpacks the program into a folder named by its content and lets the link C(current) point there last, in one step, so that
    a pass never runs on a half of one version and a half of another.
  - Repairs an installed version whose files were changed.
  - Keeps the version before, and removes older ones.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  archive:
    description:
      - What P(keepwarm.ollama.source_archive#filter) gives.
    type: str
    required: true
  dest:
    description:
      - The folder of the versions and of the link C(current).
    type: path
    default: /usr/local/lib/ollama-warmup
  python:
    description:
      - The interpreter that the program will run on, which compiles it now; the agent's user could not.
    type: path
    default: /usr/bin/python3
seealso:
  - plugin: keepwarm.ollama.source_archive
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Install the program
  keepwarm.ollama.ollama_warmup_program:
    archive: "{{ {'ollama_warmup': role_path ~ '/files/agent/ollama_warmup'} | keepwarm.ollama.source_archive }}"
"""

RETURN = r"""
version:
  description: The name of the installed version's folder.
  type: str
  returned: success
  sample: 3f2a9c41d07b
previous:
  description: The version that C(current) pointed at before; null if there was none.
  type: str
  returned: success
  sample: 91be0c7d55aa
removed:
  description: The older versions that were removed.
  type: list
  elements: str
  returned: success
  sample: []
"""

import base64
import binascii
import hashlib
import io
import os
import shutil
import zipfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.files import replace_link
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import AGENT_PROGRAMS

_LINK = "current"
_BYTECODE = "__pycache__"


class ProgramError(Exception):
    """The program cannot be installed; the message is one sentence."""


def unpack(archive: str) -> dict[str, bytes]:
    """Relative path to content. Raises C(ProgramError)."""
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(archive, validate=True))) as packed:
            files = {name: packed.read(name) for name in packed.namelist()}
    except (binascii.Error, zipfile.BadZipFile) as error:
        raise ProgramError(f"archive is not what the filter source_archive gives: {error}") from error
    for name in files:
        if name.startswith("/") or ".." in name.split("/"):
            raise ProgramError(f"archive holds the path {name!r}, which leads out of the version's folder")
    return files


def version_of(files: dict[str, bytes]) -> str:
    """A name that stands for this content."""
    content = hashlib.sha256()
    for name, data in sorted(files.items()):
        content.update(f"{name}\0{len(data)}\0".encode())
        content.update(data)
    return content.hexdigest()[:12]


def read_tree(folder: str) -> dict[str, bytes]:
    """The files that a version's folder holds, bytecode left out."""
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != _BYTECODE]
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def write_tree(folder: str, files: dict[str, bytes]) -> None:
    """Write a version anew, readable by everybody."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o644)


def current(dest: str) -> str | None:
    """The version that the link points at."""
    try:
        return os.path.basename(os.readlink(os.path.join(dest, _LINK)))
    except OSError:
        return None


def switch(dest: str, version: str) -> None:
    """Let the link point at the version, in one step."""
    replace_link(os.path.join(dest, _LINK), version)


def outdated(dest: str, keep: set[str | None]) -> list[str]:
    """Versions that neither run nor ran just before."""
    names = os.listdir(dest) if os.path.isdir(dest) else []
    return sorted(name for name in names if name not in keep | {_LINK})


def install(module: AnsibleModule, files: dict[str, bytes], version: str) -> None:
    """Write, compile, switch."""
    dest, python = module.params["dest"], module.params["python"]
    folder = os.path.join(dest, version)
    if not os.access(python, os.X_OK):
        raise ProgramError(f"python {python!r} is no program on this host: give the path of a Python interpreter")
    os.umask(0o022)
    write_tree(folder, files)
    status, output, error = module.run_command([python, "-I", "-m", "compileall", "-q", folder])
    if status != 0:
        raise ProgramError(f"{python} cannot compile the program: {' '.join((output + error).split())}")
    switch(dest, version)


def shown(version: str | None, files: dict[str, bytes]) -> str:
    """One side of the diff."""
    lines = [f"{name} {hashlib.sha256(data).hexdigest()[:12]}" for name, data in sorted(files.items())]
    return "\n".join([f"current -> {version}", *lines, ""]) if version else ""


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """Install if need be. Raises C(ProgramError)."""
    dest, files = module.params["dest"], unpack(module.params["archive"])
    version, previous = version_of(files), current(dest)
    before = read_tree(os.path.join(dest, previous)) if previous else {}
    changed = previous != version or before != files
    if changed and not module.check_mode:
        install(module, files, version)
    removed = outdated(dest, {version, previous}) if version != previous else []
    for name in removed if not module.check_mode else ():
        shutil.rmtree(os.path.join(dest, name), ignore_errors=True)
    diff = {"before": shown(previous, before), "after": shown(version, files)}
    return {"changed": changed, "version": version, "previous": previous, "removed": removed, "diff": diff}


def main() -> None:
    """Read the parameters and carry them out."""
    module = AnsibleModule(
        argument_spec={
            "archive": {"type": "str", "required": True, "no_log": True},  # no secret, but far too long for a log
            "dest": {"type": "path", "default": AGENT_PROGRAMS},
            "python": {"type": "path", "default": "/usr/bin/python3"},
        },
        supports_check_mode=True,
    )
    try:
        result = carry_out(module)
    except (ProgramError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
