# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each planted fault is found, by play and command alike, with what was seen and what to do; and nothing is changed by looking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from conftest import SECRETS, Visit
from shared.machine import Machine

PLANTED = {
    "setting_overridden": ("/etc/default/ollama: OLLAMA_KEEP_ALIVE=5m", "take OLLAMA_KEEP_ALIVE out of /etc/default/ollama"),
    "shell_variable": ("/etc/environment:1: OLLAMA_KEEP_ALIVE=-1", "ollama_server_keep_alive"),
    "value_misread": ("/etc/default/ollama: OLLAMA_NUM_PARALLEL=many", "set OLLAMA_NUM_PARALLEL to a whole number"),
    "unit_line_ignored": ("systemd, in the journal: /etc/systemd/system/ollama.service.d/broken.conf:", 'write Environment="OLLAMA_'),
    "dropin_not_read": ("/etc/systemd/system/ollama.service.d/override", "mv /etc/systemd/system/ollama.service.d/override"),
    "environment_file_missing": ("EnvironmentFile=-/etc/ollama.env", "write /etc/ollama.env"),
    "invalid_variable": ("invalid environment variable, using default", "systemctl restart ollama.service"),
    "agent_asks_elsewhere": ("/etc/ollama-warmup/default.json: url: http://127.0.0.1:11434", "ollama_warmup_url"),
    "cpu_only_start": ("library=cpu", "systemctl restart ollama.service"),
    "evicted_after_oom": ("evicting all other models and retrying once", "fewer or smaller models"),
    "gpu_fault": ("CUDA error: out of memory", "journalctl -k"),
    "model_not_installed": ("/api/tags: big:latest, tiny-a:latest", "OLLAMA_HOST=http://127.0.0.1:11435 ollama pull embed:latest"),
    "leaving_memory": ("/api/ps: tiny-a:latest expires_at=", "ollama-warmup run"),
    "timer_inactive": ("systemctl show ollama-warmup.timer: ActiveState=inactive", "systemctl enable --now ollama-warmup.timer"),
    "on_hold": ("new GPU", "ollama-warmup release"),
    "drained": ("new cables", "ollama-warmup undrain"),
    "keep_alive_unseen": ("/api/generate", "OLLAMA_DEBUG=1"),
}


@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_fault_is_found(code: str, findings: Mapping[str, Mapping[str, Any]]) -> None:
    evidence, remedy = PLANTED[code]
    assert evidence in "\n".join(f"{each['source']}: {each['text']}" for each in findings[code]["evidence"])
    assert remedy in findings[code]["remedy"]


@pytest.mark.parametrize("code", PLANTED)
def test_the_page_has_it_too(code: str, visit: Visit) -> None:
    paragraph = next(part for part in visit.page("gpu1").split("\n\n") if f"({code})" in part.splitlines()[0])
    evidence, remedy = PLANTED[code]
    assert evidence in paragraph
    assert f"  remedy: {remedy.partition(' ')[0]}" in paragraph or remedy in paragraph


def test_nothing_else_is_made_of_it(findings: Mapping[str, Mapping[str, Any]]) -> None:
    """What follows from the planted faults, and no more."""
    assert set(findings) - set(PLANTED) == {"nvidia_smi_absent"}


def test_a_host_with_nothing_has_its_page(visit: Visit) -> None:
    page = visit.page("bare1")
    assert "(unit_missing)" in page
    assert "(agent_missing)" in page
    assert page.startswith("bare1: 2 problems (ollama.service at no known address)")


def test_looking_changes_nothing(visit: Visit) -> None:
    assert visit.outcome.status == 0
    assert visit.outcome.changed == []
    assert visit.after == visit.before


def test_no_secret_is_told(visit: Visit, findings: Mapping[str, Mapping[str, Any]]) -> None:
    assert [secret for secret in SECRETS if secret in f"{visit.outcome.output}{findings}"] == []


def test_another_user_is_told_who_may_look(faulty: Machine) -> None:
    said = faulty.run("runuser -u ollama-warmup -- ollama-warmup doctor 2>&1 || [ $? = 2 ]")
    assert said.strip() == "ollama-warmup: only root may look at a service's environment, sockets and journal: use sudo"
