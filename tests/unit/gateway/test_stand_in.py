# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in server reads generated hostile requests as Go does; else nothing that it does with them would say anything of a real server."""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

from hostile_requests import EACH, generated
from judge_rows import Rows

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "ollama_stub"))
from ollama_stub import go_json, inference_routes, keep_alive

FIELDS = {
    "/api/generate": inference_routes._GENERATE,
    "/api/chat": inference_routes._CHAT,
    "/api/embed": inference_routes._EMBED,
    "/api/embeddings": inference_routes._EMBEDDINGS,
}
JUDGED = ("model", "keep_alive", "options", "shift")


def read(case: dict[str, Any]) -> dict[str, Any] | None:
    """What the stand-in reads of what is judged; None for what it refuses."""
    try:
        request = go_json.decode(bytes.fromhex(case["body"]), "R", FIELDS[case["route"]])
        nanoseconds = keep_alive.parse(request.get("keep_alive"))
    except (go_json.BadRequest, go_json.MissingBody):
        return None
    return as_floats({"model": request.text("model"), "keep_alive": nanoseconds, "options": request.get("options"), "shift": request.get("shift")})


def as_floats(value: Any) -> Any:
    """Go has every number of a map as one of them."""
    return json.loads(json.dumps(value), parse_int=float)


def test_the_stand_in_reads_what_go_reads(go: Rows) -> None:
    cases = [case for case in generated(300) if case["route"] in FIELDS]
    meanings = go(cases)
    for case, meant in zip(cases, meanings):
        found = read(case)
        if found is None:  # it looks into messages, which Go's judge does not
            assert meant["error"] or case["route"] == "/api/chat", bytes.fromhex(case["body"])
        else:
            assert (meant["error"], found) == ("", as_floats({key: meant[key] for key in JUDGED})), bytes.fromhex(case["body"])
    assert sum(not meant["error"] for meant in meanings) > 300 * EACH / 5
