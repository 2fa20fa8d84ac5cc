# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python sources as one text, the same for the same sources, so their content names the program."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from ansible.errors import AnsibleFilterError

_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that the format can say


def source_archive(folders: Mapping[str, str]) -> str:
    """The archive. Raises AnsibleFilterError for a folder without sources."""
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
