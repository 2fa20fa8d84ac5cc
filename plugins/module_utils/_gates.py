# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which units wait for warm models before they start, and how: judged with one sentence for each problem."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

REQUIRE = "require"
WANT = "want"
MODES = (REQUIRE, WANT)
_KEYS = ("unit", "mode")
# Templates and instances, too. A slice or a mount has nothing to wait with.
_UNIT = re.compile(r"[A-Za-z0-9:_\\][A-Za-z0-9:_.\\@-]*\.(?:service|socket|target|timer|path)", re.ASCII)
_OURS = re.compile(r"ollama-(?:warm|cold|warmup)(?:[-@][^/]*)?\.[a-z]+", re.ASCII)


def parse_gates(raw: Any, server: str, problems: list[str]) -> list[dict[str, str]]:
    """The gates with their mode filled in. What is wrong is added to `problems`; `server` is the unit that is waited for."""
    if not isinstance(raw, (list, tuple)):
        problems.append(f"gates {raw!r} is not a list: give one of mappings such as {{unit: my-api.service, mode: require}}")
        return []
    gates = [_gate(entry, server, problems) for entry in raw]
    problems.extend(_duplicates([gate["unit"] for gate in gates]))
    return gates


def _gate(entry: Any, server: str, problems: list[str]) -> dict[str, str]:
    if not isinstance(entry, Mapping):
        problems.append(f"gate {entry!r} is not a mapping: write {{unit: my-api.service, mode: require}}")
        return {"unit": "", "mode": REQUIRE}
    unit, mode = entry.get("unit"), entry.get("mode") or REQUIRE
    problems += [f"gate {unit!r} has the unknown key {key!r}: known are {', '.join(_KEYS)}" for key in entry if key not in _KEYS]
    problems.extend(_unit_problems(unit, server))
    if mode not in MODES:
        problems.append(f"gate {unit!r}: mode {mode!r} is not one of {', '.join(MODES)}")
    return {"unit": str(unit or ""), "mode": str(mode)}


def _unit_problems(unit: Any, server: str) -> Iterator[str]:
    if not isinstance(unit, str) or _UNIT.fullmatch(unit) is None:
        yield f"gate {unit!r} is not the name of a unit that can wait: use the whole name of a service, such as my-api.service"
    elif unit == server:
        yield f"gate {unit!r} is the server itself, whose models are waited for: name a unit that uses them"
    elif _OURS.fullmatch(unit):
        yield f"gate {unit!r} is one of this role's own units: name a unit that uses the models"


def _duplicates(units: list[str]) -> Iterator[str]:
    """An empty one has its sentence already."""
    for unit in sorted({unit for unit in units if unit and units.count(unit) > 1}):
        yield f"gate {unit!r} is declared {units.count(unit)} times: keep one"
