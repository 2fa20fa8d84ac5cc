# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For which device nodes a start of the server waits: the role's own program, on hosts made of files."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

PROGRAM = pathlib.Path(__file__).parents[3] / "roles/ollama_server/files/wait-for-gpu"
NVIDIA, AMD, INTEL = "0x10de", "0x1002", "0x8086"
NVIDIA_NODES = ("nvidiactl", "nvidia-uvm", "nvidia0")
AMD_NODES = ("kfd", "dri/renderD128")


class Host:
    """A host with cards, drivers and device nodes, seen from its root folder."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.write("proc/sys/kernel/osrelease", "6.12.0-test\n")

    def write(self, path: str, text: str = "") -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def card(self, vendor: str, driver: str = "", kind: str = "0x030000") -> None:
        """A PCI device, claimed by that driver."""
        devices = self.root / "sys/bus/pci/devices"
        name = f"0000:{len(list(devices.glob('*'))) if devices.exists() else 0:02}:00.0"
        self.write(f"sys/bus/pci/devices/{name}/class", f"{kind}\n")
        self.write(f"sys/bus/pci/devices/{name}/vendor", f"{vendor}\n")
        if driver:
            self.write(f"sys/bus/pci/drivers/{driver}/{name}")

    def nodes(self, *names: str) -> None:
        for name in names:
            self.write(f"dev/{name}")

    def says(self, kinds: str = "auto", shell: str = "sh") -> str:
        """What it says after one look; it must end well."""
        done = subprocess.run([shell, str(PROGRAM), kinds, "0"], cwd=self.root, capture_output=True, text=True, check=True)
        assert done.stdout == ""
        return done.stderr.strip()


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    return Host(tmp_path)


def not_ready(missing: str) -> str:
    return f"<4>GPU not ready after 0 s: {missing} missing; the server starts without, and keeps to the CPU until its next start"


def test_a_host_without_cards_does_not_wait(host: Host) -> None:
    host.card(INTEL)
    host.card(NVIDIA, kind="0x040300")  # the sound of one
    assert host.says() == ""


@pytest.mark.parametrize(("vendor", "nodes"), [(NVIDIA, NVIDIA_NODES), (AMD, AMD_NODES)])
def test_a_complete_set_of_nodes_is_ready(host: Host, vendor: str, nodes: tuple[str, ...]) -> None:
    host.card(vendor)
    host.nodes(*nodes)
    assert host.says() == ""


@pytest.mark.parametrize(
    ("vendor", "cards", "nodes", "missing"),
    [
        (NVIDIA, 1, (), "/dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0 to /dev/nvidia0 (0 of 1)"),
        (NVIDIA, 2, NVIDIA_NODES, "/dev/nvidia0 to /dev/nvidia1 (1 of 2)"),
        (AMD, 2, AMD_NODES, "/dev/dri/renderD* (1 of 2)"),
        (AMD, 1, ("dri/renderD128",), "/dev/kfd"),
    ],
)
def test_what_is_missing_is_named(host: Host, vendor: str, cards: int, nodes: tuple[str, ...], missing: str) -> None:
    for dummy in range(cards):
        host.card(vendor, kind="0x030200")
    host.nodes(*nodes)
    assert host.says() == not_ready(missing)


def test_a_container_that_sees_the_cards_of_its_host_does_not_wait(host: Host) -> None:
    host.card(NVIDIA)
    host.write("run/systemd/container", "podman\n")
    assert host.says() == "<5>in a container, whose device nodes do not come later, nothing is waited for"
    assert host.says("nvidia").startswith("<4>GPU not ready after 0 s: /dev/nvidiactl")


@pytest.mark.parametrize("driver", ["vfio-pci", "nvgrace_gpu_vfio_pci", "pci-stub", "xen-pciback", "nouveau"])
def test_a_card_that_is_used_otherwise_is_not_waited_for(host: Host, driver: str) -> None:
    host.card(NVIDIA, driver)
    assert host.says() == ""
    host.card(NVIDIA, "nvidia")
    host.nodes(*NVIDIA_NODES)
    assert host.says() == ""


def test_the_gpu_of_a_processor_beside_nvidia_s_is_not_waited_for(host: Host) -> None:
    host.card(NVIDIA)
    host.card(AMD)
    host.nodes(*NVIDIA_NODES, "dri/renderD128")
    assert host.says() == "<5>NVIDIA's GPUs are ready; AMD's are not waited for: /dev/kfd missing"


def test_nvidia_s_beside_a_ready_one_is_waited_for_if_its_driver_will_make_it_ready(host: Host) -> None:
    host.card(NVIDIA)
    host.card(AMD)
    host.nodes(*AMD_NODES)
    host.write("lib/modules/6.12.0-test/modules.dep", "kernel/drivers/video/fbdev/nvidia/nvidiafb.ko.xz: \nkernel/a.ko: kernel/b.ko\n")
    missing = "/dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0 to /dev/nvidia0 (0 of 1)"
    assert host.says() == f"<5>AMD's GPUs are ready; NVIDIA's, whose driver this host does not have, are not waited for: {missing} missing"
    host.write("lib/modules/6.12.0-test/modules.dep", "updates/dkms/nvidia-current-uvm.ko.xz: updates/dkms/nvidia-current.ko.xz\n")
    assert host.says() == not_ready(missing)


def test_two_kinds_that_servers_ask_for_are_both_waited_for(host: Host) -> None:
    host.nodes(*NVIDIA_NODES)
    assert host.says("amd nvidia") == not_ready("/dev/kfd /dev/dri/renderD* (0 of 1)")
    host.nodes(*AMD_NODES)
    assert host.says("amd nvidia") == ""


def test_any_shell_will_do(host: Host) -> None:
    host.card(NVIDIA)
    host.card(AMD)
    host.nodes(*NVIDIA_NODES)
    assert host.says(shell="bash") == host.says()
