# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd-analyze of several releases says, as it was seen with 247 and 257."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.verify import complaints

FOLDER = "/tmp/kw"
IGNORED = f"{FOLDER}/a.service:2: Unknown key name 'Foo' in section 'Unit', ignoring."
OTHERS = "/lib/systemd/system/b.service:3: Unknown key name 'Bar' in section 'Unit', ignoring."
MISSING = "a.service: Command /bin/nothing is not executable: No such file or directory"
UNRECOGNIZED = "systemd-analyze: unrecognized option '--recursive-errors=no'\n"


@pytest.mark.parametrize(
    ("status", "said", "found"),
    [(0, "", []), (0, OTHERS, []), (0, f"{IGNORED}\n{OTHERS}", [IGNORED]), (1, f"{OTHERS}\n{MISSING}", [MISSING]), (1, OTHERS, [])],
)
def test_before_250_only_what_is_said_of_these_units_counts(status: int, said: str, found: list[str]) -> None:
    def run(command: Sequence[str], _environment: Mapping[str, str]) -> tuple[int, str, str]:
        return (1, "", UNRECOGNIZED) if "--recursive-errors=no" in command else (status, "", said)

    assert complaints(run, FOLDER, [f"{FOLDER}/a.service"]) == found


@pytest.mark.parametrize(("status", "said", "found"), [(0, OTHERS, []), (1, IGNORED, [IGNORED]), (1, "", ["systemd-analyze verify failed (1)"])])
def test_from_250_its_status_counts(status: int, said: str, found: list[str]) -> None:
    def run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        assert command == ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"{FOLDER}/a.service"]
        assert environment["SYSTEMD_UNIT_PATH"] == f"{FOLDER}:"
        return status, "", said

    assert complaints(run, FOLDER, [f"{FOLDER}/a.service"]) == found
