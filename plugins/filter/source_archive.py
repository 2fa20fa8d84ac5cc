# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: source_archive
short_description: Packs folders of Python sources of the controller into one text
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - The same sources always give the same text, so that it can be compared and named by its hash.
  - Takes C(.py) files only, in the folders and below.
options:
  _input:
    description:
      - For each name at the top of the archive, the folder whose sources it holds.
    type: dict
    required: true
seealso:
  - module: keepwarm.ollama.ollama_warmup_program
"""

EXAMPLES = r"""
- name: Pack a package
  ansible.builtin.set_fact:
    packed: "{{ {'agent': role_path ~ '/files/agent'} | keepwarm.ollama.source_archive }}"
"""

RETURN = r"""
_value:
  description: A ZIP archive in base64.
  type: str
"""

import base64
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that the format can say


def source_archive(folders: Mapping[str, str]) -> str:
    """The archive. Raises C(AnsibleFilterError) for a folder without sources."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, folder in sorted(folders.items()):
            sources = sorted(Path(folder).rglob("*.py"))
            if not sources:
                raise AnsibleFilterError(f"{folder} holds no Python sources: is the collection installed as a whole?")
            for source in sources:
                _add(archive, f"{name}/{source.relative_to(folder).as_posix()}", source.read_bytes())
    return base64.b64encode(packed.getvalue()).decode("ascii")


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _NO_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


class FilterModule:
    """Programs as text."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"source_archive": source_archive}
