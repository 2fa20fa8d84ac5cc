# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role left on the host. First in its folder: nothing has been tried yet."""

from __future__ import annotations

import re

import pytest
from conftest import APPLICATION, GATE, GATE_WANT, Gpu

DROPIN = "/etc/systemd/system/{}.d/50-ollama-warm-gate.conf"


@pytest.mark.parametrize("unit", [APPLICATION, "batch.service", "other.service"])
def test_no_application_was_restarted(gpu: Gpu, unit: str) -> None:
    assert len(gpu.starts(unit)) == 1


@pytest.mark.parametrize(("unit", "relation", "gate"), [(APPLICATION, "Requires", GATE), ("batch.service", "Wants", GATE_WANT)])
def test_systemd_knows_the_gate(gpu: Gpu, unit: str, relation: str, gate: str) -> None:
    related, after, reload = gpu.show(unit, relation, "After", "NeedDaemonReload")
    assert (gate in related.split(), gate in after.split(), reload) == (True, True, "no")


def test_a_unit_to_come_has_its_gate_already(gpu: Gpu) -> None:
    assert gpu.host.file(DROPIN.format("to-come.service")).exists
    assert gpu.show("to-come.service", "LoadState") == ["not-found"]


def test_an_application_that_is_not_gated_is_left_alone(gpu: Gpu) -> None:
    assert "ollama" not in gpu.run("systemctl show --property=Requires,Wants,After other.service")
    assert gpu.run("ls /etc/systemd/system/other.service.d") == "50-ollama-warm-gate.conf"
    assert gpu.host.file(DROPIN.format("other.service")).content_string == "[Unit]\nDocumentation=man:sleep(1)\n"


@pytest.mark.parametrize("gate", [GATE, GATE_WANT])
def test_a_gate_is_sandboxed(gpu: Gpu, gate: str) -> None:
    overall = re.search(r"exposure level for \S+: ([0-9.]+)", gpu.run(f"systemd-analyze security --no-pager {gate}"))
    assert overall and float(overall[1]) <= 2.0


@pytest.mark.parametrize("gate", [GATE, GATE_WANT])
def test_nothing_of_a_gate_goes_on_while_nobody_waits(gpu: Gpu, gate: str) -> None:
    assert gpu.show(gate, "ActiveState", "Result") == ["inactive", "success"]
