# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: release_checksums
short_description: Reads the list of checksums that a release of Ollama comes with
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Finds the checksums of files in the C(sha256sum.txt) of a release.
  - Fails for a file that the list does not name.
  - Only the roles and playbooks of this collection use it. It may change in any release.
positional: _input, names
options:
  _input:
    description:
      - The list, as it was downloaded.
    type: str
    required: true
  names:
    description:
      - The names of the files.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Find a checksum
  ansible.builtin.debug:
    msg: "{{ list | keepwarm.ollama.release_checksums(['ollama-linux-amd64.tar.zst']) }}"
"""

RETURN = r"""
_value:
  description:
    - The sha256 of each file by its name.
  type: dict
"""

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.keepwarm.ollama.plugins.module_utils._release import SHA256


def release_checksums(text: str, names: list[str]) -> dict[str, str]:
    """Read a C(sha256sum.txt). Raises C(AnsibleFilterError) for a name that it does not list."""
    pairs = (line.split() for line in text.splitlines())
    listed = {pair[1].lstrip("*").removeprefix("./"): pair[0].lower() for pair in pairs if len(pair) == 2 and SHA256.fullmatch(pair[0])}
    missing = [name for name in names if name not in listed]
    if missing:
        raise AnsibleFilterError(
            f"the release's sha256sum.txt has no checksum of {' and '.join(missing)}: give it in ollama_server_checksums, or take another version"
        )
    return {name: listed[name] for name in names}


class FilterModule:
    """Releases of Ollama."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"release_checksums": release_checksums}
