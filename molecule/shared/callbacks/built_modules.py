# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the modules that Ansible builds for hosts from one play to the next. To build one takes a quarter of a second of a core.

They are kept beside the collections that they are built from. The name of that folder follows from its content.
"""

from __future__ import annotations

import os
import pathlib

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

COLLECTIONS = "ANSIBLE_COLLECTIONS_PATH"
NAME = "ansiballz_cache"  # Ansible's, in the folder of a run


class CallbackModule(CallbackBase):
    """Makes this run's folder of built modules a link to the one that all share."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "built_modules"

    def v2_playbook_on_start(self, dummy: object) -> None:
        collections = pathlib.Path(os.environ[COLLECTIONS].split(os.pathsep)[0])
        shared = collections.parent / f"built-{__version__}"
        shared.mkdir(exist_ok=True)
        link = pathlib.Path(constants.DEFAULT_LOCAL_TMP, NAME)
        if not link.exists():  # a run with several playbooks calls this for each
            link.symlink_to(shared)
