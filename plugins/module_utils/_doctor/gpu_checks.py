# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The GPU and its driver, as far as files and nvidia-smi tell. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .examination import DriverLook, Examination
from .finding import NOTE, PROBLEM, Finding, Kind, seen, setting

NO_DRIVER = Kind(
    "gpu_without_driver",
    PROBLEM,
    "the machine has a GPU ({card}), but {missing} is not there: its driver is not loaded",
    "install or load the driver (nvidia-smi, modprobe nvidia, modprobe amdgpu; dkms status after a new kernel), then systemctl restart {unit}",
)
NO_UVM = Kind(
    "gpu_uvm_missing",
    PROBLEM,
    "/dev/nvidia-uvm is not there: CUDA finds no GPU",
    "nvidia-modprobe -c 0 -u, then systemctl restart {unit}; ollama_server_gpu: nvidia has a start wait for it",
)
SMI_FAILS = Kind(
    "nvidia_smi_fails",
    PROBLEM,
    "nvidia-smi fails: {said}",
    "after an update of the driver reboot, or unload and load its modules; then systemctl restart {unit}",
)
SMI_ABSENT = Kind("nvidia_smi_absent", NOTE, "there is no nvidia-smi, so that nothing can be told of the GPU's driver and memory", "install it with the driver")
NOT_PERSISTENT = Kind(
    "gpu_not_persistent",
    NOTE,
    "persistence mode is off: the driver is set up anew whenever the last user leaves the GPU",
    "systemctl enable --now nvidia-persistenced",
)
NOT_HERE = Kind(
    "gpu_not_here",
    PROBLEM,
    "{unit} is given the GPU {device}, which this host does not have",
    "nvidia-smi -L lists those it has; correct the instance's devices, or CUDA_VISIBLE_DEVICES",
)
HIDDEN = Kind(
    "gpu_not_permitted",
    PROBLEM,
    "{unit}'s user may not open {node}",
    "usermod -aG render,video {user}, then systemctl restart {unit}",
)
DEVICES_HIDDEN = Kind("gpu_hidden_by_unit", PROBLEM, "{unit} hides the GPU from its server: {setting}", "take {setting} out of the unit (systemctl cat {unit})")
SET_ASIDE = Kind(
    "gpu_set_aside",
    NOTE,
    "the GPU at {card} is not for this server: {reason}",
    "nothing, if that is meant; else give this system the card's driver and device nodes",
)
KINDS = (NO_DRIVER, NO_UVM, SMI_FAILS, SMI_ABSENT, NOT_PERSISTENT, NOT_HERE, HIDDEN, DEVICES_HIDDEN, SET_ASIDE)
_NVIDIA = "CUDA_VISIBLE_DEVICES"
_ALLOWED = {"nvidia": (("nvidia",),), "amd": (("kfd",), ("drm", "/dev/dri"))}
"""What DeviceAllow= has to name for each vendor, one word of each."""
_NODES = {"nvidia": ("/dev/nvidiactl", "/dev/nvidia"), "amd": ("/dev/kfd", "/dev/kfd")}


def check(look: Examination) -> Iterator[Finding]:
    """What stands between the server and a GPU that is there."""
    driver = look.driver
    missing = list(_missing(look, driver))
    yield from missing
    if not any(finding.severity == PROBLEM for finding in missing):
        yield from _nvidia(look, driver)
    for card, reason in driver.set_aside.items():
        yield SET_ASIDE.found(seen("/sys/bus/pci/devices", card), card=card, reason=reason)
    for node in driver.hidden:
        user = look.unit.unit.user if look.unit else "ollama"
        yield HIDDEN.found(seen("stat", node), unit=look.unit_name, node=node, user=user)
    if look.gpu_expected:
        yield from _sandbox(look)


def _missing(look: Examination, driver: DriverLook) -> Iterator[Finding]:
    for vendor, cards in driver.cards.items():
        wanted, beginning = _NODES[vendor]
        if cards and not any(node.startswith(beginning) for node in driver.nodes):
            evidence = (seen("/sys/bus/pci/devices", f"{vendor} {cards[0]}"), seen("/dev", f"no {wanted}"))
            severity = NOTE if _another_works(vendor, driver) else None
            yield NO_DRIVER.found(*evidence, severity=severity, card=f"{vendor} at {cards[0]}", missing=wanted, unit=look.unit_name)


def _another_works(vendor: str, driver: DriverLook) -> bool:
    """Of two vendors' cards, one is often there for a screen only."""
    return any(node.startswith(beginning) for other, (dummy, beginning) in _NODES.items() if other != vendor for node in driver.nodes)


def _nvidia(look: Examination, driver: DriverLook) -> Iterator[Finding]:
    if not any(node.startswith("/dev/nvidia") for node in driver.nodes):
        return
    if "/dev/nvidia-uvm" not in driver.nodes:
        yield NO_UVM.found(seen("/dev", " ".join(driver.nodes)), unit=look.unit_name)
    if driver.smi_failure:
        yield SMI_FAILS.found(seen("nvidia-smi", driver.smi_failure), said=driver.smi_failure, unit=look.unit_name)
    elif driver.smi is None:
        yield SMI_ABSENT.found(seen("PATH", "no nvidia-smi"))
    else:
        yield from _told(look, driver.smi.splitlines())


def _told(look: Examination, gpus: Sequence[str]) -> Iterator[Finding]:
    for line in [line for line in gpus if "Disabled" in line][:1]:
        yield NOT_PERSISTENT.found(seen("nvidia-smi", line))
    named = (look.unit.environment.get(_NVIDIA) or "") if look.unit else ""
    for device in [word.strip() for word in named.split(",")]:
        if device.startswith("GPU-") and not any(device in line for line in gpus):
            yield NOT_HERE.found(setting(look.unit_name, _NVIDIA, named), seen("nvidia-smi", "; ".join(gpus)), device=device, unit=look.unit_name)


def _sandbox(look: Examination) -> Iterator[Finding]:
    properties = look.unit.properties if look.unit else {}
    closed = () if _lets_through(look.driver, properties.get("DeviceAllow", "")) else ("strict", "closed")
    for key, harmful in (("PrivateDevices", ("yes",)), ("DevicePolicy", closed)):
        if properties.get(key) in harmful:
            text = f"{key}={properties[key]}"
            yield DEVICES_HIDDEN.found(seen(f"systemctl show {look.unit_name}", text), unit=look.unit_name, setting=text)


def _lets_through(driver: DriverLook, allowed: str) -> bool:
    """Whether a closed unit lists all that some GPU is reached by."""
    vendors = driver.vendors or _ALLOWED.keys()
    return any(all(any(word in allowed for word in words) for words in _ALLOWED[vendor]) for vendor in vendors)
