# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the roles' inputs against the argument specs, one sentence for each that does not fit.

Ansible itself judges them, too, but tells it in a line of twelve thousand characters, one role at a time, and leaves a text as
it is: with `-e key=value` every value is one, and `"false"` would be true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import read_switch
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import short_repr

from ._input_specs import ROLES, options
from ._notification_problems import VARIABLE, notification_problems

_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}\s*", re.ASCII)
_NOTIFIES = "ollama_warmup"
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,18}(\.[0-9]{1,9})?\s*", re.ASCII)


def judged_names(names: Iterable[str], role: str | None = None) -> list[str]:
    """Those that the argument specs of the role, or of all, judge."""
    known = {name: option for one in ([role] if role else ROLES) for name, option in options(one).items()}
    return sorted(name for name in set(names) & set(known) if known[name].get("type") != "raw")


def value_problems(values: Mapping[str, Any], role: str | None = None, others: Iterable[str] = ()) -> list[str]:
    """What does not fit the argument specs of the role, or of all, and what others have found."""
    found = {name: sentence for one in ([role] if role else ROLES) for name, sentence in misfits(one, values)}
    if role == _NOTIFIES and VARIABLE in values:
        others = [*others, *notification_problems(values[VARIABLE])]
    return list(dict.fromkeys([*found.values(), *(sentence for sentence in others if sentence.split(" ")[0] not in found)]))


def misfits(role: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The name of each input of the role whose value in `values` does not fit, and the sentence that says so."""
    for name, option in options(role).items():
        if name in values:
            problem = _problem(option, values[name])
            if problem:
                yield name, f"{name} is {_told(option, values[name])}, {problem}"


def _told(option: Mapping[str, Any], value: Any) -> str:
    """The value as a sentence shows it; what the specs keep out of logs is not shown."""
    if value is None:
        return "null"
    return _kind(value) if option.get("no_log") else short_repr(value)


def _kind(value: Any) -> str:
    kinds = ((bool, "a boolean"), (str, "a text"), (Mapping, "a mapping"), ((list, tuple), "a list"))
    return next((word for kind, word in kinds if isinstance(value, kind)), "a number")


def _problem(option: Mapping[str, Any], value: Any) -> str | None:
    """The second half of a sentence, or None for a value that fits."""
    if value is None:
        return _null(option)
    choices = option.get("choices")
    if choices is not None:
        return None if _text(value) in map(_text, choices) else f"not one of {', '.join(map(_text, choices))}"
    kind = "list of mappings" if option.get("elements") == "dict" else option.get("type", "str")
    return _JUDGES[kind](value) if kind in _JUDGES else None


def _null(option: Mapping[str, Any]) -> str | None:
    """Null is a value of those inputs only whose default it is."""
    if option.get("default") is None:
        return None
    return f"which is no value of it: leave it out, or give {_shown(option['default'])}, its default"


def _shown(value: Any) -> str:
    return _text(value) if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bool(value: Any) -> str | None:
    return "neither true nor false" if read_switch(value) is None else None


def _int(value: Any) -> str | None:
    fits = isinstance(value, (int, str)) and not isinstance(value, bool) and _WHOLE.fullmatch(str(value))
    return None if fits else "not a whole number"


def _float(value: Any) -> str | None:
    fits = isinstance(value, (int, float, str)) and not isinstance(value, bool) and _NUMBER.fullmatch(str(value))
    return None if fits else "not a number"


def _str(value: Any) -> str | None:
    return "not a text" if isinstance(value, (list, tuple, Mapping)) else None


def _list(value: Any) -> str | None:
    return None if isinstance(value, (list, tuple, str)) else "not a list"


def _list_of_mappings(value: Any) -> str | None:
    fits = isinstance(value, (list, tuple)) and all(isinstance(entry, Mapping) for entry in value)
    return None if fits else "not a list of mappings: on the command line give it as JSON (-e '{\"NAME\": [...]}')"


def _dict(value: Any) -> str | None:
    return None if isinstance(value, Mapping) else "not a mapping: on the command line give it as JSON (-e '{\"NAME\": {...}}')"


_JUDGES: dict[str, Callable[[Any], str | None]] = {
    "bool": _bool,
    "int": _int,
    "float": _float,
    "str": _str,
    "path": _str,
    "list": _list,
    "list of mappings": _list_of_mappings,
    "dict": _dict,
}
