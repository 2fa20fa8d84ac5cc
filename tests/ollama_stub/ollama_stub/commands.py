# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that talk to a running server: create, list, ps, show, rm and others (cmd/cmd.go)."""

from __future__ import annotations

import argparse
import calendar
import hashlib
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from . import human, modelfile
from .client import Client, ServerError
from .modelfile import Modelfile, ModelfileError


def create(client: Client, arguments: argparse.Namespace) -> None:
    """Make a model from a Modelfile, uploading the GGUF file that it names."""
    path = arguments.file or "Modelfile"
    try:
        with open(path, encoding="utf-8") as file:
            recipe = modelfile.parse(file.read())
    except FileNotFoundError as error:
        raise ModelfileError("no Modelfile or safetensors files found") from error
    request = {"model": arguments.model, **recipe.as_request(), **_source(client, recipe, path)}
    for line in client.stream("POST", "/api/create", request):
        print(line["status"], file=sys.stderr)


def _source(client: Client, recipe: Modelfile, path: str) -> dict[str, Any]:
    base = os.path.dirname(os.path.abspath(path))
    candidate = os.path.join(base, os.path.expanduser(recipe.source))
    if not os.path.isfile(candidate):
        return {"from": recipe.source}
    digest, size = _digest(candidate)
    if not client.has_blob(digest):
        with open(candidate, "rb") as file:
            client.put_blob(digest, file, size)
    return {"files": {os.path.basename(candidate): digest}}


def _digest(path: str) -> tuple[str, int]:
    hasher, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            hasher.update(chunk)
            size += len(chunk)
    return f"sha256:{hasher.hexdigest()}", size


def list_models(client: Client, arguments: argparse.Namespace) -> None:
    rows = []
    for model in client.call("GET", "/api/tags")["models"]:
        if model["name"].lower().startswith((arguments.prefix or "").lower()):
            size = "-" if model.get("remote_model") else human.decimal_bytes(model["size"])
            when = human.relative_time(_epoch(model["modified_at"]) - time.time())
            rows.append([model["name"], model["digest"][:12], size, when])
    _print_table(["NAME", "ID", "SIZE", "MODIFIED"], rows)


def list_running(client: Client, _arguments: argparse.Namespace) -> None:
    rows = []
    for model in client.call("GET", "/api/ps")["models"]:
        left = _epoch(model["expires_at"]) - time.time()
        until = "Stopping..." if left < 0 else human.relative_time(left)
        size = human.decimal_bytes(model["size"])
        context = str(model["context_length"])
        rows.append([model["name"], model["digest"][:12], size, _processor(model), context, until])
    _print_table(["NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"], rows)


def _processor(model: dict[str, Any]) -> str:
    size, vram = model["size"], model["size_vram"]
    if vram == 0:
        return "100% CPU"
    if vram == size:
        return "100% GPU"
    if vram > size:
        return "Unknown"
    on_cpu = int((size - vram) / size * 100 + 0.5)
    return f"{on_cpu}%/{100 - on_cpu}% CPU/GPU"


def show(client: Client, arguments: argparse.Namespace) -> None:
    answer = client.call("POST", "/api/show", {"model": arguments.model})
    for part in ("modelfile", "parameters", "template", "system", "license"):
        if getattr(arguments, part):
            print(answer.get(part, ""))
            return
    details = answer["details"]
    info = answer.get("model_info", {})
    architecture = str(info.get("general.architecture", ""))
    _print_section("Model", [
        ("architecture", architecture),
        ("parameters", details["parameter_size"]),
        ("context length", str(info.get(f"{architecture}.context_length", ""))),
        ("embedding length", str(info.get(f"{architecture}.embedding_length", ""))),
        ("quantization", details["quantization_level"]),
    ])  # fmt: skip
    _print_section("Capabilities", [(each, "") for each in answer["capabilities"]])
    if answer.get("parameters"):
        rows = [line.split(None, 1) for line in answer["parameters"].splitlines()]
        _print_section("Parameters", [(row[0], row[-1]) for row in rows])


def remove(client: Client, arguments: argparse.Namespace) -> None:
    """Unload each model, then delete it; the first failure ends the command."""
    for model in arguments.models:
        try:
            client.call("POST", "/api/generate", {"model": model, "keep_alive": 0})
        except ServerError as error:
            if "not found" not in str(error):
                print(f"Warning: unable to stop model '{model}'", file=sys.stderr)
        client.call("DELETE", "/api/delete", {"model": model})
        print(f"deleted '{model}'")


def stop(client: Client, arguments: argparse.Namespace) -> None:
    try:
        client.call("POST", "/api/generate", {"model": arguments.model, "keep_alive": 0})
    except ServerError as error:
        if error.status == 404:
            raise ServerError(404, f"couldn't find model \"{arguments.model}\" to stop") from error
        raise


def copy(client: Client, arguments: argparse.Namespace) -> None:
    body = {"source": arguments.source, "destination": arguments.destination}
    client.call("POST", "/api/copy", body)
    print(f"copied '{arguments.source}' to '{arguments.destination}'")


def pull(client: Client, arguments: argparse.Namespace) -> None:
    body = {"model": arguments.model, "insecure": arguments.insecure}
    for line in client.stream("POST", "/api/pull", body):
        print(line["status"], file=sys.stderr)


def run(client: Client, arguments: argparse.Namespace) -> None:
    """Load a model, and answer a prompt if one is given; there is no conversation."""
    body: dict[str, Any] = {"model": arguments.model, "prompt": " ".join(arguments.prompt)}
    if arguments.keepalive:
        body["keep_alive"] = arguments.keepalive
    for line in client.stream("POST", "/api/generate", body):
        sys.stdout.write(line["response"])
    print()


def _epoch(timestamp: str) -> float:
    """Seconds since 1970 of a Go timestamp, to the second."""
    moment = calendar.timegm(time.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S"))
    if timestamp.endswith("Z"):
        return moment
    minutes = int(timestamp[-5:-3]) * 60 + int(timestamp[-2:])
    return moment - minutes * 60 if timestamp[-6] == "+" else moment + minutes * 60


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns padded to their widest cell and four spaces, as tablewriter does."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        print("    ".join(cell.ljust(width) for cell, width in zip(row, widths)) + "    ")


def _print_section(title: str, rows: Sequence[tuple[str, str]]) -> None:
    print(f"  {title}")
    for name, value in rows:
        print(f"    {name:<19} {value}".rstrip())
    print()


def version(client: Client, own: str) -> None:
    """What `ollama --version` prints (cmd.go:versionHandler)."""
    try:
        server = str(client.call("GET", "/api/version")["version"])
    except Exception:  # whatever keeps the server from answering, the client's version is printed
        print("Warning: could not connect to a running Ollama instance")
        server = ""
    if server:
        print(f"ollama version is {server}")
    if server != own:
        print(f"Warning: client version is {own}")
