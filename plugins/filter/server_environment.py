# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: server_environment
short_description: Turns the settings of an Ollama server into environment variables, or says what is wrong with them
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Judges every value, since Ollama itself replaces what it cannot read by a default, mostly without a word.
  - A setting that is null is not written.
positional: _input, environment
options:
  _input:
    description:
      - The settings by the names of the role P(keepwarm.ollama.ollama_server#role)'s variables, without their prefix.
    type: dict
    required: true
  environment:
    description:
      - Further environment variables by name.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Judge two settings
  ansible.builtin.debug:
    msg: "{{ {'keep_alive': '45m', 'num_parallel': 2} | keepwarm.ollama.server_environment({'OLLAMA_DEBUG': 1}) }}"
    # => {"environment": {"OLLAMA_KEEP_ALIVE": "2700s", "OLLAMA_NUM_PARALLEL": "2", "OLLAMA_DEBUG": "1"}, "problems": [], "warnings": []}
"""

RETURN = r"""
_value:
  description:
    - The C(environment), variables and their values as Ollama takes them, and the C(problems), one sentence for each
      setting that is wrong. The environment is empty when there is any. C(warnings) has one for each further variable that
      not every server reads.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.settings import problems, server_environment, warnings


def judge(settings: Mapping[str, Any], environment: Any = None) -> dict[str, Any]:
    """The variables to write and the problems, by those two names."""
    extra = {} if environment is None else environment
    found = list(dict.fromkeys(problems(settings, extra)))
    return {"environment": {} if found else server_environment(settings, extra), "problems": found, "warnings": warnings(extra)}


class FilterModule:
    """Settings of an Ollama server."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"server_environment": judge}
