# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What loading the declared models would come to, by the engine's own question, on a host whose files are the test's."""

from __future__ import annotations

import pathlib
from dataclasses import replace

from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor import examine
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.memory_prediction import predict_memory
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.prediction_report import warnings
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import CacheShape
from support.examinations import STATUS, agent, healthy, server, unit
from support.values import card, digest, look, policy, resident, runners

COLD = server(resident("a"), start="211@1")
ONE = unit(environment={"OLLAMA_MAX_LOADED_MODELS": "1"})
WARM = {"name": "b", "policy": "warm", "keep_alive": "10m"}


def test_a_model_that_will_push_another_out_is_predicted() -> None:
    (sentence,) = warnings(predict_memory(healthy(server=COLD, unit=ONE)).fits)
    assert sentence.startswith("b:latest is one model too many under OLLAMA_MAX_LOADED_MODELS=1: loading it will evict a:latest")


def test_a_warm_model_that_had_its_load_is_not_loaded_again() -> None:
    status = {**STATUS, "history": {"server": "211@1", "warmed": ["b:latest"]}}
    left = healthy(server=COLD, unit=ONE, policy=policy("a", WARM), agent=agent(status=status))
    assert warnings(predict_memory(left).fits) == []
    assert len(warnings(predict_memory(replace(left, agent=agent())).fits)) == 1


def test_the_memory_is_that_of_the_host(tmp_path: pathlib.Path) -> None:
    device = tmp_path / "sys/class/drm/card0/device"
    device.mkdir(parents=True)
    (device / "mem_info_vram_total").write_text("5000\n")
    cards = {digest(name): replace(card(name), cache=CacheShape(1, 1)) for name in ("a", "b")}
    seen = replace(COLD, observation=look(("a", "b"), (), runners(), cards))
    alone = healthy(server=seen, policy=policy({"name": "a", "num_ctx": 4096}))
    (sentence,) = warnings(predict_memory(alone, str(tmp_path)).fits)
    assert "5.0 kB are free" in sentence
    assert warnings(predict_memory(alone, str(tmp_path / "other")).fits) == []


def test_measurements_that_cannot_be_read_are_something_not_looked_at(tmp_path: pathlib.Path) -> None:
    (tmp_path / "var/lib/ollama-warmup/default").mkdir(parents=True)
    path = tmp_path / "var/lib/ollama-warmup/default/measurements.json"
    path.write_text("{")
    examiner = examine._Examiner("default", lambda _command: (1, "", ""), str(tmp_path))
    done = examiner._done(healthy(server=COLD, unit=ONE))
    assert [text.partition(" holds")[0] for text in done.unseen] == [f"the measured sizes: {path}"]
    assert [text.partition(" is one")[0] for text in done.predictions] == ["b:latest"]
