#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_unit_info
short_description: Tells how systemd runs an Ollama server, and whether it must be restarted
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Compares the environment of the running server with the one that its unit would start it with, both read from the
    host as it is, so that a play that died half-way converges at its next run.
  - With O(dropin_content) it tells beforehand what that drop-in would do.
  - It never changes anything.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.info_module
  - keepwarm.ollama.attributes.linux
options:
  unit:
    description:
      - The service unit of the server.
    type: str
    default: ollama.service
  dropin:
    description:
      - File name of the drop-in to judge, in the folder of the unit's drop-ins below C(/etc/systemd/system).
    type: str
    default: zz-keepwarm.conf
  dropin_content:
    description:
      - What the drop-in shall contain. Everything that is predicted is then predicted for it instead of for what is on
        disk, and C(systemd-analyze verify) is asked about it, on a scratch copy of the unit.
      - Without it, the drop-in is judged as it is on disk.
    type: str
  declared:
    description:
      - What was declared for the server. The drop-in is then the one that follows from it, instead of O(dropin_content), and RV(plan) tells
        what the role P(keepwarm.ollama.ollama_server#role) does with the server. Meant for that role.
    type: dict
    suboptions:
      environment:
        description: Variables of the server and their values.
        type: dict
        default: {}
      defaults:
        description: Variables that follow from other servers of the host, where nobody has written a value.
        type: dict
        default: {}
      models:
        description: The models that are to be in memory, each a mapping.
        type: list
        elements: dict
        default: []
      oom_policy:
        description: What is declared for the kernel's killing one of the server's processes. V(auto) is nobody's declaration.
        type: str
      folder:
        description: Where the models are on the disk; the home of the server's user where it is empty.
        type: str
      gpu:
        description: For which cards each start waits. V(none) waits for none.
        type: str
        default: none
      grouped:
        description: Whether it is one of several servers of the host.
        type: bool
        default: false
      sandboxed:
        description: Whether its unit keeps every folder from it that no drop-in allows.
        type: bool
        default: false
      start:
        description: Whether a stopped server is started.
        type: str
        choices: [auto, "true", "false"]
        default: auto
      restart:
        description: When a server restarts that is due for it.
        type: str
        choices: [auto, now, never]
        default: auto
      install:
        description: Whether the role installs the server.
        type: str
        choices: [never, missing, takeover, package]
        default: never
      ours:
        description: Whether the unit that there is is the role's. V(true) where there is none.
        type: bool
        default: false
      may_come:
        description: Whether the role has only pretended to write the unit, in check mode.
        type: bool
        default: false
      beginning:
        description: Whether the play has changed nothing yet, so that what is to be installed is not there.
        type: bool
        default: false
      account:
        description: The account that a server which is still to be installed gets.
        type: str
        default: ""
      allow_daemon_reload:
        description: Whether systemd may read its units anew where a running container of Docker's would lose its GPU by that.
        type: bool
        default: false
      warnings:
        description: What is to be warned of in any case.
        type: list
        elements: str
        default: []
      files:
        description: Files that the role writes beside the drop-in.
        type: list
        elements: path
        default: []
      folders:
        description: Folders that the role makes.
        type: list
        elements: path
        default: []
      takeover:
        description: Whether the role takes the place of what others made there.
        type: bool
        default: false
      units:
        description: All servers that are declared for the host.
        type: list
        elements: str
        default: []
      plain:
        description: The unit of a host's only server.
        type: str
        default: ollama.service
      deployment:
        description: How it is deployed.
        type: str
        choices: [systemd, quadlet]
        default: systemd
      container:
        description: The lines of the drop-in that say what container it runs in, as M(keepwarm.ollama.ollama_container) gives them.
        type: list
        elements: str
        default: []
  instances:
    description:
      - The servers that are declared for the host, by name the address that each listens on, as C(OLLAMA_HOST) has it. RV(in_the_way) tells then
        whether the one that is looked at can stay beside them. Meant for the role P(keepwarm.ollama.ollama_server#role).
    type: dict
    default: {}
  left_beside:
    description:
      - The servers of a host of which systemd runs none. Only RV(left_units), RV(left_files) and RV(composed_units) are returned then, with O(unit) for
        the server of a host without a list.
    type: list
    elements: str
  version:
    description:
      - The release that is installed, where that is known. A running server of another is due for a restart.
    type: str
  ready_timeout:
    description:
      - Wait up to this many seconds until the server answers; fail when it does not. V(0) does not wait.
      - Neither a unit in the state C(failed) is waited for, nor one that systemd has to start again and again.
    type: int
    default: 0
notes:
  - Needs root (C(become)), since only root may read the environment of a service.
seealso:
  - module: ansible.builtin.systemd_service
"""

EXAMPLES = r"""
- name: Look at the server
  keepwarm.ollama.ollama_unit_info:
  register: server

- name: Restart it if it does not run as its unit says
  ansible.builtin.systemd_service:
    name: ollama.service
    state: restarted
  when: server.restart_due or server.pending

- name: Wait until it answers
  keepwarm.ollama.ollama_unit_info:
    ready_timeout: 120

- name: Ask what a drop-in would do
  keepwarm.ollama.ollama_unit_info:
    dropin_content: |
      [Service]
      Environment="OLLAMA_KEEP_ALIVE=45m"
"""

RETURN = r"""
exists:
  description: Whether there is a unit file. Everything about the unit is empty when not.
  type: bool
  returned: success
  sample: true
unit:
  description: The unit's own name, where the name that was asked for is an alias.
  type: str
  returned: success
  sample: ollama.service
deployment:
  description: How its server is deployed, by the file of its unit.
  type: str
  returned: success
  sample: systemd
load_state:
  description: The unit's C(LoadState).
  type: str
  returned: success
  sample: loaded
active_state:
  description: The unit's C(ActiveState).
  type: str
  returned: success
  sample: active
sub_state:
  description: The unit's C(SubState).
  type: str
  returned: success
  sample: running
main_pid:
  description: The number of the server's main process, V(0) when there is none.
  type: int
  returned: success
  sample: 211
exe:
  description: The program that the main process runs, as the kernel names it; empty when there is no process.
  type: str
  returned: success
  sample: /usr/local/bin/ollama
user:
  description: The account that the unit's processes run under.
  type: str
  returned: success
  sample: ollama
has_run:
  description: Whether it was started in this boot.
  type: bool
  returned: success
  sample: true
first_run:
  description: Whether the server has not served yet with a drop-in of that name, neither with this one nor with one before it.
  type: bool
  returned: success
  sample: false
wrapper:
  description:
    - The program through which the unit starts its server with an environment of its own, so that the drop-in does not reach it, as the
      end of a sentence. Null where there is none.
  type: str
  returned: success
  sample: null
enabled:
  description: Whether the unit is started at boot.
  type: bool
  returned: success
  sample: true
executable:
  description: The program that the unit says.
  type: str
  returned: success
  sample: /usr/local/bin/ollama
fragment_path:
  description: The unit file.
  type: str
  returned: success
  sample: /etc/systemd/system/ollama.service
dropin:
  description: The path of the drop-in that is judged.
  type: str
  returned: success
  sample: /etc/systemd/system/ollama.service.d/zz-keepwarm.conf
dropin_paths:
  description: The drop-ins on disk in the order systemd reads them, O(dropin_content) counted as written.
  type: list
  elements: str
  returned: success
  sample:
    - /etc/systemd/system/ollama.service.d/override.conf
    - /etc/systemd/system/ollama.service.d/zz-keepwarm.conf
dropin_errors:
  description: What systemd says against O(dropin_content); faults that the unit has without it are left out.
  type: list
  elements: str
  returned: success
  sample: []
need_daemon_reload:
  description: Whether the files of the unit on disk are not those that systemd has loaded.
  type: bool
  returned: success
  sample: false
environment_effective:
  description:
    - The environment that the unit's files on disk give, environment files included, credentials masked. Only what
      Ollama, the GPU libraries and proxies are concerned with, and what the drop-in sets.
    - A value is null where only systemd can tell it (C(%) specifiers that depend on the machine).
  type: dict
  returned: success
  sample:
    OLLAMA_KEEP_ALIVE: 5m
environment_predicted:
  description: The same with O(dropin_content) in place.
  type: dict
  returned: success
  sample:
    OLLAMA_KEEP_ALIVE: 45m
environment_running:
  description: The same of the running process; null when there is none.
  type: dict
  returned: success
  sample:
    OLLAMA_KEEP_ALIVE: 5m
conflicts:
  description: The keys of the drop-in that another file sets otherwise.
  type: list
  elements: dict
  returned: success
  contains:
    key:
      description: The variable, or a directive such as C(OOMPolicy).
      type: str
      returned: always
    file:
      description: The other file.
      type: str
      returned: always
    value:
      description: Its value, credentials masked; null when it takes the variable away or hides the drop-in.
      type: str
      returned: always
    wins:
      description: Whether the other file's value counts, not the drop-in's.
      type: bool
      returned: always
    message:
      description: All of this in a sentence.
      type: str
      returned: always
  sample:
    - key: OLLAMA_KEEP_ALIVE
      file: /etc/systemd/system/ollama.service.d/override.conf
      value: "-1"
      wins: false
      message: >-
        OLLAMA_KEEP_ALIVE: /etc/systemd/system/ollama.service.d/override.conf sets '-1', which loses to '45m' of the drop-in
written:
  description: The values that files of others give the server, or take away from it. Those of the drop-in are not among them.
  type: list
  elements: dict
  returned: success
  contains:
    key:
      description: The variable, or C(OOMPolicy).
      type: str
      returned: always
    value:
      description: Its value, credentials masked; null when the file takes the variable away, or when only systemd can tell.
      type: str
      returned: always
    file:
      description: Where it is written.
      type: str
      returned: always
    line:
      description: In which line; null where it is in no file.
      type: int
      returned: always
  sample:
    - key: OLLAMA_KEEP_ALIVE
      value: "-1"
      file: /etc/systemd/system/ollama.service.d/override.conf
      line: 2
dropin_environment:
  description: The variables of the drop-in that is on disk, credentials masked.
  type: dict
  returned: success
  sample:
    OLLAMA_KEEP_ALIVE: 1800s
gpus:
  description: How many GPUs the server may use, as far as their drivers tell.
  type: int
  returned: success
  sample: 1
restart_due:
  description:
    - Whether the running server lacks what was declared, in the drop-in on disk or in the planned one, or runs another program file or
      release. False when it does not run.
  type: bool
  returned: success
  sample: true
restart_reasons:
  description: Why a restart is due, one sentence each.
  type: list
  elements: str
  returned: success
  sample:
    - OLLAMA_KEEP_ALIVE is '5m' in the running server and '45m' in its unit
pending:
  description:
    - In what else the running server is not what its unit would start, one sentence each. It counts at the next start, and is no
      reason for one.
    - Variables of the drop-in that its comment calls defaults of the role, and those of other files.
  type: list
  elements: str
  returned: success
  sample:
    - OLLAMA_MAX_LOADED_MODELS is '4' in the running server and '8' in its unit
restart_unloads:
  description:
    - The resident models, which a restart that is due would unload.
    - Null when the server did not tell.
  type: list
  elements: str
  returned: success
  sample:
    - qwen3:8b
url:
  description: Where a server started from the unit answers clients on its own host.
  type: str
  returned: success
  sample: http://127.0.0.1:11434
url_running:
  description: Where the running server answers; another than RV(url) while a restart is due for its address. Null when it does not run.
  type: str
  returned: success
  sample: http://127.0.0.1:11434
in_the_way:
  description:
    - Why the server is in the way of O(instances), one sentence; empty if it is not.
  type: str
  returned: with O(instances)
  sample: ""
version:
  description: The version that the running server gives as its own. Null when it does not run or does not tell.
  type: str
  returned: success
  sample: 0.32.15
firewalld:
  description: Whether firewalld runs on the host, if the server listens for others. Nothing here asks what it lets through.
  type: bool
  returned: success
  sample: false
listens_beyond_loopback:
  description: Whether a server started from the unit can be reached from other machines.
  type: bool
  returned: success
  sample: false
plan:
  description:
    - What the role does with the server. Nothing else is returned where the host could not be looked at, which RV(plan.refusals) tells then.
  type: dict
  returned: with O(declared)
  contains:
    dropin:
      description: The drop-in, as M(keepwarm.ollama.ollama_units) takes it.
      type: dict
      returned: success
    beginning:
      description: Whether it was made before the play has installed anything.
      type: bool
      returned: success
    expected:
      description: Whether the unit is still to be written, so that nothing is judged of it.
      type: bool
      returned: success
    refusals:
      description: Why the role does not touch the host, one sentence each.
      type: list
      elements: str
      returned: success
    warnings:
      description: What the module has warned of.
      type: list
      elements: str
      returned: success
    notices:
      description: What the role does, and what of others stands, one sentence each.
      type: list
      elements: str
      returned: success
    start:
      description: What was declared for a stopped server.
      type: str
      returned: success
    starts:
      description: Whether the server is to be started.
      type: bool
      returned: success
    enables:
      description: Whether it is to be started at boot.
      type: bool
      returned: success
    restarts:
      description: Whether it restarts.
      type: bool
      returned: success
    runs:
      description: Whether it runs in the end.
      type: bool
      returned: success
    due:
      description: Whether anything of that is still to be done.
      type: bool
      returned: success
    restorable:
      description: Whether models are noted that a restart has unloaded.
      type: bool
      returned: success
    outlook:
      description: What the roles after it predict with in check mode, as the README of the role has it.
      type: dict
      returned: success
    left_units:
      description: Servers that were declared once, and are not any more.
      type: list
      elements: str
      returned: success
    left_files:
      description: The files of the role that are left of them.
      type: list
      elements: str
      returned: success
    composed_units:
      description: The servers that the role has deployed by Compose, declared or not.
      type: list
      elements: str
      returned: success
left_units:
  description: With O(left_beside), as RV(plan.left_units).
  type: list
  elements: str
  returned: with O(left_beside)
left_files:
  description: With O(left_beside), as RV(plan.left_files).
  type: list
  elements: str
  returned: with O(left_beside)
composed_units:
  description: With O(left_beside), as RV(plan.composed_units).
  type: list
  elements: str
  returned: with O(left_beside)
systemd_version:
  description: The major version of systemd.
  type: int
  returned: success
  sample: 257
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils import _server_state
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.deployments import DEPLOYMENTS, QUADLET
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import DROPIN
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.scratch import scratch_folder
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.systemctl import Run
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose.record import recorded_units
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.clashes import undeclared_server
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.claiming import Paths
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.server_files import role_files
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import Deadlines, OllamaServer, ServerFailure
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.processes import has_processes
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.address import AddressError
from ansible_collections.keepwarm.ollama.plugins.module_utils._server.left import left_files, left_units
from ansible_collections.keepwarm.ollama.plugins.module_utils._server.observation import Observation, observe
from ansible_collections.keepwarm.ollama.plugins.module_utils._server.planning import Occasion, declaration, plan, settled
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd import host
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.address import effective_address
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.assessment import shown_conflict, shown_environment
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.created import creation_differences
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.environment import declared_environment
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.journal import last_error
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.masking import masked
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.others import Written
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.quadlet import quadlet_service
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.quoting import QuotingError
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.server_dropin import dropin_text
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.unit_file import UnitFile
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.verify import dropin_errors

# /api/ps waits for a model that is being unloaded (docs/ollama-semantics.md#the-list-waits-for-an-unload).
_DEADLINES = Deadlines(connect=5, answer=15)
_FIREWALL = "firewalld.service"
_POLL = 0.3
_CRASHES = 3
"""So many starts that systemd made by itself while we waited: it will go on like that."""


def runner(module: AnsibleModule) -> Callable[..., tuple[int, str, str]]:
    """Runs commands whose output is in English."""

    def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        status, output, error = module.run_command(command, environ_update={"LC_ALL": "C.UTF-8", **(environment or {})})
        return status, output, error

    return run


def look(module: AnsibleModule) -> Observation:
    """The unit with the drop-in that is to be judged. Raises C(HostError)."""
    seen, content = observe(runner(module), module.params["unit"], module.params["dropin"]), module.params["dropin_content"]
    return seen if content is None else seen.with_dropin(content)


def result_of(module: AnsibleModule, seen: Observation, pins: int = 0) -> dict[str, Any]:
    """The module's result, in the shape of RETURN. C(pins): how many models are to stay in memory."""
    own_keys, process = seen.own_keys, seen.process
    version = server_version(seen.url_running)
    restart = seen.restart(pins)
    errors, made = verified(module, seen)
    created = creation_differences(runner(module), seen.unit.name, made, seen.around.specifiers) if process else ()
    reasons = [*restart.due, *release_reasons(version, module.params["version"]), *created]
    return dict(
        unit_result(seen, runner(module)),
        dropin_errors=errors,
        environment_effective=shown_environment(seen.effective.values, own_keys),
        environment_predicted=shown_environment(seen.predicted.values, own_keys),
        environment_running=shown_environment(process.environment, own_keys) if process else None,
        conflicts=[shown_conflict(conflict) for conflict in seen.predicted.conflicts],
        restart_due=bool(reasons),
        restart_reasons=reasons,
        pending=list(restart.pending),
        restart_unloads=resident_models(seen.url_running) if reasons else [],
        url=seen.predicted.address.url,
        url_running=seen.url_running,
        version=version,
        listens_beyond_loopback=seen.predicted.address.beyond_loopback,
        firewalld=seen.predicted.address.beyond_loopback and has_processes(_FIREWALL) is True,
    )


def unit_result(seen: Observation, run: Run) -> dict[str, Any]:
    """What concerns the unit and its files."""
    unit, program = seen.unit, seen.process.program if seen.process else None
    return {
        "exists": unit.exists,
        "unit": unit.name,
        "deployment": unit.deployment.word,
        "load_state": unit.load_state,
        "active_state": unit.active_state,
        "sub_state": unit.sub_state,
        "main_pid": unit.main_pid,
        "exe": program.path if program else "",
        "user": unit.user,
        "has_run": unit.has_run,
        "first_run": first_run(seen),
        "wrapper": seen.wrapper if unit.exists else None,
        "written": [shown_value(entry) for entry in seen.written],
        "dropin_environment": shown_dropin(seen.on_disk),
        "gpus": seen.gpus,
        "enabled": unit.file_state in ("enabled", "enabled-runtime") or (unit.generated != "" and host.is_wanted(seen.files)),
        "executable": unit.executable,
        "fragment_path": unit.fragment_path,
        "dropin": seen.dropin,
        "dropin_paths": [file.path for file in seen.planned_files if file.path != unit.fragment_path],
        "need_daemon_reload": unit.exists and host.behind_disk(unit, seen.files, run),
        "systemd_version": seen.systemd_version,
    }


def first_run(seen: Observation) -> bool:
    """Where there is a drop-in, what was kept before it tells whether there was another that served. Raises HostError."""
    try:
        kept = _server_state.read(seen.unit.name, _server_state.DROPIN)
    except _server_state.StateError as error:
        raise host.HostError(str(error)) from error
    return seen.on_disk is None if kept is None else kept.get("content") is None


def shown_value(entry: Written) -> dict[str, Any]:
    """As RETURN has it."""
    return {"key": entry.key, "value": masked(entry.key, entry.value), "file": entry.path, "line": entry.line}


def shown_dropin(on_disk: UnitFile | None) -> dict[str, str | None]:
    """Its variables as it gives them."""
    assignments = declared_environment([on_disk], {}).assignments if on_disk else ()
    return {entry.key: masked(entry.key, entry.value) for entry in assignments}


def verified(module: AnsibleModule, seen: Observation) -> tuple[list[str], str]:
    """What systemd itself, or Podman, says against the planned drop-in, and the text of the service that Podman would make with it."""
    if seen.unit.deployment is QUADLET and seen.unit.exists:
        with scratch_folder() as folder:
            return quadlet_service(runner(module), folder, seen.unit.name, seen.planned_files)
    if seen.planned is None or not seen.unit.fragment_path:
        return [], ""
    with scratch_folder() as folder:
        return dropin_errors(runner(module), folder, seen.unit.name, seen.planned_files, seen.planned), ""


def server_version(url: str | None) -> str | None:
    """What /api/version says; None when there is no server or it does not tell."""
    if url is None:
        return None
    try:
        return OllamaServer(url, _DEADLINES).version()[0] or None
    except (ServerFailure, AddressError):
        return None


def release_reasons(running: str | None, installed: str | None) -> list[str]:
    """The sentence for a server that goes on running another release than the one that was installed since."""
    if running is None or installed in (None, running):
        return []
    return [f"the running server is of the release {running}, but {installed} is installed"]


def resident_models(url: str | None) -> list[str] | None:
    """The names that /api/ps lists; None when the server does not tell."""
    if url is None:
        return None
    try:
        return [str(entry.name) for entry in OllamaServer(url, _DEADLINES).resident()[0]]
    except (ServerFailure, AddressError):
        return None


def wait_until_ready(module: AnsibleModule) -> Observation:
    """Look again and again until the server answers; ends the module when it does not."""
    deadline = time.monotonic() + module.params["ready_timeout"]
    reason = "there is no process"
    restarts: int | None = None
    while True:
        seen = look(module)
        restarts = seen.unit.restarts if restarts is None else restarts
        if seen.url_running:
            reason = unreadiness(seen.url_running, min(_DEADLINES.answer, max(1.0, deadline - time.monotonic())))
            if not reason:
                return seen
        crashes = seen.unit.restarts - restarts >= _CRASHES
        if crashes or seen.unit.active_state == "failed" or time.monotonic() >= deadline:
            module.fail_json(msg=not_ready(seen, module.params["ready_timeout"], reason, last_error(runner(module), seen.unit.name)))
        time.sleep(_POLL)


def unreadiness(url: str, patience: float) -> str:
    """Why the server does not say its version within C(patience) seconds; empty where it does."""
    try:
        OllamaServer(url, Deadlines(connect=patience, answer=patience)).version()
    except (ServerFailure, AddressError) as error:
        return str(error)
    return ""


def not_ready(seen: Observation, timeout: int, reason: str, error: str | None) -> str:
    """The sentence for a server that does not answer; C(error) is the last one of its journal."""
    unit, url = seen.unit, seen.url_running or seen.effective.address.url
    told = f"its journal says: {error}" if error else f"'journalctl -u {unit.name}' tells why"
    return f"{unit.name} is {unit.active_state} ({unit.sub_state}) and did not answer {url}/api/version within {timeout} s ({reason}): {told}"


def planned(module: AnsibleModule) -> dict[str, Any]:
    """The result with the plan for what was declared. Raises HostError, QuotingError, OSError."""
    given = module.params["declared"]
    seen = observe(runner(module), module.params["unit"], module.params["dropin"], DEPLOYMENTS[given["deployment"]])
    claims = Paths("ollama_server", given["files"], folders=given["folders"], takeover=given["takeover"])
    occasion = Occasion(declaration(given), claims, module.check_mode, runner(module), seen.on_disk.text if seen.on_disk else None)
    found = settled(occasion.declared, seen)
    content = dropin_text(found, occasion.declared.place)
    told = result_of(module, seen.with_dropin(content), occasion.pins)
    made = {**plan(occasion, found, content, told), **left_over(given)}
    for warning in made["warnings"]:
        module.warn(warning)
    return {"changed": False, **told, "plan": made}


def beside(instances: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, str]:
    """Whether it can stay beside the declared servers, where there are any."""
    addresses = {name: effective_address(str(host)) for name, host in instances.items()}
    return {"in_the_way": undeclared_server(addresses, told) or ""} if addresses else {}


def left_over(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is left of servers that nobody declares any more. Raises OSError."""
    files = role_files()
    units = left_units(files, given["units"], given["plain"], given["grouped"])
    return {"left_units": units, "left_files": left_files(files, units, given["grouped"]), "composed_units": recorded_units()}


def left_beside(declared: list[str], plain: str) -> dict[str, list[str]]:
    """The same where systemd runs none of the declared servers: their template and their target are left, too, and so is C(plain). Raises OSError."""
    given = {"units": declared, "plain": plain, "grouped": False}
    found, of_a_list = left_over(given), left_over({**given, "grouped": True})
    return {**found, "left_units": list(dict.fromkeys([*found["left_units"], *of_a_list["left_units"]]))}


def refused(error: Exception) -> dict[str, Any]:
    """The plan for a host that could not be looked at."""
    return {"changed": False, "plan": {"refusals": [str(error)], "warnings": [], "notices": []}}


DECLARED = {
    "environment": {"type": "dict", "default": {}},
    "defaults": {"type": "dict", "default": {}},
    "models": {"type": "list", "elements": "dict", "default": []},
    "oom_policy": {"type": "str"},
    "folder": {"type": "str"},
    "gpu": {"type": "str", "default": "none"},
    "grouped": {"type": "bool", "default": False},
    "sandboxed": {"type": "bool", "default": False},
    "start": {"type": "str", "choices": ["auto", "true", "false"], "default": "auto"},
    "restart": {"type": "str", "choices": ["auto", "now", "never"], "default": "auto"},
    "install": {"type": "str", "choices": ["never", "missing", "takeover", "package"], "default": "never"},
    "ours": {"type": "bool", "default": False},
    "may_come": {"type": "bool", "default": False},
    "beginning": {"type": "bool", "default": False},
    "account": {"type": "str", "default": ""},
    "allow_daemon_reload": {"type": "bool", "default": False},
    "warnings": {"type": "list", "elements": "str", "default": []},
    "files": {"type": "list", "elements": "path", "default": []},
    "folders": {"type": "list", "elements": "path", "default": []},
    "takeover": {"type": "bool", "default": False},
    "units": {"type": "list", "elements": "str", "default": []},
    "plain": {"type": "str", "default": "ollama.service"},
    "deployment": {"type": "str", "choices": list(DEPLOYMENTS), "default": "systemd"},
    "container": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "default": "ollama.service"},
            "dropin": {"type": "str", "default": DROPIN},
            "dropin_content": {"type": "str"},
            "declared": {"type": "dict", "options": DECLARED},
            "instances": {"type": "dict", "default": {}},
            "left_beside": {"type": "list", "elements": "str"},
            "version": {"type": "str"},
            "ready_timeout": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    try:
        if module.params["declared"]:
            module.exit_json(**planned(module))
        if module.params["left_beside"] is not None:
            module.exit_json(changed=False, **left_beside(module.params["left_beside"], module.params["unit"]))
        seen = wait_until_ready(module) if module.params["ready_timeout"] > 0 else look(module)
        told = result_of(module, seen)
        module.exit_json(changed=False, **told, **beside(module.params["instances"], told))
    except (host.HostError, QuotingError) as error:
        if module.params["declared"]:
            module.exit_json(**refused(error))
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
