# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of files for SELinux, always those that the host's policy has for their paths: never any of ours."""

from __future__ import annotations

import os

from .systemctl import Run

ENFORCE = "/sys/fs/selinux/enforce"
"""Is there where the kernel runs SELinux; 1 where it enforces."""


class LabelError(Exception):
    """Files could not be labelled; the message is one sentence."""


def is_on() -> bool:
    """Whether files have labels here. A permissive host may be enforcing tomorrow."""
    return os.path.exists(ENFORCE)


def relabel(run: Run, path: str) -> None:
    """Give everything below the path the label that the policy has for it, as for what was moved there. Raises `LabelError`.

    Without SELinux nothing is done.
    """
    if not is_on():
        return
    try:
        status, output, error = run(["restorecon", "-R", "-F", path])
    except OSError as failure:
        status, output, error = -1, "", str(failure.strerror)
    if status != 0:
        raise LabelError(f"SELinux runs on this host, but restorecon cannot label {path}: {' '.join((output + error).split())}")
