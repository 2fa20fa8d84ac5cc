# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server answers like the recorded one, scenario by scenario."""

from __future__ import annotations

from ollama_contract import journal, recording
from ollama_contract.compare import log_differences
from ollama_contract.recording import Scenario
from ollama_contract.replay import Replay
from ollama_contract.server import OwnServer


def test_server_answers_as_recorded(scenario: Scenario, replay: Replay) -> None:
    problems = replay.run(scenario)
    if isinstance(replay.server, OwnServer):
        interest = journal.of_interest(recording.load(recording.LINE))
        actual = journal.logged(replay.server.log_lines(), interest)
        problems += log_differences(journal.recorded(scenario), actual)
    assert not problems, "\n".join(problems)
