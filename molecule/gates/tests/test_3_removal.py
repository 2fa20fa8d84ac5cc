# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates that are taken off the list leave, and nothing else does."""

from __future__ import annotations

import re

from conftest import GATE, GATE_WANT, Gpu

LEFT = {
    "batch.service.d/site.conf",
    "other.service.d/50-ollama-warm-gate.conf",
}
TO_COME = "to-come.service.d/50-ollama-warm-gate.conf"


def found(gpu: Gpu) -> set[str]:
    """Every drop-in and gate there is, but the server's own drop-in."""
    paths = gpu.run("cd /etc/systemd/system && find . -path '*.d/*' -o -name '*.d' -empty -o -name 'ollama-warm-gate*'").splitlines()
    return {path[2:] for path in paths if not path.startswith("./ollama.service.d")}


def changed(output: str) -> int:
    return sum(map(int, re.findall(r"changed=(\d+)", output)))


def test_a_unit_that_the_server_itself_waits_for_is_refused(gpu: Gpu) -> None:
    everything = found(gpu)
    said = gpu.play([{"unit": "dbus.socket"}], status=2)
    assert "gates: ollama.service is itself started after dbus.socket, so that each would wait for the other" in " ".join(said.split())
    assert found(gpu) == everything


def test_an_entry_that_is_gone_takes_its_drop_in_along_and_lets_its_application_go(gpu: Gpu) -> None:
    everything, keep = found(gpu), [{"unit": "to-come.service"}]
    predicted = gpu.play(keep, "--check", "--diff")
    assert found(gpu) == everything
    gpu.chill()
    gpu.crash()
    gpu.until_waiting()
    done = gpu.play(keep)
    assert (changed(predicted) > 0, changed(gpu.play(keep))) == (True, 0)
    assert re.findall(r"^changed: .*\.conf\)?$", predicted, re.MULTILINE) == re.findall(r"^changed: .*\.conf\)?$", done, re.MULTILINE)
    assert found(gpu) == {*LEFT, TO_COME, GATE}
    gpu.until_running()  # it waited at a gate that is gone, while the host is as cold as before


def test_without_any_entry_there_is_no_gate(gpu: Gpu) -> None:
    gpu.play([])
    assert found(gpu) == LEFT
    for gate in (GATE, GATE_WANT):
        assert gpu.show(gate, "LoadState", "ActiveState") == ["not-found", "inactive"]
