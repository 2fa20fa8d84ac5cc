# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GPUs and their driver: PCI, device nodes, nvidia-smi. Reads only, and by nvidia-smi only where its device nodes are there."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Mapping, Sequence

from .._base.systemctl import Run
from .._base.text import one_line
from .._residency.server.gpus import gpu_names, read
from .examination import DriverLook
from .permission import READ, Account, may

_VENDORS = {"0x10de": "nvidia", "0x1002": "amd"}
_DISPLAY = "0x03"  # the PCI class of display controllers
_NODES = ("dev/nvidia[0-9]*", "dev/nvidiactl", "dev/nvidia-uvm", "dev/kfd")
_OF_VIRTUAL_MACHINES = ("vfio-pci", "pci-stub", "xen-pciback")
NODES = {"nvidia": "/dev/nvidia", "amd": "/dev/kfd"}
"""What the names of each vendor's device nodes begin with."""
_QUERY = "--query-gpu=index,uuid,name,driver_version,persistence_mode,memory.used,memory.total"


def look_at_driver(run: Run, account: Account, environment: Mapping[str, str | None], root: str = "/") -> DriverLook:
    """`account` is whom the server runs as, with what `environment`."""
    cards, set_aside = _cards(root)
    nodes = tuple(sorted("/" + os.path.relpath(path, root) for pattern in _NODES for path in glob.glob(os.path.join(root, pattern))))
    smi, failure = _smi(run) if any(node.startswith("/dev/nvidia") for node in nodes) else (None, "")
    if os.path.exists(os.path.join(root, "run/systemd/container")):
        cards, elsewhere = _with_nodes(cards, nodes)
        set_aside.update(elsewhere)
    return DriverLook(
        cards=cards,
        set_aside=set_aside,
        nodes=nodes,
        count=len(gpu_names(root, environment)),
        smi=smi,
        smi_failure=failure,
        hidden=tuple(node for node in nodes if not may(account, READ, os.path.join(root, node[1:]))),
    )


def _cards(root: str) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The cards by vendor, and those that are kept for virtual machines, each with the reason."""
    found: dict[str, tuple[str, ...]] = {}
    reserved: dict[str, str] = {}
    for folder in sorted(glob.glob(os.path.join(root, "sys/bus/pci/devices/*"))):
        vendor, address = _VENDORS.get(read(f"{folder}/vendor")), os.path.basename(folder)
        if not vendor or not read(f"{folder}/class").startswith(_DISPLAY):
            continue
        driver = os.path.basename(os.path.realpath(f"{folder}/driver"))
        if driver in _OF_VIRTUAL_MACHINES:
            reserved[address] = f"it is bound to {driver}, for a virtual machine"
        else:
            found[vendor] = (*found.get(vendor, ()), address)
    return found, reserved


def _with_nodes(cards: Mapping[str, tuple[str, ...]], nodes: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """A container sees all cards of its host, but is given the device nodes of those that it is to use."""
    given = {vendor: found for vendor, found in cards.items() if any(node.startswith(NODES[vendor]) for node in nodes)}
    others = {address: "this container is given none of its device nodes" for vendor in cards.keys() - given.keys() for address in cards[vendor]}
    return given, others


def _smi(run: Run) -> tuple[str | None, str]:
    """What it prints, and why it failed."""
    if shutil.which("nvidia-smi") is None:
        return None, ""
    status, output, error = run(["nvidia-smi", _QUERY, "--format=csv,noheader"])
    said = output.strip()
    return (said, "") if status == 0 else (None, one_line(said or error.strip()) or f"exit status {status}")
