# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VRAM as drivers tell of it, from a made-up /proc and /sys and a made-up nvidia-smi."""

from __future__ import annotations

import pathlib
import subprocess
import threading
from collections.abc import Sequence

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import Vram
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import vram
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.gpus import are_of, gpu_names
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.vram import read_vram

MIB = 2**20
NVIDIA = "proc/driver/nvidia/gpus/0000:0{}:00.0/information"
AMD = "sys/class/kfd/kfd/topology/nodes/{}/gpu_id"
AMD_VRAM = "sys/class/drm/card{}/device/mem_info_vram_{}"
SAYS = "0, GPU-aaaa-1, 24564, 1000\n1, GPU-bbbb-2, 8192, 0\n"


def write(root: pathlib.Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def run(command: Sequence[str]) -> tuple[int, str, str]:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def nvidia(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A host with two of NVIDIA's; what nvidia-smi says is in the file `says`."""
    write(tmp_path, {NVIDIA.format(1): "Model: x\nGPU UUID: \t GPU-bbbb-2\n", NVIDIA.format(2): "Model: x\nGPU UUID: \t GPU-aaaa-1\n", "says": SAYS})
    program = tmp_path / "bin/nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec cat {tmp_path}/says\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, Vram(32756 * MIB, 1000 * MIB)),
        ("", Vram(32756 * MIB, 1000 * MIB)),
        ("1", Vram(8192 * MIB, 0)),
        ("GPU-aaaa-1", Vram(24564 * MIB, 1000 * MIB)),
        ("GPU-aa, GPU-bb", Vram(32756 * MIB, 1000 * MIB)),
        ("-1", None),  # none of them
    ],
)
def test_nvidias_is_of_the_gpus_that_the_server_may_use(nvidia: pathlib.Path, visible: str | None, expected: Vram | None) -> None:
    assert read_vram({"CUDA_VISIBLE_DEVICES": visible}, str(nvidia), run) == expected


@pytest.mark.parametrize("says", ["", "No devices were found\n", "0, GPU-aaaa-1, [N/A], [N/A]\n"])
def test_a_driver_that_does_not_tell_is_no_trouble(nvidia: pathlib.Path, says: str) -> None:
    (nvidia / "says").write_text(says)
    assert read_vram({}, str(nvidia), run) is None


def test_a_host_without_nvidia_smi_does_not_tell(nvidia: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert read_vram({}, str(nvidia), run) is None


def test_a_driver_that_hangs_is_left_behind(nvidia: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vram, "_PATIENCE", 0.01)
    ever = threading.Event()
    assert read_vram({}, str(nvidia), lambda _command: (0, str(ever.wait()), "")) is None
    ever.set()


def test_without_a_way_to_ask_it_it_does_not_tell(nvidia: pathlib.Path) -> None:
    assert read_vram({}, str(nvidia)) is None


def test_amds_is_the_kernels_own_unless_some_were_chosen(tmp_path: pathlib.Path) -> None:
    write(tmp_path, {AMD_VRAM.format(0, "total"): "1000\n", AMD_VRAM.format(0, "used"): "10\n", AMD_VRAM.format(1, "total"): "500\n"})
    assert read_vram({}, str(tmp_path)) == Vram(1500, 10)
    assert read_vram({"ROCR_VISIBLE_DEVICES": "1"}, str(tmp_path)) is None


def test_a_host_without_either_tells_nothing(tmp_path: pathlib.Path) -> None:
    assert (read_vram({}, str(tmp_path)), gpu_names(str(tmp_path))) == (None, ())


def test_gpus_are_told_apart_by_their_own_names(nvidia: pathlib.Path, tmp_path: pathlib.Path) -> None:
    assert gpu_names(str(nvidia)) == ("GPU-aaaa-1", "GPU-bbbb-2")
    (nvidia / NVIDIA.format(1)).write_text("Model: x\n")
    assert gpu_names(str(nvidia)) == ("0000:01:00.0", "GPU-aaaa-1")


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        (None, ("GPU-aaaa-1", "GPU-bbbb-2")),
        ("", ("GPU-aaaa-1", "GPU-bbbb-2")),
        ("GPU-bbbb-2", ("GPU-bbbb-2",)),
        ("GPU-bb, GPU-aaaa-1", ("GPU-aaaa-1", "GPU-bbbb-2")),
        ("GPU-bb,GPU-bbbb", ("GPU-bbbb-2",)),
        ("1", ("1 of GPU-aaaa-1, GPU-bbbb-2",)),
        ("-1", ()),
        ("GPU-aa,-1,GPU-bb", ("GPU-aaaa-1",)),  # CUDA looks no further
    ],
)
def test_of_those_that_a_server_is_shown(nvidia: pathlib.Path, visible: str | None, names: tuple[str, ...]) -> None:
    everything = gpu_names(str(nvidia))
    assert gpu_names(str(nvidia), {"CUDA_VISIBLE_DEVICES": visible, "ROCR_VISIBLE_DEVICES": "0"}) == names
    assert are_of(names, everything) is bool(names)
    assert not are_of(names, ("GPU-cccc-3",))


def test_of_amds_some_are_told_apart_by_what_was_chosen_among_which(tmp_path: pathlib.Path) -> None:
    assert gpu_names(str(tmp_path), {"ROCR_VISIBLE_DEVICES": "1"}) == ()
    write(tmp_path, {AMD.format(2): "28852\n", AMD.format(1): "28851\n"})
    found = gpu_names(str(tmp_path), {"ROCR_VISIBLE_DEVICES": None, "HIP_VISIBLE_DEVICES": "1", "CUDA_VISIBLE_DEVICES": "0"})
    assert found == ("1 of amd-28851, amd-28852",)
    assert are_of(found, gpu_names(str(tmp_path)))


def test_amds_are_told_apart_by_their_numbers(tmp_path: pathlib.Path) -> None:
    write(tmp_path, {AMD.format(0): "0\n", AMD.format(2): "28852\n", AMD.format(1): "28851\n"})
    assert gpu_names(str(tmp_path)) == ("amd-28851", "amd-28852")
