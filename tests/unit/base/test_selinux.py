# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels are the policy's, and are asked for only where SELinux runs."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base import selinux, systemctl


@pytest.fixture(name="called")
def recorded_calls() -> list[list[str]]:
    return []


@pytest.mark.parametrize("mode", ["0", "1"])
def test_the_policy_labels_what_is_below_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, called: list[list[str]], mode: str) -> None:
    (tmp_path / "enforce").write_text(mode)
    monkeypatch.setattr(selinux, "ENFORCE", str(tmp_path / "enforce"))

    def run(command: Sequence[str]) -> tuple[int, str, str]:
        called.append(list(command))
        return 0, "", ""

    selinux.relabel(run, "/opt/ollama/0.32.15")
    assert called == [["restorecon", "-R", "-F", "/opt/ollama/0.32.15"]]


def test_without_selinux_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, called: list[list[str]]) -> None:
    monkeypatch.setattr(selinux, "ENFORCE", str(tmp_path / "enforce"))

    def run(command: Sequence[str]) -> tuple[int, str, str]:
        called.append(list(command))
        return 0, "", ""

    selinux.relabel(run, "/opt/ollama/0.32.15")
    assert called == []


def failing(_command: Sequence[str]) -> tuple[int, str, str]:
    return 255, "", "restorecon: no file_contexts\n"


def missing(_command: Sequence[str]) -> tuple[int, str, str]:
    raise FileNotFoundError(2, "No such file or directory")


@pytest.mark.parametrize(("run", "why"), [(failing, "restorecon: no file_contexts"), (missing, "No such file or directory")])
def test_a_host_that_cannot_label_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, run: systemctl.Run, why: str) -> None:
    (tmp_path / "enforce").write_text("1")
    monkeypatch.setattr(selinux, "ENFORCE", str(tmp_path / "enforce"))
    with pytest.raises(selinux.LabelError) as refused:
        selinux.relabel(run, "/opt/x")
    assert str(refused.value) == f"SELinux runs on this host, but restorecon cannot label /opt/x: {why}"
