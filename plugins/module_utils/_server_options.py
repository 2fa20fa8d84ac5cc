# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module that speaks to an Ollama server does first: its options and its address."""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ._base.limits import DAY
from ._residency.server.client import Deadlines
from ._residency.values.address import AddressError, check_url

_MAY_BE_NONE = ("verify_timeout",)


def server_argument_spec() -> dict[str, Any]:
    """The options of the doc fragment keepwarm.ollama.server."""
    return {
        "url": {"type": "str", "default": "http://127.0.0.1:11434"},
        "connect_timeout": {"type": "float", "default": 5},
        "answer_timeout": {"type": "float", "default": 20},
    }


def read_deadlines(module: AnsibleModule) -> Deadlines:
    """Ends the module with one sentence for an address or a deadline that is none, before anything is asked."""
    for option in ("connect_timeout", "answer_timeout", "load_timeout", "verify_timeout", "stall_timeout"):
        seconds = module.params.get(option)
        if seconds is not None and not 0 < seconds < DAY and not (seconds == 0 and option in _MAY_BE_NONE):
            fail(module, f"{option} {seconds:g} is not between 0 and {DAY} seconds: give a number of seconds above 0")
    try:
        check_url(module.params["url"])
    except AddressError as error:
        fail(module, str(error))
    return Deadlines(
        connect=module.params["connect_timeout"],
        answer=module.params["answer_timeout"],
        load=module.params.get("load_timeout") or Deadlines.load,
    )


def fail(module: AnsibleModule, message: str, **results: Any) -> NoReturn:
    """End the module; fail_json never returns, which its own annotation does not say in every supported version."""
    module.fail_json(msg=message, **results)
    raise SystemExit(1)
