# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units whose server would not get the settings, and those whose server does."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.journal import pick_error
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.wrapper import Script, ServerProcess, wrapper_of

ADDRESS = "Error: listen tcp 192.0.2.1:1: bind: cannot assign requested address"
EXEC = "ollama.service: Failed at step EXEC spawning /x: Permission denied"
RESULT = "ollama.service: Failed with result 'exit-code'."
SERVE = ("/usr/local/bin/ollama", "serve")


def judge(command: str, script: str = "", main: ServerProcess | None = None, *others: ServerProcess) -> str | None:
    return wrapper_of(command.split(), [Script("/usr/local/bin/start", script)] if script else [], main, others)


@pytest.mark.parametrize(
    ("command", "script", "told"),
    [
        ("/usr/bin/docker run --rm -p 11434:11434 ollama/ollama", "", "/usr/bin/docker, which runs it elsewhere"),
        ("/bin/sh -c podman run ollama/ollama", "", "podman, which runs it elsewhere"),
        ("/usr/bin/snap run ollama.listener", "", "/usr/bin/snap, which runs it elsewhere"),
        ("/snap/bin/ollama serve", "", "/snap/bin/ollama, a snap, which gives it an environment of its own"),
        ("/usr/bin/env OLLAMA_HOST=0.0.0.0 /usr/local/bin/ollama serve", "", "/usr/bin/env, which sets OLLAMA_HOST itself"),
        ("/bin/bash -c export OLLAMA_KEEP_ALIVE=5m; exec ollama serve", "", "/bin/bash, which sets OLLAMA_KEEP_ALIVE itself"),
        ("/usr/local/bin/start", "#!/bin/sh\nexport OLLAMA_MODELS=/srv\nexec ollama serve\n", "/usr/local/bin/start, which sets OLLAMA_MODELS itself"),
        ("/usr/local/bin/start", "#!/bin/sh\nOLLAMA_HOST=:1 ollama serve\n", "/usr/local/bin/start, which sets OLLAMA_HOST itself"),
        ("/usr/local/bin/start", "#!/usr/bin/python3\nos.environ['OLLAMA_HOST'] = ':1'\n", "/usr/local/bin/start, which sets OLLAMA_HOST itself"),
        ("/usr/local/bin/start", "#!/bin/sh\n/usr/bin/docker compose up\n", "/usr/local/bin/start, which runs it by docker"),
    ],
)
def test_a_program_that_keeps_the_settings_from_the_server_is_named(command: str, script: str, told: str) -> None:
    assert judge(command, script) == told


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ("/usr/local/bin/ollama serve", ""),
        ("/usr/bin/numactl --interleave=all /usr/local/bin/ollama serve", ""),
        ("/usr/local/bin/start", "#!/bin/sh\n# export OLLAMA_HOST=x\n[ \"$OLLAMA_HOST\" = x ] && echo docker\nexec ollama serve # OLLAMA_MODELS=no\n"),
        ("/opt/docker-images/ollama serve", ""),
    ],
)
def test_a_program_that_hands_them_on_is_not(command: str, script: str) -> None:
    assert judge(command, script) is None


def test_a_server_beside_the_main_process_is_judged_by_what_it_was_given() -> None:
    main = ServerProcess(("/usr/local/bin/start",), {"OLLAMA_HOST": "127.0.0.1", "PATH": "/bin"})
    same, other = (ServerProcess(SERVE, {"OLLAMA_HOST": host, "PATH": "/sbin"}) for host in ("127.0.0.1", "0.0.0.0"))
    assert judge("/usr/local/bin/start", "", main, same) is None
    assert judge("/usr/local/bin/start", "", main, other) == "/usr/local/bin/start, which sets OLLAMA_HOST itself"
    assert judge("/usr/local/bin/start", "", main) == "/usr/local/bin/start, and has no process of its own in the unit"
    assert judge("/usr/local/bin/start", "", ServerProcess(SERVE, {})) is None


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["Started ollama.service", ADDRESS, "ollama.service: Main process exited, code=exited, status=1/FAILURE", RESULT], ADDRESS),
        ([EXEC, RESULT], EXEC),
        ([RESULT], RESULT),
        (["Error: a\x1b[31m\x00b"], "Error: a?[31m?b"),
        (["time=x level=INFO msg=\"Listening\""], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_last_error_of_a_journal(lines: list[str], told: str | None) -> None:
    assert pick_error(lines) == told
