# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""First contact: what others wrote stands, and nobody loses a model by our doing. The tests build on one another, in this order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from conftest import HELD, Host
from shared.machine import Outcome

DROPIN = "/etc/systemd/system/ollama.service.d/zz-keepwarm.conf"
OVERRIDE = "/etc/systemd/system/ollama.service.d/override.conf"
Site = Callable[..., Outcome]


def test_what_nobody_declared_neither_restarts_the_server_nor_beats_a_value_that_somebody_wrote(gpu1: Host, site: Site) -> None:
    gpu1.hold()
    before = gpu1.start()
    outcome = site()
    assert outcome.status == 0, outcome.output
    assert gpu1.start() == before
    assert gpu1.forever() == {"tiny-a:latest", *HELD}
    dropin = gpu1.run(f"cat {DROPIN}")
    assert [line for line in dropin.splitlines() if line.startswith("Environment=")] == []
    for key in ("OLLAMA_KEEP_ALIVE", "OLLAMA_MAX_LOADED_MODELS"):
        assert f"# {key} is not written here: {OVERRIDE} sets it, and that stands." in dropin
        assert f"{key} is not written here: {OVERRIDE} sets it" in outcome.output
    again = site()
    assert (again.status, again.changed, gpu1.start()) == (0, [], before), again.output


def test_more_declared_models_are_no_reason_for_a_restart(gpu1: Host, site: Site) -> None:
    before = gpu1.start()
    outcome = site(ollama_warmup_models=[{"name": "tiny-a"}, {"name": "tiny-b", "num_ctx": 512}])
    assert outcome.status == 0, outcome.output
    assert (gpu1.start(), gpu1.forever()) == (before, {"tiny-a:latest", *HELD})
    assert site().status == 0


def test_check_mode_warns_of_the_restart_with_the_models(gpu1: Host, site: Site) -> None:
    gpu1.hold()
    before = gpu1.start()
    outcome = site("--check", ollama_server_num_parallel=2)
    assert outcome.status == 0, outcome.output
    warning = " ".join(outcome.output.split("[WARNING]: ollama.service restarts, which unloads ")[1].split("TASK [")[0].split())
    assert all(name in warning for name in ("tiny-a:latest", *HELD))
    assert "OLLAMA_NUM_PARALLEL is not set in the running server and is '2' in its unit" in warning
    assert gpu1.start() == before


@pytest.fixture
def chatting(gpu1: Host) -> Iterator[Host]:
    gpu1.hold()
    gpu1.chat()
    yield gpu1
    gpu1.end_chat()


def test_a_request_in_flight_is_not_cut_off(chatting: Host, site: Site) -> None:
    gpu1 = chatting
    before = gpu1.start()
    outcome = site(ollama_server_num_parallel=2, ollama_server_restart_wait="3s")
    assert outcome.status != 0
    assert outcome.messages["gpu1"].startswith("ollama.service is due for a restart (OLLAMA_NUM_PARALLEL is not set in the running server and ")
    assert "was not idle for 3s (tiny-b:latest is computing), so that nothing was restarted" in outcome.messages["gpu1"]
    assert (gpu1.start(), gpu1.is_chatting(), gpu1.forever()) == (before, True, {"tiny-a:latest", *HELD})


def test_an_idle_server_restarts_and_everybody_s_models_are_back(gpu1: Host, site: Site) -> None:
    gpu1.hold()
    gpu1.post("/api/generate", model="big", keep_alive="20m")
    before, contexts = gpu1.start(), gpu1.contexts()
    outcome = site(ollama_server_num_parallel=2)
    assert outcome.status == 0, outcome.output
    assert gpu1.start() != before
    assert gpu1.environment()["OLLAMA_NUM_PARALLEL"] == "2"
    assert (gpu1.forever(), set(gpu1.resident())) == ({"tiny-a:latest", *HELD}, {"tiny-a:latest", "big:latest", *HELD})
    assert gpu1.contexts() == contexts
    assert gpu1.run("ls /var/lib/keepwarm-ollama/server || true") == ""
    assert site(ollama_server_num_parallel=2).changed == []


def test_what_does_not_fit_beside_the_declared_models_is_named(gpu1: Host, site: Site) -> None:
    gpu1.run("sed -i s/OLLAMA_MAX_LOADED_MODELS=5/OLLAMA_MAX_LOADED_MODELS=2/ " + OVERRIDE)
    outcome = site(ollama_server_num_parallel=3)
    assert outcome.status == 0, outcome.output
    assert gpu1.environment()["OLLAMA_MAX_LOADED_MODELS"] == "2"
    resident = set(gpu1.resident())
    assert "tiny-a:latest" in resident
    assert len(resident) == 2
    text = " ".join(outcome.output.split())
    for name in {"big:latest", *HELD} - resident:
        assert f"{name} was in memory before the restart and does not come back: the server keeps 2 models in memory at most" in text


def test_a_limit_below_the_pins_is_raised_with_a_warning(gpu1: Host, site: Site) -> None:
    three = [{"name": name} for name in ("tiny-a", "tiny-b", "tiny-c")]
    outcome = site(ollama_server_num_parallel=3, ollama_warmup_models=three)
    assert outcome.status == 0, outcome.output
    text = " ".join(outcome.output.split())
    assert f"[WARNING]: {OVERRIDE}, line 2, sets OLLAMA_MAX_LOADED_MODELS to 2, but 3 models are pinned: it is raised to 4" in text
    assert gpu1.environment()["OLLAMA_MAX_LOADED_MODELS"] == "4"
    assert gpu1.forever() == {"tiny-a:latest", *HELD}
    assert site(ollama_server_num_parallel=3, ollama_warmup_models=three).changed == []


@pytest.fixture
def squatter(gpu1: Host) -> Iterator[str]:
    """Another program has this address."""
    program = "import socket, time; taken = socket.socket(); taken.bind(('127.0.0.1', 11501)); print('taken', flush=True); time.sleep(9999)"
    gpu1.run(f'systemd-run --quiet --unit=squatter python3 -c "{program}"')
    gpu1.run("timeout 60 sh -c 'until journalctl --quiet --unit=squatter --output=cat | grep -q taken; do sleep 0.2; done'")
    yield "127.0.0.1:11501"
    gpu1.run("systemctl stop squatter.service")


def test_a_value_with_which_the_server_does_not_come_up_is_taken_back(gpu1: Host, site: Site, squatter: str) -> None:
    before = gpu1.run(f"cat {DROPIN}")
    three = [{"name": name} for name in ("tiny-a", "tiny-b", "tiny-c")]
    outcome = site(ollama_server_num_parallel=3, ollama_warmup_models=three, ollama_server_host=squatter, ollama_server_ready_timeout=20)
    assert outcome.status != 0
    assert "bind: address already in use" in outcome.messages["gpu1"]
    assert "The former settings are back, and the server answers with them" in outcome.messages["gpu1"]
    assert gpu1.run(f"cat {DROPIN}") == before
    assert gpu1.forever() == {"tiny-a:latest", *HELD}
    assert gpu1.run("systemctl show --property=NeedDaemonReload --value ollama.service").strip() == "no"


def test_a_stopped_server_stays_stopped_and_is_not_called_warm(gpu1: Host, site: Site) -> None:
    gpu1.run("systemctl stop ollama.service")
    outcome = site()
    assert outcome.status != 0
    assert "ollama.service does not run and is left so, since it is stopped, and had run before" in " ".join(outcome.output.split())
    assert gpu1.run("systemctl is-active ollama.service || true").strip() == "inactive"
    started = site(ollama_server_start=True)
    assert started.status == 0, started.output
    assert "tiny-a:latest" in gpu1.forever()
