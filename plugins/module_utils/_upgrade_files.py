# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of an upgrade on the disk, and files that are kept in it and put back. Whatever is written appears whole, or not at all."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Sequence

from ansible_collections.keepwarm.ollama.plugins.module_utils._base import files
from ansible_collections.keepwarm.ollama.plugins.module_utils._upgrade import KeptFile, Record, RecordError


def read_record(path: str) -> Record | None:
    """None where there is no such file. Raises `RecordError` for one that cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return Record.from_json(json.load(file))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecordError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecordError(
            f"{path} tells of an upgrade and cannot be read: {reason}. See to it that the server runs, then remove that file"
        ) from error


def write_record(path: str, record: Record) -> None:
    """Readable by root alone, since a drop-in may hold what others need not see."""
    replace_file(path, json.dumps(record.as_json(), indent=1).encode(), 0o600)


def keep(path: str) -> KeptFile:
    """The file as it is. Raises `OSError` where it cannot be read."""
    try:
        with open(path, "rb") as file:
            content = base64.b64encode(file.read()).decode()
            return KeptFile(path, content, stat.S_IMODE(os.fstat(file.fileno()).st_mode))
    except FileNotFoundError:
        return KeptFile(path)


def differing(kept: Sequence[KeptFile]) -> list[KeptFile]:
    """Those that are not as they were."""
    return [file for file in kept if keep(file.path) != file]


def put_back(file: KeptFile) -> None:
    """Have it as it was; the file goes where there was none."""
    if file.content is not None:
        replace_file(file.path, base64.b64decode(file.content), file.mode)
    elif os.path.lexists(file.path):
        os.unlink(file.path)


def replace_file(path: str, content: bytes, mode: int) -> None:
    """In one step, which a lost power supply does not undo."""
    folder, name = os.path.split(path)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    files.replace_file(path, content, mode, temporary=os.path.join(folder, f".{name}.keepwarm"))
    files.sync_folder(folder)
