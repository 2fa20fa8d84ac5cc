# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flowchart of Mermaid as a picture, drawn by Graphviz: GitHub draws Mermaid by a script, a page that runs none has the picture.

Of Mermaid it knows `NAME[text]` and `-->`, with or without `|text|`.
"""

from __future__ import annotations

import re
import subprocess

_NODE = re.compile(r"(\w+)\[([^\]]+)\]")
_ARROW = re.compile(r" *-->(?:\|([^|]*)\|)? *")
_HEAD = """digraph {
  graph [bgcolor="transparent"];
  node [shape=box, style="rounded,filled", fillcolor="#eef4f7", color="#40708a", fontname="DejaVu Sans", fontsize=11];
  edge [color="#40708a", fontname="DejaVu Sans", fontsize=9];
"""


def dot(mermaid: str) -> str:
    """The flowchart in Graphviz' language. Raises ValueError for a line that is none of its arrows."""
    names = dict(_NODE.findall(mermaid))
    lines = [f"  {name} [label={_quoted(text)}];" for name, text in names.items()]
    for line in mermaid.strip().splitlines()[1:]:
        first, *rest = _ARROW.split(_NODE.sub(r"\1", line).strip())
        if not rest:
            raise ValueError(f"no arrow: {line}")
        for label, name in zip(rest[::2], rest[1::2]):
            lines.append(f"  {first} -> {name} [label={_quoted(label or '')}];")
            first = name
    return _HEAD + "\n".join(lines) + "\n}\n"


def svg(mermaid: str) -> str:
    """The picture."""
    return subprocess.run(["dot", "-Tsvg"], check=True, capture_output=True, text=True, input=dot(mermaid)).stdout


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'
