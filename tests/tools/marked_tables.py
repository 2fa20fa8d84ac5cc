# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables that stand in pages between two comments, which say what to write there:

    <!-- table: variables ollama_warmup -->
    <!-- end of table -->
"""

from __future__ import annotations

import importlib.util
import pathlib
import re
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from role_tables import ROLES, cell, keys, table, variables

TOP = ROLES.parent
AGENT = ROLES / "ollama_warmup/files/agent/ollama_warmup"
_MARKED = re.compile(r"^(<!-- table: (\w+) ?(\w*) -->\n)(.*?)(^<!-- end of table -->$)", re.MULTILINE | re.DOTALL)


def fill(text: str) -> str:
    """The page with its marked tables written anew."""
    return _MARKED.sub(lambda found: found[1] + KINDS[found[2]](*found[3].split()) + found[5], text)


def pages() -> list[str]:
    """The pages of the checkout that have such a table."""
    listing = subprocess.run(["git", "-C", str(TOP), "ls-files", "-z", "--", "*.md"], check=True, capture_output=True, text=True).stdout
    names = [name for name in listing.split("\0") if name and (TOP / name).is_file()]
    return [name for name in names if _MARKED.search((TOP / name).read_text(encoding="utf-8"))]


def metrics() -> str:
    """Every metric with its labels, from the agent's own list."""
    known = _loaded("metric_names", AGENT / "metrics/metric_names.py")
    rows = [(f"`{name}`", ", ".join(known.labels(name)), cell(said)) for name, said in known.METRICS.items()]
    return table(("metric", "labels", "tells"), rows)


def _loaded(name: str, path: pathlib.Path) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KINDS: Mapping[str, Callable[..., str]] = {"variables": variables, "keys": keys, "metrics": metrics}
