# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the survey of an AWX job template from the argument specs of the roles: descriptions, choices and defaults are the roles' own.

    python3 tests/tools/survey.py NAME VARIABLE ...     print one for these inputs
    python3 tests/tools/survey.py                       write those of docs/examples/awx anew
    python3 tests/tools/survey.py check                 name the files that differ; fails if there are any
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = TOP / "docs/examples/awx"
# What a person decides at a run; what a host is belongs into the inventory.
SURVEYS: Mapping[str, Sequence[str]] = {
    "site": ("ollama_server_restart", "ollama_server_restart_wait", "ollama_server_restart_restore", "ollama_warmup_override_hold", "ollama_model_retries"),
    "upgrade": ("ollama_server_version", "ollama_server_upgrade_vram_tolerance", "ollama_server_restart_wait", "ollama_warmup_override_hold"),
    "remove": ("ollama_warmup_release", "ollama_server_purge_models"),
}
_TYPES = {"int": "integer", "float": "float", "str": "text", "path": "text", "raw": "text"}
_MOST = 1024  # characters or digits, which AWX asks for
_MARKUP = re.compile(r"[A-Z]\(([^)]*)\)")


@cache
def options() -> dict[str, Mapping[str, Any]]:
    """Every input of every role by its name."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(TOP.glob("roles/*/meta/argument_specs.yml")):
        for point in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            found |= point["options"]
    return found


def question(name: str, option: Mapping[str, Any]) -> dict[str, Any]:
    """One question of AWX's. Raises ValueError for an input that is no single value."""
    kind = option.get("type", "str")
    choices = option.get("choices", ["true", "false"] if kind == "bool" else None)
    if choices is None and kind not in _TYPES:
        raise ValueError(f"{name} is of the type {kind}, which no question of a survey has: put it into the inventory")
    default = option.get("default", "")
    return {
        "question_name": name,
        "question_description": _plain(option["description"]),
        "variable": name,
        "type": "multiplechoice" if choices else _TYPES[kind],
        "choices": [_text(choice) for choice in choices] if choices else "",
        "default": default if kind in ("int", "float") and not choices else _text(default),
        "required": "default" in option,
        "min": 0,
        "max": _MOST,
    }


def survey(name: str, variables: Sequence[str]) -> dict[str, Any]:
    """As `survey_spec` of a job template. Raises ValueError."""
    known = options()
    unknown = [variable for variable in variables if variable not in known]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no role has such an input")
    description = f"What is decided at each run of keepwarm.ollama.{name}. Written from the roles' argument specs."
    return {"name": f"keepwarm.ollama.{name}", "description": description, "spec": [question(variable, known[variable]) for variable in variables]}


def _plain(description: str | Sequence[str]) -> str:
    """Without Ansible's markup."""
    return _MARKUP.sub(r"\1", " ".join([description] if isinstance(description, str) else description))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _file(name: str) -> tuple[pathlib.Path, str]:
    return EXAMPLES / f"survey-{name}.json", json.dumps(survey(name, SURVEYS[name]), indent=2) + "\n"


def main(arguments: Sequence[str]) -> str | None:
    """What is wrong, if anything is."""
    if arguments and arguments[0] != "check":
        try:
            print(json.dumps(survey(arguments[0], arguments[1:]), indent=2))
        except ValueError as error:
            return str(error)
        return None
    files = dict(map(_file, SURVEYS))
    outdated = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if arguments:
        return f"{', '.join(path.name for path in outdated)}: run make tables" if outdated else None
    for path in outdated:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
