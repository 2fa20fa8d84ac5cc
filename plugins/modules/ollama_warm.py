# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: make declared models resident, and prove it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_warm
short_description: Keep chosen models resident in an Ollama server, and prove it
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Makes the declared models resident in the memory of an Ollama server and verifies it from the server's own C(/api/ps).
  - A model is resident when it is listed, its runner process lives and its expiry is as declared.
  - An expiry that a client shortened is put back first; then models that are not in memory are loaded, one at a time, without
    generating a token. A runner that is right is never reloaded.
  - A model that is as declared costs no request of its own, so that a second run changes nothing and loads nothing.
  - Where the server is a systemd service of this host, dead runners are told from living ones by C(/proc), since C(/api/ps) goes on
    listing a runner that was killed. Elsewhere a load request that matches is the check.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.actiongroup_ollama
  - keepwarm.ollama.server
attributes:
  platform:
    platforms: posix
    support: full
    details:
      - Dead runners are told from living ones on Linux only, where the server's processes can be seen.
  check_mode:
    support: full
    details:
      - Asks the server and changes nothing. What cannot be known before a load, such as its size, is null.
      - If the server does not answer, the prediction assumes an empty server that has every declared model installed, and
        warns.
      - Says of every load whether the model will fit into memory (RV(models)), and warns where it will not. It never fails for
        that, as a run loads all the same, and verifies.
  diff_mode:
    support: full
options:
  models:
    description:
      - The models that are to be resident, in order of importance. When they do not fit together, those declared first stay.
      - None, be it V([]) or null, leaves nothing to load and nothing to prove.
    type: list
    elements: dict
    suboptions:
      name:
        description: The model's name as C(ollama list) shows it; without a tag C(latest) is meant.
        type: str
        required: true
      policy:
        description:
          - V(pin) is resident for ever, always.
          - V(warm) is loaded once after each start of the server with its own finite O(models[].keep_alive) and then left to it.
        type: str
        choices: [pin, warm]
        default: pin
      keep_alive:
        description:
          - How long a V(warm) model stays after its last request, in seconds or as a duration such as V(30m).
          - A pin has none, or one that means for ever (V(-1)).
        type: raw
      num_ctx:
        description:
          - The context to load it with, in tokens. The server caps it at what the model was trained for.
          - Without it the server's default holds, and whatever context the model has is right.
        type: int
      required:
        description: Whether the module fails when it is not resident. By default V(true) for pins and V(false) for others.
        type: bool
      min_gpu_percent:
        description:
          - The least share of it that must be in VRAM, else it counts as C(spilled).
          - Without it a model that is partly in VRAM is spilled, and one wholly on the CPU is taken for a host without a GPU.
        type: int
      slow_load_seconds:
        description: A load that takes longer than so many seconds is warned about, since whoever asked meanwhile waited for it.
        type: float
  unit:
    description:
      - The systemd unit that runs the server on this host; its processes tell living runners from dead ones.
      - Not used when O(url) is another host's. Empty where the server at O(url) is not a unit of this host, as in a container.
    type: str
    default: ollama.service
  undeclared_keep_alive:
    description:
      - The longest expiry of models that are not declared, for example V(10m). One that is longer, or for ever, is set to it.
      - Without it they are left alone.
    type: raw
  max_loaded_models:
    description:
      - The server's C(OLLAMA_MAX_LOADED_MODELS). More pins than this are refused.
    type: int
  context_mismatch:
    description:
      - What to do about a resident model whose context is not the declared one. V(reload) costs the time of a load. See also O(apply_changes).
    type: str
    choices: [report, reload]
    default: report
  apply_changes:
    description:
      - Whether a declaration that changed is put into effect once, whatever O(context_mismatch) says - another O(models[].num_ctx) by a
        reload, another O(models[].keep_alive) of a V(warm) model by setting its expiry.
      - What changed is told from the state of the agent O(instance), which remembers what it put into effect last. Where there is no agent
        yet, every declaration is new. Root alone and the agent may read that state.
    type: bool
    default: false
  strict:
    description: Whether a required model that is resident but degraded (see RV(models)) is a failure too.
    type: bool
    default: false
  load_warm:
    description:
      - Whether V(warm) models that are not in memory are loaded. The module does not remember whether they had their one load since
        the server started, and so leaves them alone by default; the host agent remembers.
    type: bool
    default: false
  only:
    description:
      - Act on these of the declared models only; RV(models) and failures are about these only, too. The others still count as
        neighbours that must not lose their place.
    type: list
    elements: str
  verify:
    description:
      - Whether to wait until every model is as declared, and to fail if a required one is not.
    type: bool
    default: true
  assume_restarted:
    description: In check mode, predict for a server whose memory is empty because something restarts it first.
    type: bool
    default: false
  assume_installed:
    description:
      - In check mode, predict for a server that has these models, too, because something puts them on its disk first. One of that name
        in memory counts as unloaded by that. Names that O(models) does not declare are ignored.
    type: list
    elements: str
    default: []
  assume_empty:
    description:
      - In check mode, predict for a server that has no models but those of O(assume_installed), because something installs it first.
        Nobody is asked.
    type: bool
    default: false
  instance:
    description:
      - The agent of this host whose state tells which declarations changed, for O(apply_changes), and in check mode, whose measurements
        tell how much memory the models take. Root alone and the agent may read them.
    type: str
    default: default
  server_environment:
    description:
      - In check mode, the environment that the server will have when it loads, where that is known, as from
        RV(keepwarm.ollama.ollama_unit_info#module:environment_predicted). It decides the default context, the parallel requests and the type
        of the cache, and with them how much memory a model takes. Null is a value that is not known.
      - Without it, that of the running process counts, which only root may read; else what its runners tell.
    type: dict
  load_timeout:
    description:
      - How many seconds one load may take. Giving up aborts it on the server, so this had better be long.
    type: float
    default: 900
  verify_timeout:
    description: How many seconds after the last act the server's list may take to show it.
    type: float
    default: 15
seealso:
  - module: keepwarm.ollama.ollama_info
  - module: keepwarm.ollama.ollama_memory_info
"""

EXAMPLES = r"""
- name: Keep two models in memory for ever
  keepwarm.ollama.ollama_warm:
    models:
      - name: qwen3:8b
      - name: nomic-embed-text
        num_ctx: 2048

- name: Load a third one for half an hour, and hurry strays out
  keepwarm.ollama.ollama_warm:
    models:
      - name: qwen3:8b
      - name: llama3:8b
        policy: warm
        keep_alive: 30m
    load_warm: true
    undeclared_keep_alive: 10m

- name: Ask whether a bigger set would fit, before anything is loaded
  keepwarm.ollama.ollama_warm:
    models:
      - name: qwen3:8b
      - name: llama3.3:70b
  check_mode: true
  register: proposed

- name: Show what was found
  ansible.builtin.debug:
    msg: "{{ proposed.models | map(attribute='fit') | map(attribute='text') }}"

# Where the server is a unit of the host; elsewhere only a load tells whether a runner lives, so that nothing is proven without one
- name: Prove it without changing anything
  keepwarm.ollama.ollama_warm:
    models:
      - name: qwen3:8b
  check_mode: true
  register: proof
  failed_when: proof is failed or not proof.warm
"""

RETURN = r"""
warm:
  description:
    - Whether every required model is resident. In check mode, whether it is now, before anything is done.
  type: bool
  returned: always
  sample: true
models:
  description:
    - One entry for each declared model, or for each of O(only), in declared order.
    - C(drift) is a list. C(not_installed), C(stale_digest) (the name has new weights, which are not loaded), C(not_loaded), C(dead_runner),
      C(hung_runner) (its process was stopped) and C(expiring) break residency; C(overstaying), C(context_mismatch), C(spilled) and C(stuck)
      degrade it; C(loading) and C(busy) are undecided; C(liveness_unknown) says that its process cannot be seen.
    - C(action) is one of C(none), C(set_expiry), C(probe), C(load), C(revive), C(reload) and C(wait).
    - C(before) and C(after) are how C(/api/ps) listed it, null if it did not; C(alive) is null where its process cannot be seen.
    - C(resident) is null where it cannot be known.
    - C(cause) is why it drifted, null if it did not. A dead runner (C(runner_died)), a hung one (C(runner_hung)) and new weights
      (C(repulled)) show by themselves, and with O(apply_changes) a declaration that changed (C(declaration_changed)); for the rest,
      which the host agent tells from its history, it is C(unknown).
    - In check mode each has a C(fit) as well. Its C(verdict) is C(fits), C(spills) (part of the model would be the processor's), C(evicts) (the
      models in C(evicts) would leave) or C(unknown). Its C(evidence) is C(measured), C(estimated), C(counted) (there are more models than
      the server holds at once) or null. C(size), C(size_vram), C(free) (VRAM before the load) and C(reckoned) (what the server counts
      with when it decides) are in bytes, null where they are not known. C(text) is all of that in a sentence. The second of the sample is
      from check mode.
  type: list
  elements: dict
  returned: always
  sample:
    - name: tiny-b
      model: tiny-b:latest
      policy: warm
      required: false
      resident: true
      drift: []
      cause: unknown
      cause_evidence: inferred
      action: load
      before: null
      after:
        name: tiny-b:latest
        digest: 43a5cd872559f8b2fc9d38e779942b3fd5c8aecb5a96b12f2c2bc1a29df187c4
        expires_at: '2026-11-21T10:50:54.646087Z'
        forever: false
        context_length: 4096
        size: 2406880
        size_vram: 2406880
        processor: 100% GPU
        alive: true
      load_seconds: 0.325
      failure: null
    - name: tiny-c
      model: tiny-c:latest
      policy: pin
      required: true
      resident: null
      drift: [not_loaded]
      cause: unknown
      cause_evidence: inferred
      action: load
      before: null
      after: null
      load_seconds: null
      failure: null
      fit:
        verdict: evicts
        evidence: measured
        size: 2406880
        size_vram: 2406880
        reckoned: 2407228
        free: 1477696
        evicts:
          - tiny-b:latest
        text: >-
          tiny-c:latest will not fit beside the other models: it takes 2.4 MB (measured); the server reckons 2.4 MB for it and fills no more
          than 80 % of the 1.5 MB of VRAM that are free: loading it will evict tiny-b:latest; a pass then gives tiny-b:latest back and sets
          tiny-c:latest aside
undeclared:
  description: The models that are not declared and whose expiry was set, with what was done.
  type: list
  elements: dict
  returned: always
  sample:
    - name: embed:latest
      action: set_expiry
      keep_alive: 10m
observed:
  description:
    - Whether the server itself told what it holds. Where it did not, the prediction assumes an empty one.
    - RV(unobserved) has the reason, null where it told, or where O(assume_empty) said not to ask.
  type: bool
  returned: in check mode
  sample: true
unobserved:
  description: Why the server did not tell what it holds, in one sentence without a full stop; null where there is no such reason.
  type: str
  returned: in check mode
  sample: "no Ollama server answers at http://127.0.0.1:11434: Connection refused"
url:
  description: The address that was asked.
  type: str
  returned: always
  sample: http://127.0.0.1:11434
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.module_utils._driver_program import driver_program
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.causes import evident_cause
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.declaration import changes
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.pace import Pace
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.progress import PassResult
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History, Plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.execute.warmer import Warmer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.predict import Fit, Knowledge
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.predict import predict as predict_fit
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import diff, results
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.prediction_report import fit_data, warnings
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import OllamaServer, ServerFailure, ServerTooOld, leading_numbers
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.declaration_record import read_applied, state_path
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.gpus import count_gpus
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.host_prediction import HostPrediction, Source, predict_on_host
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.knowledge import running_environment
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.measurement_record import record_path
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.observer import Observer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.own_host import names_this_host, own_unit
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import InstalledModel, Observation
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import Policy
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import PolicyError, parse_policy
from ansible_collections.keepwarm.ollama.plugins.module_utils._server_options import (
    fail,
    read_deadlines,
    server_argument_spec,
)

_POLICY_OPTIONS = ("undeclared_keep_alive", "max_loaded_models", "context_mismatch", "strict")


def argument_spec() -> dict[str, Any]:
    """The module's options."""
    model = {
        "name": {"type": "str", "required": True},
        "policy": {"type": "str", "choices": ["pin", "warm"], "default": "pin"},
        "keep_alive": {"type": "raw"},
        "num_ctx": {"type": "int"},
        "required": {"type": "bool"},
        "min_gpu_percent": {"type": "int"},
        "slow_load_seconds": {"type": "float"},
    }
    return {
        **server_argument_spec(),
        "models": {"type": "list", "elements": "dict", "options": model},
        "unit": {"type": "str", "default": "ollama.service"},
        "undeclared_keep_alive": {"type": "raw"},
        "max_loaded_models": {"type": "int"},
        "context_mismatch": {"type": "str", "choices": ["report", "reload"], "default": "report"},
        "apply_changes": {"type": "bool", "default": False},
        "strict": {"type": "bool", "default": False},
        "load_warm": {"type": "bool", "default": False},
        "only": {"type": "list", "elements": "str"},
        "verify": {"type": "bool", "default": True},
        "assume_restarted": {"type": "bool", "default": False},
        "assume_installed": {"type": "list", "elements": "str", "default": []},
        "assume_empty": {"type": "bool", "default": False},
        "instance": {"type": "str", "default": "default"},
        "server_environment": {"type": "dict"},
        "load_timeout": {"type": "float", "default": 900},
        "verify_timeout": {"type": "float", "default": 15},
    }


def read_policy(params: dict[str, Any]) -> Policy:
    """Raises C(PolicyError) naming every problem."""
    models = [{key: value for key, value in model.items() if value is not None} for model in params["models"] or ()]
    return parse_policy({"models": models, **{key: params[key] for key in _POLICY_OPTIONS}})


def read_names(names: list[str]) -> frozenset[ModelName]:
    """Raises C(ValueError) for what is no name."""
    return frozenset(ModelName.parse(name) for name in names)


def read_scope(policy: Policy, only: list[str] | None) -> frozenset[ModelName] | None:
    """The models to act on; None for all. Raises C(ValueError) for a name that is not declared."""
    if only is None:
        return None
    names = read_names(only)
    undeclared = [name for name in only if policy.find(ModelName.parse(name)) is None]
    if undeclared:
        raise ValueError(f"only names {undeclared[0]!r}, which is not one of models: declare it there")
    return names


def memory(policy: Policy, load_warm: bool, redeclared: Mapping[ModelName, frozenset[str]] | None = None) -> History:
    """Without a history, every warm model counts as having had its load, unless told otherwise."""
    warmed = () if load_warm else (model.name for model in policy.models if not model.is_pin)
    return History(warmed=frozenset(warmed), redeclared=redeclared or {})


def read_changes(module: AnsibleModule, policy: Policy) -> dict[ModelName, frozenset[str]]:
    """What of the declarations is still to be put into effect; nothing where that cannot be told."""
    if not module.params["apply_changes"]:
        return {}
    try:
        applied = read_applied(state_path(module.params["instance"]))
    except InvalidValue as error:
        module.warn(str(error))
        return {}
    return {} if applied is None else changes(policy, applied)


def assumed_server(policy: Policy, look: Observation | None) -> Observation:
    """An empty server: as it is after a restart, or where none answers, with every declared model installed."""
    if look is not None:
        return replace(look, resident=(), runners=None)
    installed = tuple(InstalledModel(model.name, digest="") for model in policy.models)
    return Observation(now=datetime.now(timezone.utc), installed=installed)


def assumed_disk(look: Observation, fresh: frozenset[ModelName]) -> Observation:
    """The server once these models are on its disk, whose earlier weights are out of memory by then."""
    kept = tuple(model for model in look.installed if model.name not in fresh)
    pulled = tuple(InstalledModel(name, digest="") for name in sorted(fresh, key=str))
    resident = tuple(model for model in look.resident if model.name not in fresh)
    return replace(look, installed=kept + pulled, resident=resident)


def predict(
    module: AnsibleModule,
    policy: Policy,
    history: History,
    scope: frozenset[ModelName] | None,
    server: OllamaServer,
) -> dict[str, Any]:
    """What a run would do."""
    foreseen, seen, unobserved = foreseen_server(module, policy, server)
    look = assumed_disk(foreseen, read_names(module.params["assume_installed"]))
    plan = make_plan(policy, look, history)
    forecast = foretell(module, policy, plan, look, seen)
    for problem in forecast.problems:
        module.warn(problem)
    told = {"observed": seen is not None, "unobserved": unobserved}
    return {**told, **prediction(plan.within(scope), look, policy.strict, {fit.name: fit for fit in forecast.fits})}


def foretell(module: AnsibleModule, policy: Policy, plan: Plan, look: Observation, seen: Observation | None) -> HostPrediction:
    """What the loads will come to in memory; nothing is known of a server that nobody saw."""
    if seen is None:
        return HostPrediction(predict_fit(plan, look, Knowledge()))
    url, unit = module.params["url"], module.params["unit"]
    given = module.params["server_environment"]
    environment = running_environment(unit, url) if given is None else read_environment(given)
    source = Source(url, record_path(module.params["instance"]), environment, driver_program(module))
    return predict_on_host(policy, plan, look, source, seen)


def read_environment(given: Mapping[str, Any]) -> Mapping[str, str | None]:
    """YAML has numbers and booleans, an environment has texts; null is what is not known."""
    texts = {key: str(int(value) if isinstance(value, bool) else value) for key, value in given.items() if value is not None}
    return {**dict.fromkeys(given), **texts}


def foreseen_server(
    module: AnsibleModule, policy: Policy, server: OllamaServer
) -> tuple[Observation, Observation | None, str | None]:
    """The server as a run would find it, but for what is put on its disk before; as it is now, where it tells; else why it does not."""
    if module.params["assume_empty"]:
        return Observation(now=datetime.now(timezone.utc)), None, None
    look, problem = observe(module, policy, server)
    if look is None:
        module.warn(f"{problem}; predicting for an empty server that has every declared model installed")
    seen = look
    if look is None or module.params["assume_restarted"]:
        look = assumed_server(policy, look)
    return look, seen, problem


def observe(
    module: AnsibleModule, policy: Policy, server: OllamaServer
) -> tuple[Observation | None, str | None]:
    """One look, or the sentence why there is none. A server that is too old is no prediction but a failure."""
    try:
        look = Observer(server, policy, own_unit(server.url, module.params["unit"]), run=module.run_command).look()
        look = replace(look, release=leading_numbers(server.require_version()))
    except ServerTooOld as failure:
        fail(module, str(failure), url=server.url)
    except ServerFailure as failure:
        return None, str(failure)
    return look, None


def prediction(plan: Plan, look: Observation, strict: bool, fits: Mapping[str, Fit]) -> dict[str, Any]:
    """The module's result in check mode."""
    own = [fits[str(verdict.model.name)] for verdict in plan.verdicts]
    required = [verdict for verdict in plan.verdicts if verdict.model.required]
    return {
        "changed": plan.would_change,
        "warm": all(results.is_warm(verdict, strict) for verdict in required),
        "models": [
            {**results.predicted_data(verdict, look.now, evident_cause(verdict)), "fit": fit_data(fit)}
            for verdict, fit in zip(plan.verdicts, own)
        ],
        "undeclared": [results.stray_data(stray) for stray in plan.strays],
        "diff": diff.predicted(plan, look.now),
        "failures": [problem for verdict in required for problem in results.obstacles(verdict)],
        "warnings": warnings(own),
    }


def carry_out(warmer: Warmer, strict: bool) -> dict[str, Any]:
    """The module's result of a run. Raises C(ServerFailure)."""
    done: PassResult = warmer.run()
    reasons = results.failures(done, strict)
    return {
        "changed": any(progress.changed for progress in done.models) or bool(done.strays),
        "warm": not reasons,
        "models": [results.model_data(progress, done.look.now) for progress in done.models],
        "undeclared": [results.stray_data(stray) for stray in done.strays],
        "diff": diff.carried_out(done, done.look.now),
        "failures": reasons,
        "warnings": [*results.warnings(done, strict), *results.slow_loads(done)],
    }


def finish(module: AnsibleModule, result: dict[str, Any]) -> None:
    """Exit, or fail naming every required model that is not resident and why."""
    for warning in result.pop("warnings", []):
        module.warn(warning)
    reasons = result.pop("failures")
    if reasons and module.params["verify"]:
        fail(module, f"not warm: {'; '.join(reasons)}", **result)
    module.exit_json(**result)


def limit_warnings(module: AnsibleModule, policy: Policy) -> tuple[str, ...]:
    """Of the limit that was told; else of the one that the process has, or will have, if that can be read."""
    url, unit, given = (module.params[key] for key in ("url", "unit", "server_environment"))
    if not names_this_host(url):
        return ()
    environment = running_environment(unit, url) if given is None else read_environment(given)
    return policy.with_limit_of(environment).warnings(count_gpus())


def main() -> None:
    """Read, then predict or carry out."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    deadlines = read_deadlines(module)
    try:
        policy = read_policy(module.params)
        scope = read_scope(policy, module.params["only"])
        read_names(module.params["assume_installed"])
    except (PolicyError, ValueError) as error:
        fail(module, str(error))
    server = OllamaServer(module.params["url"], deadlines)
    for warning in limit_warnings(module, policy):
        module.warn(warning)
    history = memory(policy, module.params["load_warm"], read_changes(module, policy))
    if module.check_mode:
        finish(module, {"url": module.params["url"], **predict(module, policy, history, scope, server)})
        return
    pace = Pace(
        verify=module.params["verify_timeout"] if module.params["verify"] else 0, loading=module.params["load_timeout"]
    )
    warmer = Warmer(Observer(server, policy, own_unit(server.url, module.params["unit"]), run=module.run_command), policy, history, scope, pace)
    try:
        result = carry_out(warmer, policy.strict)
    except ServerFailure as failure:
        fail(module, str(failure), url=server.url)
    finish(module, {"url": server.url, **result})


if __name__ == "__main__":
    main()
