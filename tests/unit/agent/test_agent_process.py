# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent as a process of its own, laid out as on a host: what it imports, and how it ends when told to stop."""

from __future__ import annotations

import http.server
import json
import pathlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from support.agent import deploy

DIGEST = "a" * 64
EMPTY: dict[str, Any] = {"models": []}


@pytest.fixture
def program(tmp_path: pathlib.Path) -> pathlib.Path:
    """The folder of one version."""
    return deploy(tmp_path / "program")


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    for folder in ("etc/ollama-warmup", "var/lib/ollama-warmup/default", "run/ollama-warmup/default"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


class SlowOllama(http.server.BaseHTTPRequestHandler):
    """Answers everything but a load, which takes until the test ends."""

    protocol_version = "HTTP/1.1"
    ended = threading.Event()
    loading = threading.Event()

    def do_GET(self) -> None:
        model = {"name": "m:latest", "model": "m:latest", "digest": DIGEST, "size": 1}
        self.answer({"/api/ps": EMPTY, "/api/tags": {"models": [model]}, "/api/version": {"version": "0.32.15"}}[self.path])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/show":
            self.answer({"modelfile": "", "capabilities": ["completion"], "model_info": {}})
            return
        self.loading.set()
        self.ended.wait()

    def answer(self, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Not into the test's output."""


@pytest.fixture
def slow_server() -> Iterator[str]:
    SlowOllama.ended.clear()
    SlowOllama.loading.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowOllama)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    SlowOllama.ended.set()
    server.shutdown()
    server.server_close()


def python(program: pathlib.Path, code: str) -> list[str]:
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(program)!r}); {code}"]


@pytest.mark.parametrize("words", [["condition"], ["validate", "{root}/etc/ollama-warmup/default.json"]])
def test_what_needs_no_server_imports_no_http_library(program: pathlib.Path, root: pathlib.Path, words: list[str]) -> None:
    (root / "etc/ollama-warmup/default.json").write_text('{"url": "http://127.0.0.1:9", "policy": {"models": ["m"]}}')
    wanted = [word.format(root=root) for word in words]
    code = f"from ollama_warmup.cli.main import main; main({wanted!r}, {str(root)!r}); print('imported', 'http.client' in sys.modules)"
    done = subprocess.run(python(program, code), check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "imported False"


@pytest.mark.parametrize(("metrics", "imported"), [(None, False), ({"textfile_directory": "/srv", "period": 9, "longest_pass": 9}, True)])
def test_only_a_pass_that_is_to_leave_metrics_imports_their_library(
    program: pathlib.Path, root: pathlib.Path, slow_server: str, metrics: Any, imported: bool
) -> None:
    (root / "var/cache/ollama-warmup/default").mkdir(parents=True)
    configuration = {"url": slow_server, "unit": "no-such.service", "policy": {"models": []}, "metrics": metrics}
    (root / "etc/ollama-warmup/default.json").write_text(json.dumps(configuration))
    code = f"import os; os.geteuid = lambda: 999; from ollama_warmup.cli.main import main; main(['run'], {str(root)!r})"
    code += "; print(*(name for name in ('prometheus_client', 'ollama_warmup.metrics.textfile', 'ssl', 'requests') if sys.modules.get(name)))"
    done = subprocess.run(python(program, code), check=True, capture_output=True, text=True)
    assert "channel_failed" not in done.stderr
    assert done.stdout == f"{'prometheus_client ollama_warmup.metrics.textfile ssl' if imported else ''}\n"  # which that library imports
    assert (root / "var/cache/ollama-warmup/default/metrics.prom").exists() == imported


def test_a_pass_that_sees_nothing_new_imports_nothing_to_measure_with(program: pathlib.Path, root: pathlib.Path, slow_server: str) -> None:
    configuration = {"url": slow_server, "unit": "no-such.service", "policy": {"models": []}}
    (root / "etc/ollama-warmup/default.json").write_text(json.dumps(configuration))
    names = (
        "ollama_warmup.passes.measuring",
        "keepwarm._residency.predict.measurement",
        "keepwarm._residency.predict.capacity",
        "keepwarm._residency.server.host_prediction",
    )
    code = f"import os; os.geteuid = lambda: 999; from ollama_warmup.cli.main import main; main(['run'], {str(root)!r})"
    code += f"; print(*(name for name in {names!r} if name in sys.modules))"
    passes = [subprocess.run(python(program, code), check=True, capture_output=True, text=True).stdout for _turn in range(2)]
    assert passes == ["ollama_warmup.passes.measuring keepwarm._residency.predict.measurement keepwarm._residency.predict.capacity\n", "\n"]


def test_the_watch_imports_nothing_that_asks_a_server(program: pathlib.Path) -> None:
    unwanted = ("requests", "urllib3", "http.client", "keepwarm._residency.server.client", "keepwarm._residency.execute.warmer")
    code = f"import ollama_warmup.watch.watcher; print([name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run(python(program, code), check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_told_to_stop_in_mid_load_it_saves_what_it_knows_and_ends(program: pathlib.Path, root: pathlib.Path, slow_server: str) -> None:
    configuration = {"url": slow_server, "unit": "no-such.service", "policy": {"models": ["m"]}}
    (root / "etc/ollama-warmup/default.json").write_text(json.dumps(configuration))
    code = f"import os; os.geteuid = lambda: 999; from ollama_warmup.cli.main import main; sys.exit(main(['run'], {str(root)!r}))"
    with subprocess.Popen(python(program, code), stderr=subprocess.PIPE, text=True) as process:
        assert SlowOllama.loading.wait(60)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]
    state = json.loads((root / "var/lib/ollama-warmup/default/state.json").read_text())
    assert (process.returncode, state["last_pass"]["exit"], state["pinned"], list(state["cards"])) == (143, 143, ["m:latest"], [DIGEST])
    assert "the pass was told to stop (SIGTERM)" in said
    assert "Traceback" not in said
    assert not (root / "run/ollama-warmup/default/warm").exists()
