# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server could use a folder and an address: tried as its unit's user, inside its unit's sandbox, before anything is changed.

Pure but for the program `PROBE`, which the sandbox runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .unit_file import UnitFile, settings_of

IDENTITY = ("User", "Group", "SupplementaryGroups")
FILES = (
    "ProtectHome",
    "ProtectSystem",
    "ReadWritePaths",
    "ReadOnlyPaths",
    "InaccessiblePaths",
    "BindPaths",
    "BindReadOnlyPaths",
    "TemporaryFileSystem",
    "PrivateTmp",
    "RootDirectory",
)
RIGHTS = ("CapabilityBoundingSet", "AmbientCapabilities", "PrivateNetwork", "PrivateUsers", "RestrictAddressFamilies")
PROPERTIES = (*IDENTITY, *FILES, *RIGHTS)
_OFF = ("", "no")
# The server makes what is missing, so that it has to write to the deepest folder that there is.
PROBE = """
import errno, json, os, socket, sys
wanted, told = json.loads(sys.argv[1]), {}
folder = wanted["folder"]
if folder:
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    told["folder"] = folder
    told["usable"] = os.path.isdir(folder) and os.access(folder, os.R_OK | os.W_OK | os.X_OK)
def listen(host, port):
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        return "no host of that name is known: " + str(error.strerror)
    reason = None
    for family, kind, protocol, dummy, address in found:
        try:
            with socket.socket(family, kind, protocol) as server:
                server.bind(address)
            return None
        except OSError as error:
            reason = error.errno
    if reason == errno.EADDRINUSE and port:
        return listen(host, 0)
    return {errno.EADDRNOTAVAIL: "this host does not have that address", errno.EACCES: "it may not use that port"}.get(reason) or os.strerror(reason)
if wanted["address"]:
    told["address"] = listen(*wanted["address"])
print(json.dumps(told))
"""


def sandbox(shown: Mapping[str, str], dropin: UnitFile | None, names: Iterable[str]) -> list[str]:
    """The sandbox as properties for `systemd-run`, by what `systemctl show` tells and what the drop-in adds to it."""
    found = [f"{name}={shown[name]}" for name in names if shown.get(name) or (name == "CapabilityBoundingSet" and name in shown)]
    added = settings_of(dropin) if dropin else ()
    return found + [f"{entry.directive}={entry.value.replace('%%', '%')}" for entry in added if entry.section == "Service" and entry.directive in names]


def command(python: str, properties: Sequence[str], folder: str | None, address: tuple[str, int] | None) -> list[str]:
    """What runs the probe."""
    wanted = json.dumps({"folder": folder, "address": address})
    options = ["--quiet", "--collect", "--pipe", "--wait", "--service-type=exec", "--property=RuntimeMaxSec=60"]
    return ["systemd-run", *options, *(f"--property={line}" for line in properties), "--", python, "-I", "-c", PROBE, wanted]


def answer(output: str) -> dict[str, Any] | None:
    """What the probe told; None where it could not run."""
    try:
        told = json.loads(output)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def folder_problem(unit: str, user: str, folder: str, alone: Mapping[str, Any], inside: Mapping[str, Any] | None, restrictions: str) -> str | None:
    """The sentence for a folder that the server cannot use. `alone`: as the user without the sandbox; `inside`: within."""
    if not alone["usable"]:
        return (
            f"ollama_server_models is {folder}, but the user {user} of {unit} may not write {alone['folder']} or not pass through to what is"
            " below it: give it the right to, or name another folder."
        )
    if inside is None or inside["usable"]:
        return None
    return (
        f"ollama_server_models is {folder}, but the sandbox of {unit} ({restrictions}) keeps the server from writing {inside['folder']}: name"
        " another folder, or allow it in a drop-in of your own."
    )


def address_problem(unit: str, host: str, told: Mapping[str, Any]) -> str | None:
    """The sentence for an address that the server cannot listen on."""
    reason = told.get("address")
    return f"OLLAMA_HOST of {unit} would be {host}, where it could not listen: {reason}." if reason else None


def restrictions(properties: Iterable[str]) -> str:
    """What of the sandbox is about files, for a person."""
    lines = (line.partition("=") for line in properties)
    said = [f"{name}={value}" for name, dummy, value in lines if name in FILES and name != "PrivateTmp" and value not in _OFF]
    return ", ".join(said) or "it has none that is known here"
