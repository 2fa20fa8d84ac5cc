# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what documents and alert rules say of inputs, metrics, drifts and findings anew from the code: nobody has to repeat a row by hand.

    python3 tests/tools/tables.py          write them
    python3 tests/tools/tables.py check    name the files that differ; fails if there are any
"""

from __future__ import annotations

import importlib
import pathlib
import re
import sys
import textwrap
from collections.abc import Iterable
from typing import Any

import marked_tables

TOP = pathlib.Path(__file__).resolve().parents[2]
FINDINGS = "| finding | severity | what is wrong | remedy |"
_LINKS = {"liveness_unknown": "agent-behaviour.md#where-processes-cannot-be-seen"}
_WIDTH = 137  # of a line of a module's documentation


def drifts() -> Any:
    """The module with the registry of drifts."""
    return _module("_residency.decide.drifts")


def groups() -> Any:
    """The doctor's groups of findings."""
    return _module("_doctor.diagnosis").GROUPS


def _module(name: str) -> Any:
    if str(TOP / "plugins") not in sys.path:
        sys.path.insert(0, str(TOP / "plugins"))
    return importlib.import_module(f"module_utils.{name}")


def cell(template: str) -> str:
    """A template with its places in capitals, as a table of Markdown holds it."""
    return re.sub(r"\{(\w+)\}", lambda place: place[1].upper(), template).replace("|", "\\|")


def finding_row(kind: Any) -> str:
    """A finding as a row of docs/doctor.md."""
    return f"| `{kind.code}` | {kind.severity} | {cell(kind.what)} | {cell(kind.remedy)} |\n"


def _doctor(text: str) -> str:
    """Each table of findings: those of every group that has a row in it already."""

    def table(found: re.Match[str]) -> str:
        codes = set(re.findall(r"^\| `(\w+)`", found[2], re.MULTILINE))
        kinds = [kind for group in groups() if codes & {kind.code for kind in group.kinds} for kind in group.kinds]
        return found[1] + "".join(map(finding_row, kinds))

    return re.sub("(" + re.escape(FINDINGS) + r"\n\|[-|]+\|\n)((?:\|.*\n)+)", table, text)


def _words(text: str) -> str:
    registry = drifts()
    words = {severity: _listed(severity, _in_markdown) for severity in (registry.BREAKS, registry.DEGRADES, registry.LATER, registry.UNSEEN)}
    said = (
        f"how the model differs from its declaration; a list. Breaks residency: {words[registry.BREAKS]}. Degrades it (a warning; with `strict` a failure):"
        f" {words[registry.DEGRADES]}. Neither: {words[registry.LATER]}, {words[registry.UNSEEN]}"
    )
    return re.sub(r"^\| drift \| .* \|$", lambda _row: f"| drift | {said} |", text, flags=re.MULTILINE)


def _in_markdown(row: Any) -> str:
    word = f"`{row.word}`"
    return f"[{word}]({_LINKS[row.word]})" if row.word in _LINKS else word + _gloss(row)


def _in_module(row: Any) -> str:
    return f"C({row.word})" + _gloss(row)


def _gloss(row: Any) -> str:
    return f" ({row.gloss})" if row.gloss else ""


def _listed(severity: str, spelt: Any, last: str = ", ") -> str:
    words = [spelt(row) for row in drifts().REGISTRY if row.severity == severity]
    return last.join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _rules(text: str) -> str:
    return re.sub(r'(model_drift\{drift=~")[^"]*', lambda found: found[1] + "|".join(sorted(drifts().DEGRADING)), text)


def _module_documentation(text: str) -> str:
    registry = drifts()
    breaks, degrades, later = (_listed(severity, _in_module, " and ") for severity in (registry.BREAKS, registry.DEGRADES, registry.LATER))
    said = (
        f"C(drift) is a list. {breaks} break residency; {degrades} degrade it; {later} are undecided;"
        f" {_listed(registry.UNSEEN, _in_module)} says that its process cannot be seen."
    )
    lines = textwrap.wrap(said, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return re.sub(r"    - C\(drift\) is a list\. .*\n(?:      .*\n)*", lambda _text: "    - " + "\n      ".join(lines) + "\n", text)


DERIVED = {
    "docs/words.md": _words,
    "docs/doctor.md": _doctor,
    "plugins/modules/ollama_warm.py": _module_documentation,
    "roles/ollama_warmup/templates/ollama-warmup.rules.yml.j2": _rules,
}


def outdated() -> dict[str, str]:
    """The files that do not say what the code says, with what they should hold."""
    now = {name: (TOP / name).read_text(encoding="utf-8") for name in {*DERIVED, *marked_tables.pages()}}
    wanted = {name: marked_tables.fill(DERIVED[name](text) if name in DERIVED else text) for name, text in now.items()}
    return {name: wanted[name] for name in sorted(now) if wanted[name] != now[name]}


def main(words: Iterable[str]) -> str | None:
    """What to say on failure."""
    found = outdated()
    if "check" in words:
        return f"make tables, for these differ from the code: {', '.join(found)}" if found else None
    for name, text in found.items():
        (TOP / name).write_text(text, encoding="utf-8")
        print(name)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
