# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A warm-up that somebody made by hand, under the names that everybody chooses: it is refused by name, or taken over and given back."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator

import pytest
from shared.machine import PREFIX, Machine, Outcome, play

UNITS = "/etc/systemd/system"
SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared/inventory.yml"
FILES = {
    f"{UNITS}/ollama-warmup.service": "[Unit]\nAfter=ollama.service\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/bin/ollama-warmup\n",
    f"{UNITS}/ollama-warmup.timer": "[Timer]\nOnBootSec=1min\nOnUnitActiveSec=1h\n\n[Install]\nWantedBy=timers.target\n",
    "/usr/local/bin/ollama-warmup": "#!/bin/sh\nexec curl --fail --silent http://127.0.0.1:11434/api/ps\n",
}
MODELS = {"gpu1": {"ollama_warmup_models": [{"name": "tiny-a"}]}}


def seen(gpu1: Machine) -> list[str]:
    """Their files, with what starts them and what of them runs."""
    paths = " ".join(FILES)
    owners = gpu1.run(f"find {paths} {UNITS} -name 'ollama-warmup*' -printf '%p %y %m %u:%g %l\\n' | sort --unique")
    states = gpu1.run("systemctl show --property=Id,ActiveState,UnitFileState,FragmentPath ollama-warmup.service ollama-warmup.timer")
    return [owners, gpu1.run(f"sha256sum {paths}"), states, gpu1.run("systemctl show --property=SubState ollama-warmup.service")]


@pytest.fixture(scope="module")
def theirs(gpu1: Machine) -> Iterator[list[str]]:
    """Runs, and remains as done."""
    for path, content in FILES.items():
        escaped = content.replace("\n", "\\n")
        gpu1.run(f"printf '{escaped}' > {path} && chmod {755 if '/bin/' in path else 644} {path}")
    gpu1.run("systemctl daemon-reload && systemctl enable --now ollama-warmup.timer && systemctl start ollama-warmup.service")
    yield seen(gpu1)
    gpu1.run(f"systemctl disable --now ollama-warmup.timer; systemctl stop ollama-warmup.service; rm {' '.join(FILES)}; systemctl daemon-reload")


@pytest.mark.parametrize("options", [("--check",), ()], ids=["check", "run"])
def test_what_others_made_is_refused_by_name(theirs: list[str], gpu1: Machine, site: Callable[..., Outcome], options: tuple[str, ...]) -> None:
    before = gpu1.state()
    refused = site(MODELS, *options)
    assert (refused.status != 0, refused.changed) == (True, [])
    assert [path for path in FILES if path not in refused.messages["gpu1"]] == []
    assert "set ollama_warmup_takeover to true" in refused.messages["gpu1"]
    assert (gpu1.state(), seen(gpu1)) == (before, theirs)


@pytest.fixture(scope="module")
def taken(theirs: list[str], site: Callable[..., Outcome]) -> Outcome:
    return site({"gpu1": {**MODELS["gpu1"], "ollama_warmup_takeover": True}})


def test_a_takeover_makes_the_host_warm(taken: Outcome, gpu1: Machine) -> None:
    assert taken.status == 0, taken.output
    assert gpu1.resident()["tiny-a:latest"] > "2300"
    assert gpu1.run("ollama-warmup check") != ""
    assert gpu1.run("systemctl show --property=Type --value ollama-warmup.service").strip() == "oneshot"
    assert gpu1.run("systemctl show --property=RemainAfterExit --value ollama-warmup.service").strip() == "no"


def test_another_run_changes_nothing(taken: Outcome, gpu1: Machine, site: Callable[..., Outcome]) -> None:
    again = site({"gpu1": {**MODELS["gpu1"], "ollama_warmup_takeover": True}})
    assert (again.status, again.changed) == (0, []), again.output


def test_a_removal_puts_it_all_back_and_starts_what_ran(taken: Outcome, theirs: list[str], gpu1: Machine, tmp_path: pathlib.Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(f"gpu_hosts: {{hosts: {{gpu1: {{ansible_host: {PREFIX}-gpu1}}}}}}\n")
    options = ["--extra-vars=keepwarm_remove_confirmed=true"]
    removed = play("remove", [SHARED, inventory], *options, ANSIBLE_PIPELINING="1", ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")
    assert removed.status == 0, removed.output
    gpu1.run("systemctl is-active --wait ollama-warmup.service || systemctl start ollama-warmup.service")
    assert seen(gpu1) == theirs
    assert gpu1.run("find / -xdev -name '*.before-keepwarm' -o -path /var/lib/keepwarm-ollama") == ""
