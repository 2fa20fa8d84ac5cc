# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder for what is only looked at: root's, and nobody else's.

Ansible's own temporary folder of a module belongs to the user who logs in, who cannot remove root's files from it: copies of units, whatever
their modes were, would stay there for him to read.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .layout import SCRATCH


@contextmanager
def scratch_folder() -> Iterator[str]:
    """Mode 0700 and below /run, so that it lasts no longer than the boot; what a run that was killed has left there goes now."""
    try:
        with tempfile.TemporaryDirectory(prefix=f"{os.getpid()}-", dir=_parent()) as folder:
            yield folder
    finally:
        with suppress(OSError):  # not empty: another run is at work
            os.rmdir(SCRATCH)


def _parent() -> str:
    with suppress(FileExistsError):
        os.mkdir(SCRATCH, 0o700)
    for name in os.listdir(SCRATCH):
        if not os.path.exists(f"/proc/{name.partition('-')[0]}"):
            shutil.rmtree(os.path.join(SCRATCH, name), ignore_errors=True)
    return SCRATCH
