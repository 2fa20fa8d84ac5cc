# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `ollama` command."""

from __future__ import annotations

import argparse
import asyncio
import errno
import sys
from collections.abc import Sequence
from typing import Callable

from . import STAND_IN, VERSION, commands, process_title
from .application import Application
from .client import Client, ServerError, ServerUnreachable
from .environment import Environment
from .modelfile import ModelfileError

Run = Callable[[Client, argparse.Namespace], None]
_BIND_ERRORS = {errno.EADDRINUSE: "bind: address already in use", errno.EADDRNOTAVAIL: "bind: cannot assign requested address"}


def main(program: str, runner_program: str, arguments: Sequence[str]) -> int:
    """Run one command; PROGRAM and RUNNER_PROGRAM are the installed bin/ollama and llama-server."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    environment = Environment()
    client = Client(environment.host)
    if parsed.version:
        commands.version(client, VERSION)
        return 0
    if not parsed.command:
        parser.print_help()
        return 0
    if parsed.command in ("serve", "start"):
        return _serve(program, runner_program, environment)
    try:
        parsed.run(client, parsed)
    except (ServerError, ServerUnreachable, ModelfileError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(program: str, runner_program: str, environment: Environment) -> int:
    process_title.set_program(program)
    try:
        asyncio.run(_application(environment, runner_program))
    except OSError as error:
        reason = _BIND_ERRORS.get(error.errno or errno.EADDRNOTAVAIL, str(error))  # for this one asyncio raises an error without a number
        print(f"Error: listen tcp {environment.host.netloc}: {reason}", file=sys.stderr)
        return 1
    return 0


async def _application(environment: Environment, runner_program: str) -> None:
    """Made within the event loop: before Python 3.10, its queues belong to the loop they are made in."""
    await Application(environment, runner_program).serve()


def _parser() -> argparse.ArgumentParser:
    description = f"Large language model runner ({STAND_IN})"
    parser = argparse.ArgumentParser(prog="ollama", description=description)
    parser.add_argument("-v", "--version", action="store_true", help="Show version information")
    add = parser.add_subparsers(dest="command", metavar="COMMAND").add_parser
    _command(add("serve", aliases=["start"], help="Start Ollama"), None)
    create = _command(add("create", help="Create a model"), commands.create, "model")
    create.add_argument("-f", "--file", help='Name of the Modelfile (default "Modelfile")')
    show = _command(add("show", help="Show information for a model"), commands.show, "model")
    for part in ("license", "modelfile", "parameters", "system", "template"):
        show.add_argument(f"--{part}", action="store_true")
    run = _command(add("run", help="Run a model"), commands.run, "model")
    run.add_argument("prompt", nargs="*")
    run.add_argument("--keepalive", default="")
    pull = _command(add("pull", help="Pull a model from a registry"), commands.pull, "model")
    pull.add_argument("--insecure", action="store_true")
    listing = _command(add("list", aliases=["ls"], help="List models"), commands.list_models)
    listing.add_argument("prefix", nargs="?")
    _command(add("ps", help="List running models"), commands.list_running)
    _command(add("stop", help="Stop a running model"), commands.stop, "model")
    _command(add("cp", help="Copy a model"), commands.copy, "source", "destination")
    remove = _command(add("rm", help="Remove a model"), commands.remove)
    remove.add_argument("models", nargs="+")
    return parser


def _command(
    parser: argparse.ArgumentParser, run: Run | None, *words: str
) -> argparse.ArgumentParser:
    for word in words:
        parser.add_argument(word)
    parser.set_defaults(run=run)
    return parser
