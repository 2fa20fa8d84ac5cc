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
      - Not used when O(url) is another host's. Where no unit of that name runs, the processes are those of the container of this host that answers at
        O(url). With a unit that systemd knows and that is stopped, what answers there counts as another program. When empty, no processes are looked
        for.
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
  instance:
    description:
      - The agent of this host whose state tells which declarations changed, for O(apply_changes), and in check mode, whose measurements
        tell how much memory the models take. Root alone and the agent may read them.
    type: str
    default: default
  expected:
    description:
      - In check mode, what will be so by the time that the models are loaded, because something else in the play brings it about first.
    type: dict
    suboptions:
      restarted:
        description: The server restarts, so that its memory is empty.
        type: bool
        default: false
      installed:
        description:
          - The server gets these models. One of that name in memory counts as unloaded by that. Names that O(models) does not declare
            are ignored.
        type: list
        elements: str
        default: []
      empty:
        description: The server is installed first, and has no models but those of O(expected.installed). Nobody is asked.
        type: bool
        default: false
      environment:
        description:
          - The environment that the server has, as from RV(keepwarm.ollama.ollama_unit_info#module:environment_predicted). It decides how
            much memory a model takes. Null is a value that is not known.
          - Without it, that of the running process counts, which only root may read; else what its runners tell.
        type: dict
  load_timeout:
    description:
      - How many seconds one load may take. Giving up aborts it on the server, so this had better be long.
    type: float
    default: 900
  verify_timeout:
    description:
      - How many seconds after the last act the server's list may take to show it.
      - V(0) does not verify. It neither waits nor fails for a required model that is not resident.
    type: float
    default: 15
seealso:
  - module: keepwarm.ollama.ollama_info
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

# Both are on the disk; foreseen.installed names one that will be
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

# On the host that runs the server, as a unit or in a container
- name: Prove it without changing anything
  keepwarm.ollama.ollama_warm:
    models:
      - name: qwen3:8b
  check_mode: true
  register: proof

- name: Stop where a model is not resident
  ansible.builtin.assert:
    that: proof.warm
    fail_msg: "{{ proof.reasons | join('; ') }}"

# Its processes cannot be seen, so check mode could not prove anything. A load request does; it is no change where the model is resident
- name: Prove it of a server on another host
  keepwarm.ollama.ollama_warm:
    url: http://gpu1.example.org:11434
    models:
      - name: qwen3:8b
"""

RETURN = r"""
warm:
  description:
    - Whether every required model is resident. In check mode, whether it is now, before anything is done.
  type: bool
  returned: always
  sample: true
reasons:
  description:
    - Why RV(warm) is not V(true), a sentence for each required model that is not resident. In check mode, why it is not now.
    - Where the server is another host's, its processes cannot be seen. Check mode cannot prove a model there, and says so here. A run asks for
      a load, which proves it, and changes nothing where the model is resident.
  type: list
  elements: str
  returned: always
  sample:
    - qwen3:8b is not in memory
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
    - RV(unobserved) has the reason, null where it told, or where O(expected.empty) said not to ask.
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

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._driver_program import driver_program
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import OllamaServer, ServerFailure
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import PolicyError
from ansible_collections.keepwarm.ollama.plugins.module_utils._server_options import fail, read_deadlines, server_argument_spec
from ansible_collections.keepwarm.ollama.plugins.module_utils._warm.asked import Asked, read_asked
from ansible_collections.keepwarm.ollama.plugins.module_utils._warm.warming import Warming


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
    expected = {
        "restarted": {"type": "bool", "default": False},
        "installed": {"type": "list", "elements": "str", "default": []},
        "empty": {"type": "bool", "default": False},
        "environment": {"type": "dict"},
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
        "instance": {"type": "str", "default": "default"},
        "expected": {"type": "dict", "options": expected, "apply_defaults": True},
        "load_timeout": {"type": "float", "default": 900},
        "verify_timeout": {"type": "float", "default": 15},
    }


def finish(module: AnsibleModule, asked: Asked, result: dict[str, Any]) -> None:
    """Exit, or fail naming every required model that is not resident and why."""
    for warning in result.pop("warnings"):
        module.warn(warning)
    reasons = result.pop("failures")
    if reasons and asked.verifies:
        fail(module, f"not warm: {'; '.join(reasons)}", **result)
    module.exit_json(**result)


def main() -> None:
    """Read, then predict or carry out."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    deadlines = read_deadlines(module)
    try:
        asked = read_asked(module.params)
    except (PolicyError, ValueError) as error:
        fail(module, str(error))
    server = OllamaServer(asked.url, deadlines)
    warming = Warming(asked, server, module.run_command, driver_program(module))
    try:
        result = warming.predict() if module.check_mode else warming.carry_out()
    except ServerFailure as failure:
        fail(module, str(failure), url=server.url)
    finish(module, asked, result)


if __name__ == "__main__":
    main()
