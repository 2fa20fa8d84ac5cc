# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is predicted of a set of models is what the server then does with them: the judge is its `/api/ps` and what it counts."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import Bounds, evictions, learn, learn_eviction
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.measurement import Measurement, keep, measure
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.predict import Fit, predict
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import prediction_report
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.knowledge import gather, running_environment
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.measurement_record import Record
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import Policy
from support.live_host import UNIT, LiveHost
from support.values import policy

MIB = 2**20
TINY = 2_406_880  # bytes of a tiny model at 4096 tokens, of which the cache is 2 MiB


@dataclass(frozen=True)
class Case:
    """`strays` are loaded for 5 minutes; `before` is declared and resident before the set is proposed; `verdicts` by model, with who
    leaves; `after` is what the server lists then, with the share in VRAM in percent."""

    vram: str
    before: tuple[Any, ...]
    proposed: tuple[Any, ...]
    verdicts: Mapping[str, tuple[str, tuple[str, ...]]]
    after: Mapping[str, int]
    strays: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None


CASES = {
    "fits": Case("8MiB", ("tiny-a",), ("tiny-a", "tiny-b"), {"tiny-b": ("fits", ())}, {"tiny-a": 100, "tiny-b": 100}),
    "fits alone": Case("2.3MiB", (), ("tiny-c",), {"tiny-c": ("fits", ())}, {"tiny-c": 100}),
    "spills": Case("2MiB", (), ("tiny-a",), {"tiny-a": ("spills", ())}, {"tiny-a": 87}),
    "evicts a stray": Case(
        "6MiB", ("tiny-a",), ("tiny-a", "tiny-c"), {"tiny-c": ("evicts", ("tiny-b",))}, {"tiny-a": 100, "tiny-c": 100}, strays=("tiny-b",)
    ),
    "evicts a pin, which gets its place back": Case(
        "6MiB", ("tiny-a", "tiny-b"), ("tiny-a", "tiny-b", "tiny-c"), {"tiny-c": ("evicts", ("tiny-b",))}, {"tiny-a": 100, "tiny-b": 100}
    ),
    "evicts both, and spills even so": Case(
        "6MiB",
        (),
        ("tiny-b", {"name": "tiny-a", "num_ctx": 16384}),
        {"tiny-b": ("fits", ()), "tiny-a": ("evicts", ("tiny-b",))},
        {"tiny-b": 100},
    ),
    "one model too many": Case(
        "64MiB",
        ("tiny-a", "tiny-b"),
        ("tiny-a", "tiny-b", "tiny-c"),
        {"tiny-c": ("evicts", ("tiny-b",))},
        {"tiny-a": 100, "tiny-b": 100},
        environment={"OLLAMA_MAX_LOADED_MODELS": "2"},
    ),
    "a cache of half the size, which the scheduler does not count with": Case(
        "4.6MiB",
        ("tiny-a",),
        ("tiny-a", "tiny-b"),
        {"tiny-b": ("fits", ())},
        {"tiny-a": 100, "tiny-b": 100},
        environment={"OLLAMA_KV_CACHE_TYPE": "q8_0"},
    ),
    "two requests at once": Case(
        "9MiB",
        ("tiny-a",),
        ("tiny-a", "tiny-b", "embed"),
        {"tiny-b": ("evicts", ("tiny-a",)), "embed": ("fits", ())},
        {"tiny-a": 100, "embed": 100},
        environment={"OLLAMA_NUM_PARALLEL": "2"},
    ),
}


def gpu(folder: pathlib.Path, live: LiveHost, size: str) -> str:
    """A root folder in which a driver tells of the pretended GPU."""
    device = folder / "root/sys/class/drm/card0/device"
    device.mkdir(parents=True, exist_ok=True)
    used = sum(entry["size_vram"] for entry in live.stand_in.residents().values())
    (device / "mem_info_vram_total").write_text(f"{int(float(size[: -len('MiB')]) * MIB)}\n")
    (device / "mem_info_vram_used").write_text(f"{used}\n")
    return str(folder / "root")


def predict_fits(live: LiveHost, declared: Policy, record: Record, root: str) -> dict[str, Fit]:
    look = live.look(declared)
    environment = running_environment(UNIT, live.url, live.proc())
    knowledge = gather(record, declared, look, live.url, environment, root)
    found = predict(make_plan(declared, look), look, knowledge)
    return {fit.name.partition(":")[0]: fit for fit in found if not fit.is_loaded}


def short(fits: Mapping[str, Fit]) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {name: (fit.verdict, tuple(each.partition(":")[0] for each in fit.outcome.evicts)) for name, fit in fits.items()}


def shares(live: LiveHost) -> dict[str, int]:
    return {name: 100 * entry["size_vram"] // entry["size"] for name, entry in live.stand_in.residents().items()}


def measured_alone(live: LiveHost, case: Case) -> Record:
    """What an agent would remember of the models, each of which had the server for itself."""
    found: tuple[Measurement, ...] = ()
    for model in case.proposed:
        live.run(policy(model))
        found = keep(found, measure(live.look(policy(model)), len(found)))
        live.stand_in.generate(found[-1].name, keep_alive=0)
        live.stand_in.wait_for(lambda: not live.stand_in.residents())
    return Record(found)


def differences(fits: Mapping[str, Fit], live: LiveHost) -> dict[str, int]:
    """By how many bytes each predicted model that is in memory is larger than predicted, in VRAM."""
    listed = live.stand_in.residents()
    return {name: listed[name]["size_vram"] - (fit.outcome.size_vram or 0) for name, fit in fits.items() if name in listed}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_predicted_is_what_happens(live: LiveHost, tmp_path: pathlib.Path, case: Case) -> None:
    live.stand_in.run(OLLAMA_STUB_VRAM=case.vram, **(case.environment or {}))
    record = measured_alone(live, case)
    live.run(policy(*case.before))
    for stray in case.strays:
        live.stand_in.generate(stray, keep_alive="5m")
    live.stand_in.door.counters(reset=True)
    declared, root = policy(*case.proposed), gpu(tmp_path, live, case.vram)
    measured, estimated = predict_fits(live, declared, record, root), predict_fits(live, declared, Record(), root)
    assert live.stand_in.counters()["loads"] == {}
    assert short(measured) == short(estimated) == case.verdicts
    by_number = "OLLAMA_MAX_LOADED_MODELS" in (case.environment or {})
    evidence = [{fit.evidence for fit in found.values()} for found in (measured, estimated)]
    assert evidence == ([{"counted"}] * 2 if by_number else [{"measured"}, {"estimated"}])
    live.run(declared)
    live.stand_in.wait_for(lambda: shares(live) == case.after)
    assert sorted(live.stand_in.counters()["evictions"]) == sorted(name for fit in measured.values() for name in fit.outcome.evicts)
    assert set(differences(measured, live).values()) <= {0}
    guessed = {name: bytes_off for name, bytes_off in differences(estimated, live).items() if name != "embed"}
    assert all(abs(bytes_off) < 1000 for bytes_off in guessed.values())  # the template and the configuration count as file, too


def test_a_warning_names_the_numbers_and_who_leaves(live: LiveHost, tmp_path: pathlib.Path) -> None:
    live.stand_in.run(OLLAMA_STUB_VRAM="6MiB")
    live.run(policy("tiny-a", "tiny-b"))
    declared = policy("tiny-a", "tiny-b", "tiny-c")
    predicted = predict_fits(live, declared, Record(), gpu(tmp_path, live, "6MiB"))
    assert prediction_report.warnings(predicted.values()) == [
        "tiny-c:latest will not fit beside the other models: it takes 2.4 MB (estimated); the server reckons 2.4 MB for it and fills no more than 80 % of"
        " the 1.5 MB of VRAM that are free: loading it will evict tiny-b:latest; a pass then loads tiny-b:latest again and stops trying tiny-c:latest"
    ]


def test_without_a_driver_it_is_told_from_what_was_seen(live: LiveHost, tmp_path: pathlib.Path) -> None:
    """What went in once will go in again; what did not, will not; of what was never tried nothing is known."""
    live.stand_in.run(OLLAMA_STUB_VRAM="6MiB")
    both, wide = policy("tiny-a", "tiny-b"), policy({"name": "tiny-c", "num_ctx": 16384})
    live.run(both)
    seen = live.look(both)
    bounds = learn(Bounds(), seen.resident, ())
    assert (bounds.at_least, bounds.at_most) == (2 * TINY, None)
    live.stand_in.restart()
    nowhere = str(tmp_path)
    assert short(predict_fits(live, policy({"name": "tiny-b", "num_ctx": 4096}), Record(bounds=bounds), nowhere)) == {"tiny-b": ("fits", ())}
    assert short(predict_fits(live, wide, Record(bounds=bounds), nowhere)) == {"tiny-c": ("unknown", ())}
    live.run(wide)
    (spilled,) = live.stand_in.residents().values()
    bounds = learn(bounds, live.look(wide).resident, ())
    assert (bounds.at_least, bounds.at_most) == (6 * MIB, spilled["size"])
    live.stand_in.restart()
    assert short(predict_fits(live, wide, Record(bounds=bounds), nowhere)) == {"tiny-c": ("spills", ())}


@pytest.mark.parametrize("order", [("tiny-a", "tiny-c"), ("tiny-c", "tiny-a")])
def test_a_pin_that_was_driven_out_tells_how_much_there_is_not(live: LiveHost, tmp_path: pathlib.Path, order: tuple[str, ...]) -> None:
    """Whether the newcomer was declared after it, and gave way, or before it: the same set is then predicted without any driver."""
    live.stand_in.run(OLLAMA_STUB_VRAM="4MiB")
    live.run(policy("tiny-a"))
    models = [{"name": name, "num_ctx": 4096} for name in order]
    declared = policy(*models, max_loaded_models=5)
    result = live.run(declared)
    (found,) = evictions(declared, result)
    assert found.others == TINY
    bounds = learn_eviction(learn(Bounds(), result.look.resident, ()), found.others, found.reckoned)
    assert bounds.at_least == TINY
    assert bounds.at_most is not None and 4 * MIB < bounds.at_most < TINY + 1.3 * TINY
    assert short(predict_fits(live, policy(*models), Record(bounds=bounds), str(tmp_path))) == {order[1]: ("evicts", (order[0],))}


def test_one_model_too_many_tells_nothing_of_memory(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_STUB_VRAM="64MiB", OLLAMA_MAX_LOADED_MODELS="1")
    live.run(policy("tiny-a"))
    declared = policy({"name": "tiny-a", "num_ctx": 4096}, {"name": "tiny-c", "num_ctx": 4096, "policy": "warm", "keep_alive": "5m"}, max_loaded_models=1)
    assert list(evictions(declared, live.run(declared))) == []


def test_a_server_whose_environment_cannot_be_read_is_told_from_its_runners(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_STUB_VRAM="32MiB", OLLAMA_NUM_PARALLEL="3", OLLAMA_KV_CACHE_TYPE="q4_0", OLLAMA_FLASH_ATTENTION="1")
    declared = policy("tiny-a", "embed")
    live.run(declared)
    look = live.look(declared)
    runner = gather(Record(), declared, look, live.url, None).settings.runner
    assert (runner.num_parallel, runner.kv_cache_type, runner.flash_attention) == (3, "q4_0", "on")
    kept = {found.name: (found.settings.num_parallel, found.settings.kv_cache_type, found.context_length) for found in measure(look, 1.0)}
    assert kept == {"tiny-a:latest": (3, "q4_0", 4096), "embed:latest": (1, "q4_0", 512)}
