# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module runs the program of a GPU's driver."""

from __future__ import annotations

from collections.abc import Sequence

from ansible.module_utils.basic import AnsibleModule

from ._base.systemctl import Run


def driver_program(module: AnsibleModule) -> Run:
    """Its output is in English; raises `OSError` where it is not there."""

    def run(command: Sequence[str]) -> tuple[int, str, str]:
        status, output, error = module.run_command(list(command), environ_update={"LC_ALL": "C.UTF-8"}, handle_exceptions=False)
        return status, output, error

    return run
