# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: role_settings
short_description: Turns the variables of a role into what follows from them, or says what is wrong with them
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Judges the settings of the servers of a host and puts them together, the own ones of an entry of C(ollama_server_instances) before those
    of the role's variables. Refuses what two servers of one host cannot share.
  - For a release of Ollama, names its archives.
  - For a gateway, puts together what its script reads. No sentence shows a token.
notes:
  - Only the roles of this collection use this filter. It may change in any release.
positional: _input, of
options:
  _input:
    description:
      - The role's variables by their names without its prefix. They count for every server that has no setting of its own.
      - For V(release), C(version), C(architecture), C(rocm), C(jetpack), C(url) and C(checksums), and as C(list) the text of the release's own list of
        checksums, where it has been read. The filter fails if that lacks one that C(checksums) lacks, too.
      - For V(platform), the C(role) with its prefix, as C(facts) Ansible's facts of the host, and as C(lacking), by what has to be installed, a
        list of the input that names its package and of the package, empty where none is known.
      - For V(networks), lists of networks by the full names of their inputs. Only C(problems) is told.
      - For V(archives), the C(servers) in containers as M(keepwarm.ollama.ollama_container) takes them, and as C(archives) those of their archives
        that are to be loaded. The filter looks into these files.
    type: dict
    required: true
  of:
    description: Whose settings they are. A role's without C(ollama_), those of a release, of the host's distribution, of archives of images, or of V(networks).
    type: str
    choices: [server, model, warmup, release, gateway, platform, pull, archives, networks]
    required: true
  instances:
    description:
      - The list C(ollama_server_instances), as the role P(keepwarm.ollama.ollama_server#role) describes it.
      - An empty one stands for the only server of the host, the instance C(default), which the role's variables describe alone.
    type: list
    elements: dict
    default: []
  around:
    description:
      - What other variables say of the host. C(unit) is the unit of the instance C(default), C(host) the address of entries that name none,
        C(resident) the models that are to be in memory, C(folder) where models are on the disk, C(max_loaded_models) what the host's
        variable says; for V(server), also C(state), C(install) and C(keep_releases).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Put two servers' settings together
  ansible.builtin.debug:
    msg: "{{ {'keep_alive': '30m', 'gpu': 'auto'}
             | keepwarm.ollama.role_settings('server', instances=[{'name': 'a', 'port': 11435},
                                                                  {'name': 'b', 'port': 11436, 'server': {'num_parallel': 4}}]) }}"

- name: Name the archives of a release
  ansible.builtin.debug:
    msg: "{{ {'version': '0.32.15', 'architecture': 'x86_64', 'url': 'https://mirror.example.org/ollama'}
             | keepwarm.ollama.role_settings('release') }}"
"""

RETURN = r"""
_value:
  description: What follows from the variables.
  type: dict
  contains:
    problems:
      description: One sentence for each thing that is wrong. Nothing else is told then.
      type: list
      elements: str
    instances:
      description:
        - The servers of the host. Each has its C(name), C(unit) and C(url), C(follows_unit) (whether its address is its unit's), C(models)
          (mappings; null where nobody declared any), C(settings), and as C(judged) what these come to.
        - For V(server), C(judged) has the C(environment) of the server and C(warnings), and C(declared) is all that
          M(keepwarm.ollama.ollama_unit_info) is told.
        - For V(model), C(judged) has the C(models) for M(keepwarm.ollama.ollama_model), and as C(kept) those that it is not to prune though it
          does not pull them.
        - For V(warmup), C(judged) has the C(policy) with every default filled in, all lengths of time in seconds, among them C(start_timeout)
          (the longest that a whole pass may take), C(reload_budget) and C(context_reloads), C(gates) with every mode filled in, and
          C(metrics), what the agent is told of them, null where none are wanted.
      type: list
      elements: dict
    upgrade_obstacles:
      description: For V(server), why the settings do not allow an upgrade of Ollama, one sentence each.
      type: list
      elements: str
    archives:
      description: For V(release), each archive with its C(name), C(url) and C(sha256), null where the release's own list has to tell.
      type: list
      elements: dict
    list_url:
      description: For V(release), where its list of checksums is.
      type: str
    listen:
      description: For V(gateway), each C(address) with its C(port).
      type: list
      elements: dict
    settings:
      description: For V(gateway), what its script reads.
      type: dict
    composed:
      description: For V(gateway), of a server in a container of Compose, where it C(listens), and its C(address) for nginx; empty for others.
      type: dict
    tokens:
      description: For V(gateway), the C(hash) of each token with its C(client).
      type: list
      elements: dict
    family:
      description:
        - For V(platform), the family of the distribution, empty where it is not known. Beside it come C(distribution), its name with its version,
          whatever the file of the family in C(vars/) of the role has, and C(package_problems), why what is lacking cannot be installed.
      type: str
    command:
      description: For V(pull), the words of the command that a host runs.
      type: list
      elements: str
    owned:
      description: For V(pull), the paths that nobody but root may write to.
      type: list
      elements: str
    rates:
      description: For V(gateway), each rate with its clients.
      type: list
      elements: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.plugin_utils._gateway import gateway_settings
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._image_archives import image_archives
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._networks import network_settings
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._platform import platform
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._pull import pull_settings
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._release_archives import release_archives
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._server_entries import server_entries

_ALONE: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "release": release_archives,
    "gateway": gateway_settings,
    "platform": platform,
    "pull": pull_settings,
    "archives": image_archives,
    "networks": network_settings,
}


def role_settings(variables: Mapping[str, Any], of: str, instances: Any = (), around: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What follows from the variables, or what is wrong with them."""
    alone = _ALONE.get(of)
    return alone(variables) if alone else server_entries(instances, of, variables, around)


class FilterModule:
    """Settings of the roles."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"role_settings": role_settings}
