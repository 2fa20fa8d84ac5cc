# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of what is in the collection names every role, module, filter and playbook, and no other."""

from __future__ import annotations

import re

import pytest
from support.markdown import TOP, rows, section

FOUND = {
    "role": {path.parent.name for path in TOP.glob("roles/*/README.md")},
    "module": {path.stem for path in TOP.glob("plugins/modules/*.py")},
    "filter": {path.stem for path in TOP.glob("plugins/filter/*.py")},
    "playbook": {path.stem for path in TOP.glob("playbooks/*.yml")},
}


def listed(kind: str) -> set[str]:
    table = rows(section("docs/content.md", "What is in the collection"))
    return {name for row in table if row[0] == kind for name in re.findall(r"`([a-z_]+)`", row[1])}


@pytest.mark.parametrize("kind", FOUND)
def test_the_list_is_complete(kind: str) -> None:
    assert len(FOUND[kind]) >= 4
    assert listed(kind) == FOUND[kind] - {"__init__"}
