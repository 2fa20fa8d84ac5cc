# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding and carrying out, over a store in memory."""

from __future__ import annotations

import hashlib
import pathlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.wanted_models import Upstream, read_wanted
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.execute.model_installer import ModelInstaller, Outcome
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import model_results
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import ModelNotFound, ServerFailure, ServerRefused, ServerUnreachable
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.failures import ServerBrokeOff, ServerGarbled
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.made_record import MadeRecord
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.registry import NotInRegistry, Registry, RegistryUnknown
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.store import ModelStore, TransferBroken, TransferRefused
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.transfer import Progress
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import Expiry
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import InstalledModel, ModelCard, ResidentModel
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_model
from support import values
from support.fake_server import FakeClock
from support.values import NOW

CUT = TransferBroken("it broke off")


@dataclass
class FakeStore(ModelStore):
    """`models`: digest and blob by name. `failing`: what the next transfers raise. `asked`: everything that acts."""

    models: dict[str, tuple[str, str]] = field(default_factory=dict)
    upstream: dict[str, str] = field(default_factory=dict)
    failing: list[ServerFailure] = field(default_factory=list)
    loaded: tuple[str, ...] = ()
    blobs: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    forgetful: bool = False

    def installed(self) -> tuple[InstalledModel, ...]:
        return tuple(InstalledModel(ModelName.parse(name), found, 7) for name, (found, _blob) in self.models.items())

    def resident(self) -> Any:
        return tuple(ResidentModel(ModelName.parse(name), values.digest(name), Expiry(NOW + timedelta(days=1)), 1, 1, 1) for name in self.loaded), NOW

    def card(self, name: ModelName) -> ModelCard:
        if str(name) not in self.models:
            raise ModelNotFound("no", 404, "no")
        return ModelCard(self.models[str(name)][1])

    def modelfile(self, _name: ModelName) -> str:
        return "FROM /blobs/x\nPARAMETER num_ctx 1024\n"

    def pull(self, name: ModelName, insecure: bool, report: Any) -> None:
        self.asked.append(f"pull {name}{' insecurely' if insecure else ''}")
        report(Progress("pulling manifest"))
        self._arrive(name, self.upstream.get(str(name), values.digest(f"new {name}")))

    def create(self, name: ModelName, request: Any, _report: Any) -> None:
        self.asked.append(f"create {name} {request}")
        self._arrive(name, values.digest(f"{name} {request}"))

    def _arrive(self, name: ModelName, found: str) -> None:
        if self.failing:
            raise self.failing.pop(0)
        if not self.forgetful:
            self.models[str(name)] = (found, found)

    def has_blob(self, digest: str) -> bool:
        return digest in self.blobs

    def put_blob(self, digest: str, _file: Any, size: int, _report: Any) -> None:
        self.asked.append(f"put {size} bytes")
        self.blobs.add(digest)

    def copy(self, source: ModelName, destination: ModelName) -> None:
        self.asked.append(f"copy {source} {destination}")
        self.models[str(destination)] = self.models[str(source)]

    def unload(self, name: ModelName) -> None:
        self.asked.append(f"unload {name}")

    def delete(self, name: ModelName) -> None:
        self.asked.append(f"delete {name}")
        self.models.pop(str(name), None)


@dataclass
class FakeRegistry(Registry):
    """Holds what it is told to; `unknown`: cannot be asked."""

    held: dict[str, str] = field(default_factory=dict)
    unknown: bool = False

    def find(self, name: ModelName, _insecure: bool) -> Upstream:
        if self.unknown:
            raise RegistryUnknown("it could not be asked")
        if str(name) not in self.held:
            raise NotInRegistry("there is no such model or tag")
        return Upstream(self.held[str(name)], 9)


def keeper(store: FakeStore, registry: FakeRegistry | None = None, retries: int = 2) -> ModelInstaller:
    return ModelInstaller(store, registry or FakeRegistry(), lambda _model, _progress: None, retries, clock=FakeClock())


def run(keeping: ModelInstaller, **entry: Any) -> Outcome:
    wanted = read_wanted([entry])[0]
    return keeping.carry_out(keeping.decide(wanted, keeping.store.installed(), predicts=False))


def test_what_is_there_costs_nothing() -> None:
    store = FakeStore(models={"a:latest": (values.digest("a"), "w")})
    outcome = run(keeper(store), name="a")
    assert (outcome.changed, outcome.decision.action, store.asked) == (False, "none", [])


def test_another_tag_is_another_model() -> None:
    store = FakeStore(models={"llama3.2:1b": (values.digest("a"), "w")})
    outcome = run(keeper(store), name="llama3.2", insecure=True)
    assert (outcome.changed, store.asked) == (True, ["pull llama3.2:latest insecurely"])
    assert outcome.before is None
    assert outcome.after == values.digest("new llama3.2:latest")


@pytest.mark.parametrize(
    ("held", "unknown", "action", "changed"),
    [("old", False, "none", False), ("new", False, "pull", True), ("old", True, "pull", False)],
)
def test_latest_goes_by_the_digest_of_the_registrys_manifest(held: str, unknown: bool, action: str, changed: bool) -> None:
    store = FakeStore(models={"a:latest": ("old", "w")}, upstream={"a:latest": held})
    outcome = run(keeper(store, FakeRegistry({"a:latest": held}, unknown)), name="a", state="latest")
    assert (outcome.decision.action, outcome.changed) == (action, changed)


def test_a_failure_that_may_pass_is_taken_up_again() -> None:
    store = FakeStore(failing=[CUT, ServerUnreachable("restarting")])
    outcome = run(keeper(store), name="a")
    assert (outcome.failure, outcome.attempts, outcome.seconds) == (None, 3, 3.0)


def test_it_is_taken_up_only_so_often() -> None:
    outcome = run(keeper(FakeStore(failing=[CUT] * 9)), name="a")
    assert (outcome.failure, outcome.attempts) == ("pull of a failed: it broke off", 3)


@pytest.mark.parametrize(
    "hopeless",
    [
        TransferRefused("x", "pull model manifest: file does not exist"),
        TransferRefused("x", "write /models/blobs/sha256-1-partial: no space left on device"),
        ServerRefused("x", 400, "invalid model name"),
        ServerRefused("x", 500, "pull model manifest: file does not exist"),
        TransferRefused("x", 'pull model manifest: realm host "auth.example" does not match original host "registry.example"'),
        TransferRefused("x", "http: no Location header in response"),
        TransferRefused("x", "max retries exceeded: unexpected EOF"),
        TransferRefused("x", 'pull model manifest: Get "https://plain:5000/v2/library/a": http: server gave HTTP response to HTTPS client'),
        TransferRefused("x", "pull model manifest: insecure protocol http"),
        TransferRefused("x", "pull model manifest: Get \"https://a/v2\": tls: failed to verify certificate: x509: certificate signed by unknown authority"),
        TransferRefused("x", "pull model manifest: 401: unauthorized"),
        TransferRefused("x", "unexpected status code 404"),
        ServerGarbled("the server sent a line that cannot be read"),
    ],
)
def test_a_failure_that_will_not_pass_is_not(hopeless: ServerFailure) -> None:
    assert run(keeper(FakeStore(failing=[hopeless])), name="a").attempts == 1


@pytest.mark.parametrize(
    "passing",
    [
        TransferRefused("x", 'pull model manifest: Get "https://r/v2/": dial tcp 192.0.2.1:443: connect: connection refused'),
        TransferRefused("x", 'pull model manifest: Get "https://r/v2/": net/http: TLS handshake timeout'),
        TransferRefused("x", 'pull model manifest: Get "https://r/v2/": EOF'),
        TransferRefused("x", "pull model manifest: 503: try later"),
        TransferRefused("x", "max retries exceeded: unexpected status code 502"),
        TransferRefused("x", "read tcp 192.0.2.7:40112->192.0.2.1:443: read: connection reset by peer"),
        ServerRefused("x", 503, "server busy, please try again.  maximum pending requests exceeded"),
        ServerBrokeOff("the server broke its answer off"),
    ],
)
def test_what_networks_and_busy_servers_say_is_tried_again(passing: ServerFailure) -> None:
    outcome = run(keeper(FakeStore(failing=[passing])), name="a")
    assert (outcome.failure, outcome.attempts) == (None, 2)


def test_what_came_wrongly_is_fetched_once_more() -> None:
    wrong = TransferRefused("x", "digest mismatch, file must be downloaded again: want sha256:1, got sha256:2")
    assert run(keeper(FakeStore(failing=[wrong])), name="a").failure is None
    assert run(keeper(FakeStore(failing=[wrong] * 9), retries=5), name="a").attempts == 2


def test_a_file_that_makes_no_model_is_not_tried_again(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "cut.gguf"
    file.write_bytes(b"GGUF")
    store = FakeStore(failing=[TransferRefused("x", "unexpected EOF")])
    assert run(keeper(store), name="a", gguf=str(file)).attempts == 1


def test_a_success_that_leads_to_no_model_is_a_failure() -> None:
    outcome = run(keeper(FakeStore(forgetful=True)), name="a")
    assert outcome.failure == "pull of a failed: the server says that it is done, but does not list it"


def test_what_is_deleted_is_unloaded_first() -> None:
    store = FakeStore(models={"a:latest": ("1", "w")}, loaded=("a:latest",))
    assert run(keeper(store), name="a", state="absent").changed
    assert store.asked == ["unload a:latest", "delete a:latest"]


def test_a_runner_that_serves_another_name_too_is_left() -> None:
    store = FakeStore(models={"a:latest": ("1", "w"), "b:latest": ("2", "w")}, loaded=("a:latest",))
    run(keeper(store), name="a", state="absent")
    assert store.asked == ["delete a:latest"]


@pytest.mark.parametrize(("weights", "unloads"), [("w", True), ("new", False)])
def test_what_is_replaced_in_memory_goes_by_a_second_name(weights: str, unloads: bool) -> None:
    store = FakeStore(models={"a:latest": ("old", weights)}, upstream={"a:latest": "new"}, loaded=("a:latest",))
    keeping = keeper(store, FakeRegistry({"a:latest": "new"}))
    keeping.unload_replaced = True
    assert run(keeping, name="a", state="latest").changed
    handle = "keepwarm-replaced/a:old"
    unload = [f"unload {handle}"] if unloads else []
    assert store.asked == [f"copy a:latest {handle}", "pull a:latest", *unload, f"delete {handle}"]


def test_the_second_name_goes_when_the_pull_fails() -> None:
    store = FakeStore(models={"a:latest": ("old", "w")}, loaded=("a:latest",), failing=[TransferRefused("x", "file does not exist")])
    keeping = keeper(store, FakeRegistry({"a:latest": "new"}))
    keeping.unload_replaced = True
    assert run(keeping, name="a", state="latest").failure
    assert list(store.models) == ["a:latest"]


@pytest.mark.parametrize(("loaded", "unload"), [((), True), (("a:latest",), False)])
def test_no_second_name_without_need(loaded: tuple[str, ...], unload: bool) -> None:
    store = FakeStore(models={"a:latest": ("old", "w")}, upstream={"a:latest": "new"}, loaded=loaded)
    keeping = keeper(store, FakeRegistry({"a:latest": "new"}))
    keeping.unload_replaced = unload
    assert run(keeping, name="a", state="latest").changed
    assert store.asked == ["pull a:latest"]


def test_what_is_absent_already_costs_nothing() -> None:
    store = FakeStore()
    assert not run(keeper(store), name="a", state="absent").changed
    assert store.asked == []


@pytest.fixture
def gguf(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF and so on")
    return str(path)


def test_a_file_is_uploaded_once(gguf: str) -> None:
    store = FakeStore()
    content = hashlib.sha256(b"GGUF and so on").hexdigest()
    assert run(keeper(store), name="a", gguf=gguf).changed
    assert run(keeper(store), name="b", gguf=gguf).changed
    files = {"files": {"x.gguf": f"sha256:{content}"}}
    assert store.asked == ["put 14 bytes", f"create a:latest {files}", f"create b:latest {files}"]


@pytest.mark.parametrize(("blob", "parameter", "action"), [("same", "1024", "none"), ("other", "1024", "create"), ("same", "512", "create")])
def test_latest_of_a_recipe_goes_by_weights_and_words(gguf: str, blob: str, parameter: str, action: str) -> None:
    content = hashlib.sha256(b"GGUF and so on").hexdigest()
    store = FakeStore(models={"a:latest": ("1", content if blob == "same" else blob)})
    modelfile = f"FROM {gguf}\nPARAMETER num_ctx {parameter}"
    assert run(keeper(store), name="a", modelfile=modelfile, state="latest").decision.action == action


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read on the host: No such file"), (b"nope", "is no GGUF file: it begins with b'nope'")])
def test_a_file_that_is_none(tmp_path: pathlib.Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "x.gguf"
    if content:
        path.write_bytes(content)
    store = FakeStore()
    outcome = run(keeper(store), name="a", gguf=str(path))
    assert words in str(outcome.failure)
    assert store.asked == []


def test_the_prediction_is_what_then_happens() -> None:
    store = FakeStore(models={"a:latest": ("old", "w"), "c:latest": ("3", "w")}, upstream={"a:latest": "new", "b:latest": "2"})
    keeping = keeper(store, FakeRegistry({"a:latest": "new", "b:latest": "2"}))
    wanted = read_wanted([{"name": "a", "state": "latest"}, {"name": "b"}, {"name": "c", "state": "absent"}])
    predicted = [keeping.decide(model, store.installed(), predicts=True) for model in wanted]
    outcomes = [keeping.carry_out(keeping.decide(model, store.installed(), predicts=False)) for model in wanted]
    diff = model_results.predicted_diff(predicted, [])
    assert diff == model_results.carried_out_diff(outcomes, [])
    assert diff == {"before": "a:latest: old\nc:latest: 3\n", "after": "a:latest: new\nb:latest: 2\n"}
    for key in ("name", "action", "before", "after"):
        assert [model_results.predicted_data(each)[key] for each in predicted] == [model_results.outcome_data(each)[key] for each in outcomes]


def test_a_name_that_the_registry_does_not_have_is_predicted_as_a_failure() -> None:
    keeping = keeper(FakeStore())
    decision = keeping.decide(read_wanted([{"name": "nope"}])[0], [], predicts=True)
    assert model_results.predicted_data(decision)["failure"] == "there is no such model or tag"
    assert model_results.predicted_data(decision)["after"] is None
    assert ollama_model.prediction([decision], ())["changed"] is False
    assert model_results.predicted_diff([decision], []) == {"before": "", "after": ""}


@dataclass
class RewritingStore(FakeStore):
    """As Ollama since 0.30: the weights of a made model have another digest than the file."""

    def card(self, name: ModelName) -> ModelCard:
        super().card(name)
        return ModelCard("f" * 64)


def test_what_was_made_of_a_file_is_known_though_the_server_wrote_it_anew(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"GGUF one")
    store = RewritingStore()

    def again(url: str = "http://127.0.0.1:11434", **recipe: Any) -> Outcome:
        keeping = ModelInstaller(store, FakeRegistry(), lambda *_told: None, clock=FakeClock(), made=MadeRecord(url, str(tmp_path / "var/made.json")))
        return run(keeping, name="a", state="latest", **recipe)

    assert again(gguf=str(file)).changed
    assert again(gguf=str(file)).decision.action == "none"
    assert again("http://127.0.0.1:11500", gguf=str(file)).decision.action == "create"  # another server's models are others
    assert again(modelfile=f"FROM {file}\nPARAMETER num_ctx 2048\n").changed
    assert again(modelfile=f"FROM {file}\nPARAMETER num_ctx 2048\n").decision.action == "none"
    file.write_bytes(b"GGUF two")
    assert again(modelfile=f"FROM {file}\nPARAMETER num_ctx 2048\n").decision.action == "create"
    assert again(modelfile=f"FROM {file}\nPARAMETER num_ctx 2048\n").decision.action == "none"
    store.models["a:latest"] = (values.digest("by hand"), "w")
    assert again(modelfile=f"FROM {file}\nPARAMETER num_ctx 2048\n").decision.action == "create"
    store.models.clear()
    assert again(gguf=str(file)).decision.action == "create"


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 9}', '{"schema": 1, "servers": []}', '{"schema": 1, "servers": {"u": [1]}}', "\0"])
def test_a_record_that_cannot_be_read_is_an_empty_one_and_is_written_anew(tmp_path: pathlib.Path, content: str) -> None:
    path = tmp_path / "made.json"
    path.write_text(content)
    name = ModelName.parse("a")
    record = MadeRecord("u", str(path))
    assert not record.knows(name, "x", "y")
    record.note(name, "x", "y", [name])
    assert record.knows(name, "x", "y")
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_record_that_cannot_be_written_is_said_and_the_model_made_all_the_same(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"GGUF one")
    keeping = ModelInstaller(FakeStore(), FakeRegistry(), lambda *_told: None, made=MadeRecord("u", "/dev/null/made.json"))
    assert run(keeping, name="a", gguf=str(file)).failure is None
    assert [warning for warning in keeping.warnings if "a is made anew at the next run" in warning]
