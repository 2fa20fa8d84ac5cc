# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: agent_files
short_description: Gives the texts of all files of a host's agent, and its program
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Fills the templates of the role P(keepwarm.ollama.ollama_warmup#role) for each server of a host. A template reads that server's
    settings, and no variable of a play.
  - Packs the program into a ZIP archive in base64, which is the same for the same sources.
notes:
  - Only that role uses this filter. It may change in any release.
options:
  _input:
    description: The servers, as the filter P(keepwarm.ollama.role_settings#filter) gives them.
    type: list
    elements: dict
    required: true
  look:
    description: What the module M(keepwarm.ollama.ollama_agent_info) found on the host.
    type: dict
    required: true
  folder:
    description: Where the templates are.
    type: path
    required: true
  sources:
    description: The folders of Python sources that the program consists of, by their paths in it.
    type: dict
    required: true
  host:
    description: The settings that all servers of the host share, by their names without the role's prefix. C(user), C(python),
      C(notify_urls) and C(metrics_directory). Of the addresses, only whether there are any is told.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the files of the agent
  ansible.builtin.debug:
    msg: "{{ __ollama_warmup_servers.instances
             | keepwarm.ollama.agent_files(look=__ollama_warmup_look, folder=role_path ~ '/templates', sources={'package': '/srv/package'},
                                           host={'user': 'ollama-warmup', 'python': '/usr/bin/python3', 'notify_urls': [], 'metrics_directory': ''}) }}"
"""

RETURN = r"""
_value:
  description: C(servers), C(command) and C(archive), as the module M(keepwarm.ollama.ollama_agent) takes them.
  type: dict
"""

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.addresses import read_addresses
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._agent_texts import command_text, server_texts, templates_of
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._source_archive import source_archive


def agent_files(
    entries: Iterable[Mapping[str, Any]], look: Mapping[str, Any], folder: str, sources: Mapping[str, str], host: Mapping[str, Any]
) -> dict[str, Any]:
    """The files of every server, and the command and the program that they share."""
    templates = templates_of(folder)
    shared = {**host, "systemd": look["systemd"], "notify": bool(read_addresses(host["notify_urls"]))}
    servers = [server_texts(templates, entry, {**shared, **look["servers"][entry["name"]]}) for entry in entries]
    return {"servers": servers, "command": command_text(templates, host["python"]), "archive": source_archive(sources)}


class FilterModule:
    """Files of the host agent."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"agent_files": agent_files}
