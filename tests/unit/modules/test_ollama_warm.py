# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making models resident, through the module's real entry point and scripted exchanges: check mode, run, run again."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import yaml
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import Vram
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.measurement import Measurement, RunnerSettings
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import knowledge, observer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.measurement_record import Record, record_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import Runners
from ansible_collections.keepwarm.ollama.plugins.module_utils._warm import warming
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_warm
from support.ansible_module import Entrance
from support.scripted_http import Exchange, ScriptedServer
from support.values import blob, digest

pytestmark = pytest.mark.usefixtures("host")
FOREVER = "2318-12-02T09:47:16.978231264Z"
VERSION = Exchange("GET /api/version", None, 200, {"version": "0.32.15"})


def soon(minutes: float) -> str:
    """An expiry so far from now; the scripted server's clock is ours."""
    return (datetime.now(timezone.utc) + timedelta(minutes=minutes)).isoformat()


def listed(name: str, expires_at: str = FOREVER, **others: Any) -> dict[str, Any]:
    entry = {"name": f"{name}:latest", "digest": digest(name), "size": 1000, "size_vram": 1000, "context_length": 4096}
    return {**entry, "expires_at": expires_at, **others}


def ps(*entries: Any) -> Exchange:
    """Names are listed for ever."""
    models = [listed(entry) if isinstance(entry, str) else entry for entry in entries]
    return Exchange("GET /api/ps", None, 200, {"models": models})


def tags(*names: str) -> Exchange:
    return Exchange("GET /api/tags", None, 200, {"models": [{"name": f"{name}:latest", "digest": digest(name)} for name in names]})


def show(name: str, capability: str = "completion", training: int = 32768) -> Exchange:
    answer = {
        "modelfile": f"FROM /m/blobs/sha256-{blob(name)}\n",
        "capabilities": [capability],
        "model_info": {"general.architecture": "x", "x.context_length": training},
    }
    return Exchange("POST /api/show", {"model": f"{name}:latest"}, 200, answer)


def load(name: str, keep_alive: Any = -1, num_ctx: int | None = None, route: str = "generate", **answer: Any) -> Exchange:
    body: dict[str, Any] = {"model": f"{name}:latest", "keep_alive": keep_alive}
    done = {"embeddings": []} if route == "embed" else {"done_reason": "load" if keep_alive else "unload"}
    if num_ctx is not None:
        body["options"] = {"num_ctx": num_ctx}
    return Exchange(f"POST /api/{route}", body, answer.pop("status", 200), answer or {"model": f"{name}:latest", **done})


class Host:
    """What the module sees of the host it runs on."""

    def __init__(self) -> None:
        self.gpus = 1
        self._views: list[Runners | None] = [Runners(frozenset())]

    def runs(self, *looks: str) -> None:
        """Each is the names of the runners that live at one look, as in C("a b"); the last holds from then on."""
        self._views = [Runners(frozenset(map(blob, names.split()))) for names in looks]

    def hides_its_processes(self) -> None:
        self._views = [None]

    def living_runners(self, unit: str, **_where: str) -> Runners | None:
        if unit != "ollama.service":
            return None
        return self._views.pop(0) if len(self._views) > 1 else self._views[0]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host()
    monkeypatch.setattr(observer, "living_runners", made.living_runners)
    monkeypatch.setattr(warming, "count_gpus", lambda: made.gpus)
    return made


@pytest.fixture
def entrance(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> Entrance:
    return Entrance(ollama_warm.main, monkeypatch, capsys, tmp_path)


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def by_name(result: dict[str, Any], key: str) -> dict[str, Any]:
    return {model["name"]: model[key] for model in result["models"]}


A, B = {"name": "a"}, {"name": "b"}


def test_check_mode_then_a_run_then_a_second_run(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    options = {"url": server.url, "models": [A, {"name": "b", "num_ctx": 2048}]}

    server.expect(ps(), tags("a", "b"), show("a"), show("b"), VERSION)
    predicted = entrance.succeed(check=True, **options)
    assert (predicted["changed"], predicted["warm"]) == (True, False)
    assert by_name(predicted, "action") == {"a": "load", "b": "load"}
    assert by_name(predicted, "resident") == by_name(predicted, "after") == {"a": None, "b": None}

    server.expect(ps(), tags("a", "b"), show("a"), show("b"), VERSION)
    server.expect(load("a"), ps("a"), tags("a", "b"), ps("a"), tags("a", "b"))
    server.expect(load("b", num_ctx=2048), *[ps("a", listed("b", context_length=2048)), tags("a", "b")] * 2)
    host.runs("", "a", "a", "a b")
    done = entrance.succeed(**options)
    assert (done["changed"], done["warm"]) == (True, True)
    assert by_name(done, "action") == by_name(predicted, "action")
    assert by_name(done, "resident") == {"a": True, "b": True}
    assert by_name(done, "before") == {"a": None, "b": None}
    assert by_name(done, "failure") == {"a": None, "b": None}
    assert done["models"][1]["after"] == {**listed("b", context_length=2048), "expires_at": "2318-12-02T09:47:16.978231Z"} | {
        "forever": True,
        "processor": "100% GPU",
        "alive": True,
    }
    assert all(model["load_seconds"] >= 0 for model in done["models"])

    both = ps("a", listed("b", context_length=2048))
    server.expect(both, tags("a", "b"), show("a"), show("b"))
    again = entrance.succeed(**options)
    assert (again["changed"], again["warm"]) == (False, True)
    assert by_name(again, "action") == {"a": "none", "b": "none"}
    assert by_name(again, "before") == by_name(again, "after") == by_name(done, "after")

    server.expect(both, tags("a", "b"), show("a"), show("b"), VERSION)
    predicted = entrance.succeed(check=True, **options)
    assert (predicted["changed"], predicted["warm"]) == (False, True)
    assert by_name(predicted, "resident") == {"a": True, "b": True}


@pytest.mark.parametrize("models", [None, []])
def test_no_models_leave_nothing_to_load_nor_to_prove(entrance: Entrance, server: ScriptedServer, models: Any) -> None:
    server.expect(ps("a"), tags("a"), VERSION)
    done = entrance.succeed(url=server.url, models=models, check=True)
    assert (done["changed"], done["models"], done["undeclared"]) == (False, [], [])


def test_an_expiry_that_a_client_changed_is_put_back_with_the_resident_context(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("a")
    ends = listed("a", soon(5), context_length=1234)
    server.expect(ps(ends), tags("a"), show("a"), VERSION, load("a", num_ctx=1234), ps(listed("a", context_length=1234)), tags("a"))
    result = entrance.succeed(url=server.url, models=[A])
    assert (result["changed"], result["warm"]) == (True, True)
    (model,) = result["models"]
    assert (model["action"], model["drift"], model["cause"], model["cause_evidence"]) == ("set_expiry", [], "unknown", "inferred")
    assert (model["before"]["forever"], model["after"]["forever"]) == (False, True)


def test_a_model_is_warmed_at_the_endpoint_that_fits_it(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.hides_its_processes()
    server.expect(ps("a"), tags("a"), show("a", "embedding", 512), VERSION, load("a", num_ctx=4096, route="embed"), ps("a"), tags("a"))
    result = entrance.succeed(url=server.url, models=[A])
    assert (result["changed"], result["warm"], result["models"][0]["action"]) == (False, True, "probe")


def test_a_dead_runner_is_revived(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("", "", "a")
    server.expect(ps("a"), tags("a"), show("a"), ps("a"), VERSION, load("a", num_ctx=4096), *[ps("a"), tags("a")] * 2)
    result = entrance.succeed(url=server.url, models=[A])
    (model,) = result["models"]
    assert (result["changed"], model["action"]) == (True, "revive")
    assert (model["before"]["alive"], model["after"]["alive"]) == (False, True)


def test_the_processes_looked_at_are_those_of_the_unit(entrance: Entrance, server: ScriptedServer) -> None:
    server.expect(ps("a"), tags("a"), show("a"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A], unit="ollama@b.service")
    assert (result["models"][0]["before"]["alive"], result["models"][0]["action"]) == (None, "probe")


def test_a_difference_shows_before_and_after(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("a")
    ends = soon(5)
    server.expect(ps(listed("a", ends)), tags("a"), show("a"), VERSION)
    predicted = entrance.succeed(check=True, diff=True, url=server.url, models=[A])["diff"]
    server.expect(ps(listed("a", ends)), tags("a"), show("a"), VERSION, load("a", num_ctx=4096), ps("a"), tags("a"))
    done = entrance.succeed(diff=True, url=server.url, models=[A])["diff"]
    assert yaml.safe_load(done["before"])[0]["until"].startswith(ends[:16])
    assert yaml.safe_load(done["after"])[0]["until"] == "for ever"
    assert predicted == done


def test_what_is_as_declared_makes_no_difference(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("a")
    server.expect(ps("a"), tags("a"), show("a"))
    found = entrance.succeed(diff=True, url=server.url, models=[A])["diff"]
    assert found["before"] == found["after"]


# What fails.


def test_every_required_model_that_is_not_resident_is_named_with_what_to_do(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("d")
    names = ("b", "c", "d")
    server.expect(ps("d"), tags(*names), show("b"), show("c"), show("d"), VERSION)
    server.expect(load("b", status=500, error="llama-server process has terminated: exit status 1: cudaMalloc failed"), ps("d"), tags(*names))
    server.expect(load("c", status=503, error="server busy, please try again.  maximum pending requests exceeded"), ps("d"), tags(*names))
    optional = {"name": "c", "required": False}
    result = entrance.run(url=server.url, models=[A, B, optional, {"name": "d"}])
    assert result["failed"]
    assert result["msg"] == (
        "not warm: a is not installed on the server: pull or create it first (ollama_model, or ollama pull a:latest);"
        f" load of b failed: POST /api/generate at {server.url} answered 500:"
        " llama-server process has terminated: exit status 1: cudaMalloc failed"
    )
    assert (result["warm"], result["changed"]) == (False, False)
    assert result["msg"] == f"not warm: {'; '.join(result['reasons'])}"
    assert by_name(result, "resident") == {"a": False, "b": False, "c": False, "d": True}
    assert [warning for warning in result["warnings"] if "load of c failed" in warning]


def test_a_model_that_is_not_installed_fails_in_check_mode_too(entrance: Entrance, server: ScriptedServer) -> None:
    server.expect(ps(), tags("b"), VERSION)
    sentence = entrance.fail(check=True, url=server.url, models=[A])
    assert sentence == "not warm: a is not installed on the server: pull or create it first (ollama_model, or ollama pull a:latest)"


@pytest.mark.parametrize("check", [False, True])
def test_two_names_of_the_same_weights_are_refused(entrance: Entrance, server: ScriptedServer, host: Host, check: bool) -> None:
    host.runs("a")
    twin = Exchange("POST /api/show", {"model": "b:latest"}, 200, show("a").answer)
    server.expect(ps("a"), tags("a", "b"), show("a"), twin)
    if check:
        server.expect(VERSION)
    sentence = entrance.fail(check=check, url=server.url, models=[A, B])
    assert sentence == "not warm: b and a are two names of the same weights, which share one runner: keep one"


def test_without_verification_nothing_fails(entrance: Entrance, server: ScriptedServer) -> None:
    server.expect(ps(), tags())
    result = entrance.succeed(url=server.url, models=[A], verify_timeout=0)
    assert (result["warm"], result["changed"], by_name(result, "resident")) == (False, False, {"a": False})


@pytest.mark.parametrize(("strict", "fails"), [(False, False), (True, True)])
def test_a_degraded_model_fails_only_if_strict(entrance: Entrance, server: ScriptedServer, host: Host, strict: bool, fails: bool) -> None:
    host.runs("a")
    server.expect(ps(listed("a", size_vram=400)), tags("a"), show("a"))
    result = entrance.run(url=server.url, models=[A], strict=strict)
    sentence = "a has only 40 % of its size in VRAM"
    assert (result.get("failed", False), result["warm"]) == (fails, not fails)
    assert sentence in (result["msg"] if fails else str(result["warnings"]))


@pytest.mark.parametrize("check", [False, True])
def test_a_server_that_is_too_old_is_refused(entrance: Entrance, server: ScriptedServer, check: bool) -> None:
    server.expect(ps(), tags("a"), show("a"), Exchange("GET /api/version", None, 200, {"version": "0.9.6"}))
    assert "is Ollama 0.9.6, whose /api/ps does not tell a model's context: upgrade it to 0.10 or newer" in entrance.fail(
        check=check, url=server.url, models=[A]
    )


def test_a_server_that_does_not_answer_is_one_sentence(entrance: Entrance, nobody: str) -> None:
    assert entrance.fail(url=nobody, models=[A]) == f"no Ollama server answers at {nobody}: Connection refused"


BAD_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"models": [{"name": "a", "keep_alive": "5m"}]}, "model 'a': keep_alive '5m' on a pin is finite"),
    ({"models": [{"name": "a", "keep_alive": True}]}, "model 'a': keep_alive True is a boolean, not a duration"),
    ({"models": [{"name": "a", "policy": "warm"}]}, "policy 'warm' needs a finite keep_alive, such as '30m'"),
    ({"models": [{"name": "x:cloud"}]}, "model 'x:cloud' runs in the cloud"),
    ({"models": [A, {"name": "A"}]}, "model 'A' is declared twice"),
    ({"models": [A, B], "max_loaded_models": 1}, "2 pins do not fit under OLLAMA_MAX_LOADED_MODELS=1"),
    ({"models": [A], "undeclared_keep_alive": "1d"}, "undeclared_keep_alive '1d' is not a duration"),
    ({"models": [A], "only": ["b"]}, "only names 'b', which is not one of models: declare it there"),
    ({"models": [A], "expected": {"installed": ["a b"]}}, "model name 'a b' has the model 'a b', which the server refuses"),
    ({"models": [A], "only": ["a b"]}, "model name 'a b' has the model 'a b', which the server refuses"),
    ({"models": [A], "url": "gpu-1"}, "url 'gpu-1' is not the address of an HTTP server"),
    ({"models": [A], "url": "http://[::1"}, "url 'http://[::1' is not an address"),
    ({"models": [A], "load_timeout": 0}, "load_timeout 0 is not between 0 and 86400 seconds"),
    ({"models": [A], "verify_timeout": -1}, "verify_timeout -1 is not between 0 and 86400 seconds"),
]


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
@pytest.mark.parametrize(("options", "sentence"), BAD_OPTIONS, ids=[row[1] for row in BAD_OPTIONS])
def test_bad_input_is_refused_before_anything_is_asked(
    entrance: Entrance, options: dict[str, Any], sentence: str, check: bool
) -> None:
    assert sentence in entrance.fail(check=check, **options)


# Check mode where little can be known.


def test_check_mode_on_a_host_without_a_server_predicts_and_says_why_it_can_do_no_better(entrance: Entrance, nobody: str) -> None:
    result = entrance.succeed(check=True, url=nobody, models=[A, {"name": "b", "policy": "warm", "keep_alive": "30m"}])
    assert (result["changed"], result["warm"]) == (True, False)
    assert by_name(result, "action") == {"a": "load", "b": "none"}
    assert result["models"][0]["resident"] is None
    assert f"no Ollama server answers at {nobody}: Connection refused; predicting for an empty server" in result["warnings"][0]
    assert (result["observed"], result["unobserved"]) == (False, f"no Ollama server answers at {nobody}: Connection refused")


@pytest.mark.parametrize("restarted", [False, True])
def test_check_mode_says_that_the_server_itself_told(entrance: Entrance, server: ScriptedServer, restarted: bool) -> None:
    server.expect(ps("a"), tags("a"), show("a"), ps("a"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A], expected={"restarted": restarted})
    assert (result["observed"], result["unobserved"]) == (True, None)


def test_check_mode_says_that_a_server_kept_what_it_holds_to_itself(entrance: Entrance, server: ScriptedServer) -> None:
    server.expect(Exchange("GET /api/ps", None, 500, {"error": "out of order"}))
    result = entrance.succeed(check=True, url=server.url, models=[A])
    assert (result["observed"], result["models"][0]["before"]) == (False, None)
    assert "out of order" in result["unobserved"]
    assert "predicting for an empty server" in str(result["warnings"])


def test_check_mode_before_a_restart_predicts_from_an_empty_memory(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("a")
    server.expect(ps("a"), tags("a"), show("a"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A], expected={"restarted": True})
    assert (result["changed"], by_name(result, "action")) == (True, {"a": "load"})


def test_check_mode_before_a_pull_predicts_the_load(entrance: Entrance, server: ScriptedServer) -> None:
    server.expect(ps(), tags("b"), show("b"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A, B], expected={"installed": ["a:latest", "undeclared"]})
    assert (result["changed"], by_name(result, "action")) == (True, {"a": "load", "b": "load"})
    assert by_name(result, "drift") == {"a": ["not_loaded"], "b": ["not_loaded"]}


def test_check_mode_before_a_pull_of_new_weights_predicts_that_the_old_ones_are_unloaded(
    entrance: Entrance, server: ScriptedServer, host: Host
) -> None:
    host.runs("a b")
    server.expect(ps("a", "b"), tags("a", "b"), show("a"), show("b"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A, B], expected={"installed": ["a"]})
    assert by_name(result, "action") == {"a": "load", "b": "none"}


def test_check_mode_before_a_server_is_installed_predicts_from_what_is_put_on_its_disk(entrance: Entrance, nobody: str) -> None:
    options = {"check": True, "url": nobody, "expected": {"empty": True, "installed": ["a"]}}
    told = entrance.succeed(**options, models=[A])
    assert (told["observed"], told["unobserved"]) == (False, None)
    result = entrance.succeed(models=[A], **options)
    assert (by_name(result, "action"), result["warnings"]) == ({"a": "load"}, [])
    sentence = "b is not installed on the server: pull or create it first (ollama_model, or ollama pull b:latest)"
    assert entrance.fail(models=[A, B], **options) == f"not warm: {sentence}"


def test_a_run_asks_the_server_and_assumes_nothing(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("a")
    server.expect(ps("a"), tags("a"), show("a"))
    assumed = {"expected": {"restarted": True, "empty": True, "installed": ["a"]}}
    result = entrance.succeed(url=server.url, models=[A], **assumed)
    assert (result["changed"], by_name(result, "action")) == (False, {"a": "none"})


def test_check_mode_does_not_claim_what_it_cannot_see(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.hides_its_processes()
    server.expect(ps("a"), tags("a"), show("a"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A])
    assert (result["changed"], result["warm"], by_name(result, "resident")) == (False, False, {"a": None})
    (reason,) = result["reasons"]
    assert reason.startswith("a is listed, but whether its runner lives cannot be seen from here")


def test_check_mode_says_why_a_host_is_not_warm_now(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    server.expect(ps(), tags("a", "b"), show("a"), show("b"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A, {**B, "required": False}])
    (reason,) = result["reasons"]
    assert (result["warm"], reason.startswith("a is not in memory: ")) == (False, True)


# Scope, strays, warm models, warnings.


def test_only_the_named_models_are_loaded_and_judged(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("", "b")
    server.expect(ps(), tags("a", "b"), show("a"), show("b"), VERSION, load("b"), *[ps("b"), tags("a", "b")] * 2)
    result = entrance.succeed(url=server.url, models=[A, B], only=["B:latest"])
    assert (result["changed"], result["warm"], by_name(result, "resident")) == (True, True, {"b": True})


def test_a_prediction_for_some_models_is_silent_about_the_others(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("b")
    server.expect(ps("b"), tags("b"), show("b"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A, B], only=["b"])
    assert (result["changed"], result["warm"], by_name(result, "action")) == (False, True, {"b": "none"})


def test_a_stray_is_told_when_to_go_and_named(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("a stray")
    options = {"url": server.url, "models": [A], "undeclared_keep_alive": "10m"}
    server.expect(ps("a", "stray"), tags("a", "stray"), show("a"), VERSION)
    predicted = entrance.succeed(check=True, **options)
    server.expect(ps("a", "stray"), tags("a", "stray"), show("a"), VERSION, show("stray"), load("stray", "600s", 4096))
    server.expect(ps("a", listed("stray", soon(10))), tags("a", "stray"))
    done = entrance.succeed(**options)
    assert predicted["undeclared"] == done["undeclared"] == [{"name": "stray:latest", "action": "set_expiry", "keep_alive": "10m"}]
    assert (predicted["changed"], done["changed"], done["warm"]) == (True, True, True)


@pytest.mark.parametrize(("load_warm", "work"), [(False, []), (True, [load("a", "1800s")])])
def test_a_warm_model_is_loaded_only_if_that_was_asked_for(
    entrance: Entrance, server: ScriptedServer, host: Host, load_warm: bool, work: list[Exchange]
) -> None:
    host.runs("", "a")
    server.expect(ps(), tags("a"), show("a"))
    if work:
        server.expect(VERSION, *work, *[ps(listed("a", soon(30))), tags("a")] * 2)
    result = entrance.succeed(url=server.url, models=[{"name": "a", "policy": "warm", "keep_alive": "30m"}], load_warm=load_warm)
    assert (result["changed"], result["warm"]) == (bool(work), True)


def test_as_many_pins_as_the_server_has_room_for_are_warned_about(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("a b")
    server.expect(ps("a", "b"), tags("a", "b"), show("a"), show("b"))
    result = entrance.succeed(url=server.url, models=[A, B], max_loaded_models=2)
    assert "2 pins leave no room under OLLAMA_MAX_LOADED_MODELS=2" in str(result["warnings"])


def test_a_context_above_the_training_context_is_warned_about(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("a")
    server.expect(ps(listed("a", context_length=512)), tags("a"), show("a", training=512))
    result = entrance.succeed(url=server.url, models=[{"name": "a", "num_ctx": 2048}])
    assert "declare 512" in str(result["warnings"])


def test_another_context_is_reloaded_only_if_that_was_asked_for(entrance: Entrance, server: ScriptedServer, host: Host) -> None:
    host.runs("a")
    models = [{"name": "a", "num_ctx": 2048}]
    server.expect(ps("a"), tags("a"), show("a"))
    reported = entrance.succeed(url=server.url, models=models)
    assert (reported["changed"], reported["models"][0]["drift"]) == (False, ["context_mismatch"])
    after = ps(listed("a", context_length=2048))
    server.expect(ps("a"), tags("a"), show("a"), VERSION, load("a", num_ctx=2048), *[after, tags("a")] * 2)
    reloaded = entrance.succeed(url=server.url, models=models, context_mismatch="reload")
    assert (reloaded["changed"], reloaded["models"][0]["action"], reloaded["models"][0]["drift"]) == (True, "reload", [])


def weighed(name: str, size: int = 1000) -> dict[str, Any]:
    """A model on the disk, whose cache takes 4 bytes for each token."""
    return {"name": f"{name}:latest", "digest": digest(name), "size": size}


def shown(name: str) -> Exchange:
    exchange = show(name)
    answer = {"x.block_count": 1, "x.embedding_length": 1, "x.attention.head_count": 1, "x.attention.head_count_kv": 1}
    exchange.answer["model_info"].update(answer)
    return exchange


def on_disk(*names: str) -> Exchange:
    return Exchange("GET /api/tags", None, 200, {"models": [weighed(name) for name in names]})


@pytest.mark.parametrize(
    ("state", "reloads"),
    [
        (None, True),
        ({"applied": {"a:latest": {"keep_alive": -1, "num_ctx": 4096}}}, True),
        ({"applied": {"a:latest": {"keep_alive": -1, "num_ctx": 128}}}, False),
        ({"schema": 2}, False),
        ("garbled", False),
    ],
    ids=["no agent yet", "changed", "as before", "an earlier release", "unreadable"],
)
def test_a_declaration_that_changed_is_put_into_effect_where_the_play_says_so(
    entrance: Entrance, server: ScriptedServer, host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, state: Any, reloads: bool
) -> None:
    monkeypatch.setattr(warming, "state_path", lambda instance: str(tmp_path / f"{instance}.json"))
    if state is not None:
        (tmp_path / "blue.json").write_text(json.dumps(state) if isinstance(state, dict) else state)
    options = {"url": server.url, "models": [{"name": "a", "num_ctx": 128}], "instance": "blue"}
    host.runs("a")

    server.expect(ps("a"), tags("a"), show("a"), VERSION)
    assert by_name(entrance.succeed(check=True, **options), "action") == {"a": "none"}
    server.expect(ps("a"), tags("a"), show("a"), VERSION)
    predicted = entrance.succeed(check=True, apply_changes=True, **options)
    assert (predicted["changed"], by_name(predicted, "action")) == (reloads, {"a": "reload" if reloads else "none"})
    assert ("holds no state of the agent" in str(predicted.get("warnings"))) is (state == "garbled")
    if not reloads:
        return
    short = listed("a", context_length=128)
    server.expect(ps("a"), tags("a"), show("a"), VERSION, load("a", num_ctx=128), *[ps(short), tags("a")] * 2)
    done = entrance.succeed(apply_changes=True, **options)
    assert (done["changed"], by_name(done, "cause")) == (True, {"a": "declaration_changed"})
    assert done["models"][0]["after"]["context_length"] == 128


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """A GPU of 32 kB, and measurements in a folder of the test's."""
    monkeypatch.setattr(knowledge, "read_vram", lambda _environment, _root, _run: Vram(32_000))
    monkeypatch.setattr(knowledge, "gpu_names", lambda _root, _environment: ("GPU-1",))
    monkeypatch.setattr(warming, "record_path", lambda instance: str(tmp_path / f"{instance}.json"))
    return tmp_path


def fits(result: dict[str, Any]) -> dict[str, tuple[str, str | None, int | None]]:
    return {name: (fit["verdict"], fit["evidence"], fit["size"]) for name, fit in by_name(result, "fit").items()}


def test_check_mode_says_what_will_fit_and_warns_of_what_will_not(entrance: Entrance, server: ScriptedServer, host: Host, gpu: Any) -> None:
    host.gpus = 2  # or the automatic limit on their number would be warned of, too
    host.runs("a")
    measured = Measurement(digest("b"), 4096, RunnerSettings(1, "f16", "auto"), 18_000, 18_000, 1.0)
    (gpu / "two.json").write_text(json.dumps(record_data(Record((measured,)))))
    server.expect(ps(listed("a", size=9000, size_vram=9000)), on_disk("a", "b", "c"), shown("a"), shown("b"), shown("c"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A, B, {"name": "c"}], instance="two", expected={"environment": {}})
    assert fits(result) == {"a": ("fits", "measured", 9000), "b": ("fits", "measured", 18_000), "c": ("evicts", "estimated", 17_384)}
    (warning,) = result["warnings"]
    assert warning.startswith("c:latest will not fit beside the other models: it takes 17.4 kB (estimated)")
    assert (result["changed"], result["warm"]) == (True, False)


def test_the_environment_that_the_server_will_have_decides_what_a_model_takes(entrance: Entrance, server: ScriptedServer, gpu: Any) -> None:
    environment = {"OLLAMA_NUM_PARALLEL": 2, "OLLAMA_KV_CACHE_TYPE": "q8_0", "OLLAMA_CONTEXT_LENGTH": "8192", "OLLAMA_FLASH_ATTENTION": True, "X": None}
    in_memory = ps(listed("a", size=9000, size_vram=9000))
    server.expect(in_memory, on_disk("a"), shown("a"), in_memory, VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A], expected={"restarted": True, "environment": environment})
    fit = result["models"][0]["fit"]
    assert (fit["size"], fit["reckoned"], fit["free"]) == (1000 + 2 * 2 * 8192 * 34 // 32, 1000 + 2 * 2 * 8192 * 2, 32_000)


@pytest.mark.parametrize(("version", "context"), [("0.14.3", 4096), ("0.15.5", 32768)])
def test_the_servers_release_decides_what_a_default_context_is(
    entrance: Entrance, server: ScriptedServer, gpu: Any, monkeypatch: pytest.MonkeyPatch, version: str, context: int
) -> None:
    monkeypatch.setattr(knowledge, "read_vram", lambda _environment, _root, _run: Vram(24 * 2**30))
    server.expect(ps(), on_disk("a"), shown("a"), replace(VERSION, answer={"version": version}))
    result = entrance.succeed(check=True, url=server.url, models=[{"name": "a"}], expected={"environment": {}})
    assert result["models"][0]["fit"]["reckoned"] == 1000 + 4 * context


def test_measurements_that_cannot_be_read_are_a_warning(entrance: Entrance, server: ScriptedServer, gpu: Any) -> None:
    (gpu / "default.json").write_text("garbage")
    server.expect(ps(), on_disk("a"), shown("a"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A])
    assert "holds no measurements of the agent" in result["warnings"][0]
    assert (result["observed"], result["unobserved"]) == (True, None)
    assert fits(result)["a"][:2] == ("fits", "estimated")


def test_what_is_right_costs_no_look_at_the_gpu(entrance: Entrance, server: ScriptedServer, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge, "read_vram", lambda *_arguments: pytest.fail("the driver was asked"))
    host.runs("a")
    server.expect(ps("a"), tags("a"), show("a"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A])
    assert fits(result) == {"a": ("fits", "measured", 1000)}
    assert result["warnings"] == []


def test_of_a_server_that_nobody_saw_nothing_is_predicted(entrance: Entrance, nobody: str) -> None:
    result = entrance.succeed(check=True, url=nobody, models=[A])
    assert fits(result) == {"a": ("unknown", None, None)}
    assert len(result["warnings"]) == 1  # that nobody answers


def test_a_prediction_is_of_the_whole_set_where_only_one_is_asked_for(entrance: Entrance, server: ScriptedServer, gpu: Any) -> None:
    server.expect(ps(), on_disk("a", "b"), shown("a"), shown("b"), VERSION)
    result = entrance.succeed(check=True, url=server.url, models=[A, B], only=["b"])
    assert fits(result) == {"b": ("evicts", "estimated", 17_384)}
