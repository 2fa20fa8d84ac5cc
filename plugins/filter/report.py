# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: report
short_description: Says in a few words what became of a task, an upgrade, a host or a fleet
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Writes the sentences with which the roles and playbooks end.
notes:
  - Only the roles and playbooks of this collection use this filter. It may change in any release.
positional: _input, of
options:
  _input:
    description:
      - For V(failed_task), C(ansible_failed_result), also of a loop, whose own message says nothing.
      - For V(upgrade), its record (M(keepwarm.ollama.ollama_upgrade_record)); null where it did not come that far.
      - For V(agent), the servers of the host, as the filter P(keepwarm.ollama.role_settings#filter) gives them.
      - For V(fleet) and V(fleet_page), by host the result of C(ollama-warmup status --json), empty where there is none.
      - For V(page_problem), the path on the controller where the page is to be written.
    type: raw
    required: true
  of:
    description: What is reported.
    type: str
    choices: [failed_task, upgrade, agent, fleet, fleet_page, page_problem]
    required: true
  task:
    description: The name of the failed task, for one that said nothing.
    type: str
  version:
    description: The version of the upgrade that was to be installed.
    type: str
  failure:
    description: Why the upgrade failed; empty if it did not.
    type: str
    default: ""
  undoing:
    description: Why the upgrade could not be undone; empty if it was.
    type: str
    default: ""
  ending:
    description: Why the upgrade could not be ended; empty if it was.
    type: str
    default: ""
  resumed:
    description: With O(predicted), whether the failure is that of an upgrade whose undoing was interrupted, which a run goes on with.
    type: bool
    default: false
  groups:
    description: For V(fleet), the hosts of each group that gets a line of its own. One that has all of the hosts, or none, gets none.
    type: dict
    default: {}
  everything:
    description: For V(fleet), whether what is well is listed, too, and not only counted.
    type: bool
    default: true
  host:
    description: The name of the agent's host.
    type: str
  proven:
    description: By server, the models that M(keepwarm.ollama.ollama_warm) proved, as it returns them.
    type: dict
    default: {}
  written:
    description: How many files of the agent were written.
    type: int
    default: 0
  predicted:
    description: Whether the agent was configured, or the upgrade done, in check mode only.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Say why a task failed
  ansible.builtin.debug:
    msg: "{{ ansible_failed_result | keepwarm.ollama.report('failed_task', task=ansible_failed_task.name) }}"

- name: Say what became of an upgrade
  ansible.builtin.fail:
    msg: "{{ upgrade.record | keepwarm.ollama.report('upgrade', version='0.33.0', failure='the server does not answer') }}"

- name: Say what the role came to
  ansible.builtin.debug:
    msg: "{{ servers | keepwarm.ollama.report('agent', host=inventory_hostname, proven=models, written=3) }}"
    # => gpu1: warm (qwen3:8b, nomic-embed-text). Wrote 3 files.

- name: Show the fleet
  ansible.builtin.debug:
    msg: "{{ dict(ansible_play_hosts_all | zip(results)) | keepwarm.ollama.report('fleet') }}"
  run_once: true

- name: Write the page
  ansible.builtin.copy:
    content: "{{ dict(ansible_play_hosts_all | zip(results)) | keepwarm.ollama.report('fleet_page') }}"
    dest: /srv/www/fleet.html
    mode: "0644"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - For V(failed_task), one sentence without a full stop at its end; for V(upgrade), some sentences; for V(agent), one line; for V(fleet), the
      lines of a table, the worst host first; for V(fleet_page), a page in HTML; for V(page_problem), one sentence, empty where nothing is wrong.
  type: raw
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.plugin_utils._agent_summary import agent_summary
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._failure_sentence import failure_sentence
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet_page.page import fleet_page
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet_page.place import page_problem
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet_table import fleet_table
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._upgrade_report import upgrade_report


def _fleet(results: Mapping[str, Mapping[str, Any]], groups: Mapping[str, Sequence[str]] | None = None, everything: bool = True) -> list[str]:
    """As lines, since a text of several would be one line with escapes in it."""
    return fleet_table(results, datetime.now(timezone.utc), groups, everything).splitlines()


def _fleet_page(results: Mapping[str, Mapping[str, Any]]) -> str:
    return fleet_page(results, datetime.now(timezone.utc))


_WRITERS: Mapping[str, Callable[..., Any]] = {
    "failed_task": failure_sentence,
    "upgrade": upgrade_report,
    "agent": agent_summary,
    "fleet": _fleet,
    "fleet_page": _fleet_page,
    "page_problem": page_problem,
}


def report(subject: Any, of: str, **details: Any) -> str | list[str]:
    """The text about the subject, or its lines."""
    text: str | list[str] = _WRITERS[of](subject, **details)
    return text


class FilterModule:
    """What became of it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"report": report}
