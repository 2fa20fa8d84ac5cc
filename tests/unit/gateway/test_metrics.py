# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is counted of the gateway's log: every request once, however the log is rotated, and no series of a client's making."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import re
import sys
from typing import Any

import pytest

PROGRAM = pathlib.Path(__file__).parents[3] / "roles/ollama_gateway/files/metrics/ollama_gateway_metrics.py"
_spec = importlib.util.spec_from_file_location("ollama_gateway_metrics", PROGRAM)
assert _spec and _spec.loader
metrics = importlib.util.module_from_spec(_spec)
sys.modules["ollama_gateway_metrics"] = metrics
_spec.loader.exec_module(metrics)

LIBRARY = "registry.ollama.ai/library/"


def entry(**changed: Any) -> str:
    plain = {"client": "chat", "model": f"{LIBRARY}tiny-a:latest", "reason": "", "status": "200", "upstream_status": "200", "upstream_first_byte": "0.200"}
    return json.dumps({**plain, **changed}) + "\n"


class Log:
    """A log in a folder of its own, and what is counted of it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.path, self.folder = folder / "gateway.log", folder

    def write(self, *lines: str) -> None:
        with self.path.open("a") as file:
            file.writelines(lines)

    def rotate(self) -> None:
        self.path.rename(f"{self.path}.1")
        self.path.touch()

    def count(self) -> dict[str, str]:
        metrics.main(str(self.path), str(self.folder))
        rows = re.findall(r"^([^#\n]+) (\S+)$", (self.folder / "metrics.prom").read_text(), re.MULTILINE)
        return {name: value for name, value in rows if "timestamp" not in name}

    def requests(self) -> int:
        return sum(int(value) for name, value in self.count().items() if name.startswith(metrics.REQUESTS))


@pytest.fixture(name="log")
def empty_log(tmp_path: pathlib.Path) -> Log:
    return Log(tmp_path)


def test_requests_are_counted_by_what_became_of_them(log: Log) -> None:
    log.write(entry(), entry(reason="keep_alive,options"), entry(status="403", upstream_status="-", upstream_first_byte="-", model="", reason="unload"))
    log.write(entry(client="", model="", status="401", upstream_status="", upstream_first_byte="", reason="status_401"))
    log.write(entry(status="502", upstream_status="502", upstream_first_byte="-", reason="status_502"))
    found = {name: value for name, value in log.count().items() if "first_byte" not in name}
    assert found == {
        f'{metrics.REQUESTS}{{client="chat",model="tiny-a:latest",status="200"}}': "2",
        f'{metrics.REQUESTS}{{client="chat",model="none",status="403"}}': "1",
        f'{metrics.REQUESTS}{{client="none",model="none",status="401"}}': "1",
        f'{metrics.REQUESTS}{{client="chat",model="tiny-a:latest",status="502"}}': "1",
        f'{metrics.REFUSED}{{client="chat",reason="unload"}}': "1",
        f'{metrics.REFUSED}{{client="none",reason="status_401"}}': "1",
        f'{metrics.REWRITTEN}{{client="chat",reason="keep_alive"}}': "1",
        f'{metrics.REWRITTEN}{{client="chat",reason="options"}}': "1",
        metrics.UNREADABLE: "0",
        metrics.GAPS: "0",
    }


def test_first_bytes_are_a_histogram(log: Log) -> None:
    log.write(entry(upstream_first_byte="0.05"), entry(upstream_first_byte="31.5"), entry(upstream_first_byte="999"))
    found = log.count()
    rows = {limit: found[f'{metrics.FIRST_BYTE}_bucket{{model="tiny-a:latest",le="{limit}"}}'] for limit in ("0.05", "30", "60", "+Inf")}
    assert rows == {"0.05": "1", "30": "1", "60": "2", "+Inf": "3"}
    assert found[f'{metrics.FIRST_BYTE}_sum{{model="tiny-a:latest"}}'] == "1030.55"


def test_nothing_is_counted_twice_and_a_line_that_nginx_is_writing_waits(log: Log) -> None:
    log.write(entry(), entry()[:30])
    assert [log.requests(), log.requests()] == [1, 1]
    log.write(entry()[30:])
    assert [log.requests(), log.requests()] == [2, 2]


def test_a_rotated_log_is_read_to_its_end(log: Log) -> None:
    log.write(entry())
    assert log.requests() == 1
    log.write(entry())
    log.rotate()
    log.write(entry())
    assert [log.requests(), log.requests()] == [3, 3]
    assert log.count()[metrics.GAPS] == "0"


def test_what_nginx_writes_to_a_rotated_log_until_it_has_the_new_one_is_counted(log: Log) -> None:
    log.write(entry())
    log.count()
    log.rotate()
    assert log.requests() == 1
    with (log.folder / "gateway.log.1").open("a") as former:
        former.write(entry())
    assert log.requests() == 2
    log.write(entry())
    assert [log.requests(), log.requests()] == [3, 3]
    assert log.count()[metrics.GAPS] == "0"


def test_a_log_that_was_gone_before_it_was_read_is_a_gap(log: Log) -> None:
    log.write(entry())
    log.count()
    log.rotate()
    (log.folder / "gateway.log.1").rename(log.folder / "gateway.log.2.gz")
    log.write(entry())
    assert (log.requests(), log.count()[metrics.GAPS]) == (2, "1")
    log.path.unlink()
    assert log.requests() == 2


def test_a_log_that_was_emptied_is_read_from_its_beginning(log: Log) -> None:
    log.write(entry(), entry())
    log.count()
    log.path.write_text(entry())
    assert log.requests() == 3


def test_a_client_makes_no_series(log: Log) -> None:
    log.write(*(entry(model=f"{LIBRARY}stray-{number}:latest", status="404", upstream_status="404") for number in range(200)))
    log.write(*(entry(model=f"{LIBRARY}there-{number}:latest") for number in range(60)))
    models = {re.findall('model="([^"]*)"', name)[0] for name in log.count() if "model" in name}
    assert len(models) == metrics.MOST_MODELS + 1
    assert "stray-1:latest" not in models
    assert log.requests() == 260


@pytest.mark.parametrize("line", ["nonsense\n", "[]\n", '{"client":"chat"}\n', '{"client":"chat","status":"x"}\n', "[" * 60_000 + "\n", "x" * 200_000 + "\n"])
def test_a_line_that_is_no_request_stops_nothing(log: Log, line: str) -> None:
    log.write(line, entry())
    found = log.count()
    assert int(found[metrics.UNREADABLE]) >= 1
    assert log.requests() == 1


@pytest.mark.parametrize("path", [b"/\xff", b"/\xed\xa0\x80", "/\u00e4".encode("latin-1")])
def test_a_path_that_is_no_utf_8_hides_no_request(log: Log, path: bytes) -> None:
    with log.path.open("ab") as file:
        file.write(entry(client="", path="PATH", status="401", upstream_status="").encode().replace(b"PATH", path))
    found = log.count()
    assert found[metrics.UNREADABLE] == "0"
    assert found[f'{metrics.REQUESTS}{{client="none",model="other",status="401"}}'] == "1"


def test_names_cannot_break_out_of_their_label(log: Log) -> None:
    log.write(entry(client='a"} 7\n#\\'))
    assert f'{metrics.REQUESTS}{{client="a\\"}} 7\\n#\\\\",model="tiny-a:latest",status="200"}}' in (log.count() and (log.folder / "metrics.prom").read_text())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"inode": 1, "offset": 0, "counts": {"ollama_gateway_requests_total": [7]}}', '{"counts": 7}'])
def test_a_state_that_cannot_be_read_begins_anew(log: Log, text: str) -> None:
    log.write(entry())
    (log.folder / "state.json").write_text(text)
    assert [log.requests(), log.requests()] == [1, 1]


def test_a_host_without_a_log_yet_has_no_requests(log: Log) -> None:
    assert log.requests() == 0
