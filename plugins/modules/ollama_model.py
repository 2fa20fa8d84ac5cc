# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: which models are on the disk of a server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_model
short_description: Pull, create and delete the models of an Ollama server
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Sees to it that models are installed, up to date or absent, by their exact names; C(llama3.2) is C(llama3.2:latest), and not C(llama3.2:1b).
  - A pull shows how far it is while the play runs. One that fails is taken up again, and goes on where it was; what an earlier run
    fetched is not fetched again.
  - A pull counts as done when the server has said C(success) and lists the model. An error within the stream fails.
  - Models are made from a Modelfile or a GGUF file of the host without any registry.
  - A model that fails does not hold up the others.
  - Nothing is loaded; M(keepwarm.ollama.ollama_warm) does that.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.actiongroup_ollama
  - keepwarm.ollama.server
attributes:
  platform:
    platforms: posix
    support: full
  check_mode:
    support: full
    details:
      - The registry is asked for the manifest of what would be pulled, so that a wrong name fails and the digest is known beforehand.
      - The host asks it itself, with its own proxy settings. Where that fails the prediction is a pull, with a warning.
      - If the server does not answer, nothing can be predicted, and it warns. With O(expected.empty) it
        predicts for a server without models.
  diff_mode:
    support: full
requirements:
  - requests (C(python3-requests)) on the host, to ask a registry
options:
  models:
    description:
      - The models, and what is to become of each.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The model's name as C(ollama list) shows it; without a tag C(latest) is meant.
        type: str
        required: true
      state:
        description:
          - V(present) wants a model of that name, whatever it holds. One that is there costs nothing.
          - V(latest) wants what the registry, the file or the Modelfile holds now. The registry is asked for its manifest, whose
            digest is the model's. A file is read as a whole, to know its digest.
          - V(absent) deletes it, after it was unloaded as C(ollama rm) does.
        type: str
        choices: [present, latest, absent]
        default: present
      insecure:
        description: Whether its registry is spoken to without TLS.
        type: bool
        default: false
      gguf:
        description: The absolute path, on the host, of a GGUF file that the model is made of.
        type: path
      modelfile:
        description:
          - The text of a Modelfile that the model is made by. Its C(FROM) is another model, or the absolute path of a GGUF file on the host.
          - C(ADAPTER) is not supported.
        type: str
  prune:
    description:
      - V(unlisted) deletes every installed model that O(models) does not name, after all else and only if nothing failed.
      - Check mode returns them, and diff mode shows them.
    type: str
    choices: [none, unlisted]
    default: none
  prune_except:
    description:
      - Names of further models that O(prune) leaves alone, whether they are installed or not.
    type: list
    elements: str
    default: []
  replaced:
    description:
      - What becomes of a model in memory whose weights have just been replaced under its name.
      - V(keep) lets the old ones serve until they leave; the server starts a second runner for the next request under the name.
      - V(unload) unloads them, so that the next load takes the new ones. While it pulls, the old ones have a second name in the namespace
        C(keepwarm-replaced).
    type: str
    choices: [keep, unload]
    default: keep
  stall_timeout:
    description:
      - How many seconds may pass in which nothing moves before a transfer is given up, and taken up again. There is no deadline for the
        whole of it.
      - The server says nothing while it verifies what it has fetched, so that this must be longer than it takes to read the largest
        model from its disk.
    type: float
    default: 600
  retries:
    description: How often a transfer that failed is taken up again, after a pause that grows up to half a minute.
    type: int
    default: 5
  background_timeout:
    description:
      - How many seconds the whole task may take while it shows its progress.
    type: int
    default: 86400
  progress_interval:
    description:
      - How many seconds pass between two looks at how far a transfer is. V(0) shows no progress; the task then waits on one connection.
    type: float
    default: 5
  progress_file:
    description:
      - A file of the host that is kept up to date with how far it is. The task sets it itself to show its progress.
    type: path
  expected:
    description:
      - In check mode, what will be so by the time that models are pulled, because something else in the play brings it about first.
    type: dict
    suboptions:
      empty:
        description: The server is installed first, and has no models. Nobody is asked.
        type: bool
        default: false
seealso:
  - module: keepwarm.ollama.ollama_warm
  - module: keepwarm.ollama.ollama_info
"""

EXAMPLES = r"""
- name: Have two models on the disk
  keepwarm.ollama.ollama_model:
    models:
      - name: qwen3:8b
      - name: nomic-embed-text
        state: latest

- name: Make one without a registry
  keepwarm.ollama.ollama_model:
    models:
      - name: house-style
        modelfile: |
          FROM /srv/models/qwen3-8b.gguf
          PARAMETER num_ctx 8192
          SYSTEM Answer in one sentence.

- name: Keep these and delete all others
  keepwarm.ollama.ollama_model:
    models:
      - name: qwen3:8b
      - name: registry.example.org:5000/library/house-style:v2
        insecure: true
    prune: unlisted
"""

RETURN = r"""
models:
  description:
    - One entry for each of O(models), in their order.
    - C(action) is one of C(none), C(pull), C(create) and C(delete). C(before) and C(after) are digests, null for no such model and, in
      check mode, where it is not known beforehand. C(size) is in bytes, C(seconds) how long it took.
  type: list
  elements: dict
  returned: always
  sample:
    - name: 127.0.0.1:35193/library/shelved:v1
      model: 127.0.0.1:35193/library/shelved:v1
      state: present
      action: pull
      before:
      after: 96f75b855d7365d87937eb06130591a108ab1673cdd4142703858f616fb8d8d4
      size: 310076
      attempts: 1
      seconds: 0.292
      failure:
removed:
  description: The models that were deleted, or would be, because O(models) does not name them.
  type: list
  elements: dict
  returned: always
  sample:
    - name: tiny-c:latest
      digest: beb00aae26fb4d640213820d390dbafee83c65db694955a2c4302661599160d3
      size: 310076
url:
  description: The address that was asked.
  type: str
  returned: always
  sample: http://127.0.0.1:11434
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._progress_file import ProgressFile
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide import wanted_models
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.model_actions import decide_from_nothing
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.wanted_models import Decision, WantedModel
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.execute.model_installer import ModelInstaller
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import model_results
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import ServerFailure
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.made_record import MadeRecord
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.model_facts import SourceFiles
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.registry import Registry
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.store import ModelStore
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import InstalledModel
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import PolicyError
from ansible_collections.keepwarm.ollama.plugins.module_utils._server_options import (
    fail,
    read_deadlines,
    server_argument_spec,
)


def argument_spec() -> dict[str, Any]:
    """The module's options."""
    model = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "latest", "absent"], "default": "present"},
        "insecure": {"type": "bool", "default": False},
        "gguf": {"type": "path"},
        "modelfile": {"type": "str"},
    }
    return {
        **server_argument_spec(),
        "models": {"type": "list", "elements": "dict", "required": True, "options": model},
        "prune": {"type": "str", "choices": ["none", "unlisted"], "default": "none"},
        "prune_except": {"type": "list", "elements": "str", "default": []},
        "replaced": {"type": "str", "choices": ["keep", "unload"], "default": "keep"},
        "stall_timeout": {"type": "float", "default": 600},
        "retries": {"type": "int", "default": 5},
        "background_timeout": {"type": "int", "default": 86400},
        "progress_interval": {"type": "float", "default": 5},
        "progress_file": {"type": "path"},
        "expected": {"type": "dict", "options": {"empty": {"type": "bool", "default": False}}, "apply_defaults": True},
    }


def doomed(
    module: AnsibleModule, wanted: tuple[WantedModel, ...], installed: tuple[InstalledModel, ...]
) -> tuple[InstalledModel, ...]:
    """The installed models that are to be deleted because nobody lists them."""
    if module.params["prune"] != wanted_models.PRUNE_UNLISTED:
        return ()
    return wanted_models.unlisted(installed, wanted, module.params["prune_except"])


def predict(module: AnsibleModule, keeper: ModelInstaller, wanted: tuple[WantedModel, ...]) -> dict[str, Any]:
    """What a run would do. Raises C(ServerFailure)."""
    installed = keeper.store.installed()
    decisions = [keeper.decide(model, installed, predicts=True) for model in wanted]
    for decision in decisions:
        if decision.doubt:
            module.warn(f"{decision.wanted.declared}: {decision.doubt}; a run has the server pull it, which may reach it all the same")
    refused = any(decision.refusal for decision in decisions)
    return prediction(decisions, () if refused else doomed(module, wanted, installed))


def prediction(decisions: list[Decision], removed: tuple[InstalledModel, ...]) -> dict[str, Any]:
    """The module's result in check mode. What cannot be done changes nothing."""
    return {
        "changed": any(decision.action != wanted_models.NO_ACTION and not decision.refusal for decision in decisions) or bool(removed),
        "models": [model_results.predicted_data(decision) for decision in decisions],
        "removed": model_results.removed_data(removed),
        "diff": model_results.predicted_diff(decisions, removed),
        "failures": [f"{each.wanted.declared}: {each.refusal}" for each in decisions if each.refusal],
    }


def carry_out(module: AnsibleModule, keeper: ModelInstaller, wanted: tuple[WantedModel, ...]) -> dict[str, Any]:
    """The module's result of a run. Raises C(ServerFailure)."""
    installed = keeper.store.installed()
    outcomes = [keeper.carry_out(keeper.decide(model, installed, predicts=False)) for model in wanted]
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    removed = () if failures else doomed(module, wanted, installed)
    for model in removed:
        keeper.delete(model.name)
    return {
        "changed": any(outcome.changed for outcome in outcomes) or bool(removed),
        "models": [model_results.outcome_data(outcome) for outcome in outcomes],
        "removed": model_results.removed_data(removed),
        "diff": model_results.carried_out_diff(outcomes, removed),
        "failures": failures,
    }


def finish(module: AnsibleModule, result: dict[str, Any]) -> None:
    """Exit, or fail naming every model that is not as wanted and why."""
    failures = result.pop("failures")
    if failures:
        fail(module, "; ".join(failures), **result)
    module.exit_json(**result)


def give_up_predicting(module: AnsibleModule, reason: str) -> None:
    """In check mode of a host on which nothing can be asked yet."""
    module.warn(f"{reason}; what would be pulled cannot be predicted")
    module.exit_json(changed=False, url=module.params["url"], models=[], removed=[])


def main() -> None:
    """Read, then predict or carry out."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    deadlines = read_deadlines(module)
    if module.params["retries"] < 0:
        fail(module, f"retries {module.params['retries']} is below 0: give a number of attempts after the first")
    try:
        wanted = wanted_models.read_wanted(module.params["models"], module.params["prune"], module.params["prune_except"])
    except PolicyError as error:
        fail(module, str(error))
    if module.check_mode and module.params["expected"]["empty"]:
        finish(module, {"url": module.params["url"], **prediction([decide_from_nothing(model, SourceFiles()) for model in wanted], ())})
    store = ModelStore(module.params["url"], deadlines, module.params["stall_timeout"])
    registry = Registry(deadlines.connect, deadlines.answer)
    with ProgressFile(module.params["progress_file"], time.monotonic) as progress:
        unload = module.params["replaced"] == "unload"
        keeper = ModelInstaller(store, registry, progress.tell, module.params["retries"], unload, made=MadeRecord(store.url))
        try:
            result = predict(module, keeper, wanted) if module.check_mode else carry_out(module, keeper, wanted)
        except ServerFailure as failure:
            if module.check_mode:
                give_up_predicting(module, str(failure))
            fail(module, str(failure), url=store.url)
    for warning in keeper.warnings:
        module.warn(warning)
    finish(module, {"url": store.url, **result})


if __name__ == "__main__":
    main()
