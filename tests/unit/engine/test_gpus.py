# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many GPUs a host has, from made-up /proc and /sys."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.gpus import count_gpus

NVIDIA = "proc/driver/nvidia/gpus/0000:01:00.0/information"
AMD = "sys/class/kfd/kfd/topology/nodes/{}/gpu_id"


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({}, 0),
        ({NVIDIA: "Model: x"}, 1),
        ({NVIDIA: "Model: x", NVIDIA.replace("01:00", "02:00"): "Model: x"}, 2),
        ({AMD.format(0): "0\n"}, 0),  # the processor
        ({AMD.format(0): "0\n", AMD.format(1): "28851\n", AMD.format(2): "28852\n"}, 2),
        ({AMD.format(0): "0\n", AMD.format(1): ""}, 0),
        ({NVIDIA: "Model: x", AMD.format(1): "28851\n"}, 1),
    ],
)
def test_gpus_are_counted_by_what_their_drivers_show(tmp_path: pathlib.Path, files: dict[str, str], count: int) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    assert count_gpus(str(tmp_path)) == count


def test_a_node_that_cannot_be_read_is_no_gpu(tmp_path: pathlib.Path) -> None:
    (tmp_path / AMD.format(1)).mkdir(parents=True)
    assert count_gpus(str(tmp_path)) == 0
