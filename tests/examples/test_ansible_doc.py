# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ansible-doc` shows as examples can be pasted as it is: Ansible reads it, the options exist, and what needs only a server runs."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from running_stand_in import StandIn

BIN = pathlib.Path(sys.executable).parent
PREFIX = "keepwarm.ollama."
PROOF = ("Prove it without changing anything", "Stop where a model is not resident")
# What the examples name, by what the stand-in has.
COPIES = {"qwen3:8b": "tiny-a", "nomic-embed-text": "embed", "llama3:8b": "tiny-b", "llama3.3:70b": "tiny-b"}


def run(program: str, *words: str, folder: pathlib.Path | None = None) -> subprocess.CompletedProcess[str]:
    command, plain = [str(BIN / program), *words], {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(command, check=False, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=plain)


@pytest.fixture(scope="session")
def shown() -> Mapping[str, Any]:
    """What ansible-doc shows of the modules and filters, by their names."""
    found: dict[str, Any] = {}
    for kind in ("module", "filter"):
        names = json.loads(run("ansible-doc", "--type", kind, "--list", "--json", PREFIX[:-1]).stdout)
        told = run("ansible-doc", "--type", kind, "--json", *names)
        assert told.returncode == 0, told.stderr
        found.update(json.loads(told.stdout))
    assert len(found) >= 17
    return found


def examples(shown: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = yaml.safe_load(shown[name]["examples"])
    assert isinstance(found, list) and found
    return found


def is_play(entry: Mapping[str, Any]) -> bool:
    return "hosts" in entry


def play(tasks: list[dict[str, Any]], **keywords: Any) -> dict[str, Any]:
    return {"hosts": "localhost", "gather_facts": False, "tasks": tasks, **keywords}


def test_ansible_reads_every_example(shown: Mapping[str, Any], tmp_path: pathlib.Path) -> None:
    plays = [{**play([]), **entry} if is_play(entry) else play([entry]) for name in shown for entry in examples(shown, name)]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    done = run("ansible-playbook", "--inventory", "localhost,", "--syntax-check", "play.yml", folder=tmp_path)
    assert done.returncode == 0, done.stderr


def calls(shown: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every call of one of our modules in an example, with its options."""
    for name in shown:
        for entry in examples(shown, name):
            yield from ((key, value or {}) for key, value in entry.items() if key.startswith(PREFIX))


def unknown(options: Mapping[str, Any], given: Mapping[str, Any], place: str) -> Iterator[str]:
    """What is given and not documented, required and not given, or none of the choices."""
    yield from (f"{place}: there is no option {key}" for key in given if key not in options)
    yield from (f"{place}: {key} is required" for key, option in options.items() if option.get("required") and key not in given)
    for key, value in given.items():
        option = options.get(key, {})
        if option.get("choices") and not isinstance(value, list) and value not in option["choices"]:
            yield f"{place}: {key} is not {value}"
        entries = value if isinstance(value, list) else [value]
        for entry in entries if option.get("suboptions") else ():
            yield from unknown(option["suboptions"], entry, f"{place}: {key}") if isinstance(entry, dict) else ()


def test_every_example_gives_options_that_there_are(shown: Mapping[str, Any]) -> None:
    found = list(calls(shown))
    assert {name for name, dummy in found} >= {name for name in shown if shown[name]["doc"].get("module")}
    assert [sentence for name, given in found for sentence in unknown(shown[name]["doc"]["options"], given, name)] == []


def against(stand_in: StandIn, tasks: list[dict[str, Any]], folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Run the tasks as they are; only the address of the server is given."""
    host, port = stand_in.caller.address
    for name, source in COPIES.items():
        stand_in.post("/api/copy", source=source, destination=name)
    url = f"http://{host}:{port}"
    asked = [{key: {**value, "url": url} if key.startswith(PREFIX) and "url" in (value or ()) else value for key, value in task.items()} for task in tasks]
    plays = [play(asked, module_defaults={"group/keepwarm.ollama.ollama": {"url": url}})]
    (folder / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    interpreter = f"ansible_python_interpreter={sys.executable}"
    return run("ansible-playbook", "--inventory", "localhost,", "--connection", "local", "--extra-vars", interpreter, "play.yml", folder=folder)


def test_the_examples_of_ollama_warm_and_ollama_info_run(shown: Mapping[str, Any], stand_in: StandIn, tmp_path: pathlib.Path) -> None:
    tasks = [task for task in examples(shown, f"{PREFIX}ollama_warm") if task["name"] not in PROOF]
    tasks += examples(shown, f"{PREFIX}ollama_info")[:2]  # the others look at what an agent has measured
    done = against(stand_in, tasks, tmp_path)
    assert done.returncode == 0, done.stdout
    assert set(stand_in.residents()) == {"qwen3", "nomic-embed-text", "llama3"}
    assert "qwen3:8b" in done.stdout.partition("TASK [Show what is in memory for ever]")[2]


def test_the_proof_of_a_server_whose_processes_cannot_be_seen_says_why_it_is_none(shown: Mapping[str, Any], stand_in: StandIn, tmp_path: pathlib.Path) -> None:
    tasks = examples(shown, f"{PREFIX}ollama_warm")
    first, proof = tasks[0], [task for task in tasks if task["name"] in PROOF]
    assert [task["name"] for task in proof] == list(PROOF)
    done = against(stand_in, [first, *proof], tmp_path)
    assert done.returncode == 2
    assert "qwen3:8b is listed, but whether its runner lives cannot be seen from here" in done.stdout
