# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # The attributes of every module of the collection; each module states its own support.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  platform:
    description: Target OS/families that can be operated against.
"""

    # For modules that only look.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This action does not modify state.
  diff_mode:
    support: N/A
    details:
      - This action does not modify state.
"""

    # For modules that change something, and predict all of it.
    PREDICTED = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

    # For hosts with systemd and a /proc.
    LINUX = r"""
options: {}
attributes:
  platform:
    support: full
    platforms: linux
requirements:
  - Python 3.9 or newer on the host
  - systemd 247 or newer on the host
"""

    # Wherever Python runs.
    POSIX = r"""
options: {}
attributes:
  platform:
    support: full
    platforms: posix
"""

    # For modules that talk to a server, so that its address can be given once for all of them.
    ACTIONGROUP_OLLAMA = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/keepwarm.ollama.ollama) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - keepwarm.ollama.ollama
"""
