# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent of this host put into effect, read from its state: a module of the same play decides by it, too."""

from __future__ import annotations

import json
import os

from ..._base.files import read_bytes
from ..._base.layout import AGENT_STATE, STATE_FILE
from ..._base.readers import InvalidValue
from ..decide.declaration import Applied, parse_applied
from ..values.model_name import ModelName

_LARGEST = 16 * 1024 * 1024  # bytes, as the agent's own limit


def state_path(instance: str) -> str:
    """Where the agent of that instance keeps its state."""
    return os.path.join(AGENT_STATE, instance, STATE_FILE)


def read_applied(path: str) -> dict[ModelName, Applied] | None:
    """By model; empty where there is no state yet, None where the state does not say, as one of an earlier release.

    Raises `InvalidValue`.
    """
    try:
        raw = json.loads(read_bytes(path, _LARGEST))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidValue(f"{path} cannot be read ({error.strerror}), so that a changed declaration is not put into effect: read it as root") from error
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"{path} holds no state of the agent: {error}") from error
    known = raw.get("applied") if isinstance(raw, dict) else None
    return None if known is None else parse_applied(known)
