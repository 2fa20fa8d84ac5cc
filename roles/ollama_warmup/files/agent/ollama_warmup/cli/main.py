# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Callable

from keepwarm._base.readers import InvalidValue

from .. import exits
from ..instance import DEFAULT, Instance, InstanceError
from ..problems import sentences
from .instances import for_each, print_status_data, select_instances

_EXITS = """exit status: 0 warm; 1 a required model is not resident; 2 bad configuration; 3 server unreachable;
4 server stopped by an operator; 5 on hold; 75 another pass is running"""

_ORDERS = ("hold", "release", "drain", "undrain")
_LENGTH = "how long: seconds, or a duration such as 2h or 1h30m; at most 30 days"
_DOCTOR = "Look at everything that keeps a host from being warm; change nothing. Exit status: 0 nothing wrong; 1 problems found; 2 could not look."


def main(arguments: Sequence[str] | None = None, root: str = "/") -> int:
    """Carry out one command; returns its exit status."""
    wanted = _parser().parse_args(arguments)
    status = _run(wanted, root)
    if wanted.command == "condition" and status not in (exits.WARM, exits.STOPPED, exits.SKIPPED):
        return exits.NO_CONDITION
    return status


def _run(wanted: argparse.Namespace, root: str) -> int:
    try:
        instances = select_instances(wanted.instance, wanted.command, root)
    except InstanceError as error:
        return _complain([str(error)])
    if wanted.command == "status":
        return _status(wanted, root, instances)
    return for_each(instances, lambda instance: _spoken(lambda: _carry_out(wanted, instance)))


def _status(wanted: argparse.Namespace, root: str, instances: Sequence[Instance]) -> int:
    """All are looked at at once: a server that hangs costs its own seconds only. The worst one is shown first."""
    from .commands import show
    from .looking import look_at, worst_first

    if wanted.watch is not None:
        return _watch_status(wanted, root)
    seen = look_at(instances)
    if wanted.json and len(instances) > 1:
        return print_status_data(instances, seen)
    return for_each(worst_first(instances, seen), lambda instance: _spoken(lambda: show(seen(instance), wanted.json, wanted.no_color)))


def _watch_status(wanted: argparse.Namespace, root: str) -> int:
    from .redraw import drawing, redraw
    from .terminal import this_terminal

    if not sys.stdout.isatty():
        return _complain(["--watch draws on a terminal, and standard output is none; for a program there is 'status --json'"])
    draw = drawing(lambda: select_instances(wanted.instance, wanted.command, root))
    return redraw(draw, lambda: this_terminal(wanted.no_color), wanted.watch)


def _spoken(carry_out: Callable[[], int]) -> int:
    """The command's exit status; whatever an operator is to know of its failure is a sentence."""
    try:
        return carry_out()
    except (InvalidValue, OSError) as error:
        return _complain(sentences(error))


def _carry_out(wanted: argparse.Namespace, instance: Instance) -> int:
    if wanted.command == "condition":
        from .condition import condition

        return condition(instance)
    if wanted.command in _ORDERS:
        return _order(wanted, instance)
    if wanted.command in ("ready", "answer"):
        return _tell_readiness(wanted, instance)
    if wanted.command == "watch":
        from ..watch.watcher import watch

        watch(instance)
    if wanted.command == "notify":
        return _notify(instance, wanted.test)
    if wanted.command == "doctor":
        from .doctor import doctor

        return doctor(wanted.instance, wanted.json)
    if wanted.command == "wait":
        from .waiting import wait

        return wait(instance, wanted.timeout)
    from . import commands

    if wanted.command == "validate":
        return commands.validate(wanted.file)
    return commands.check(instance) if wanted.command == "check" else commands.run(instance)


def _order(wanted: argparse.Namespace, instance: Instance) -> int:
    from . import hold_commands

    if wanted.command == "hold":
        return hold_commands.hold(instance, wanted.length, wanted.reason)
    if wanted.command == "release":
        return hold_commands.release(instance)
    if wanted.command == "drain":
        return hold_commands.drain(instance, wanted.length, wanted.reason, wanted.for_upgrade)
    return hold_commands.undrain(instance, wanted.for_upgrade)


def _tell_readiness(wanted: argparse.Namespace, instance: Instance) -> int:
    from . import ready_commands

    if wanted.command == "answer":
        return ready_commands.answer_probes(instance, wanted.agent_port)
    return ready_commands.ready(instance, wanted.model)


def _notify(instance: Instance, test: bool) -> int:
    if test:
        from ..notify.notifications import queue_test

        return queue_test(instance)
    from ..notify.sender import notify

    return notify(instance, os.environ)


def _complain(problems: Sequence[str]) -> int:
    for problem in problems:
        print(f"ollama-warmup: {problem}", file=sys.stderr)
    return exits.BAD_CONFIGURATION


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ollama-warmup",
        description="Keeps the declared models of an Ollama server resident.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--instance", metavar="NAME", help=f"which server (default: all there are; {DEFAULT} for wait)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="make a pass now")
    commands.add_parser("check", help="look at the server now, and change nothing")
    _add_status(commands.add_parser("status", help="look at the server for some seconds, and tell that and the last pass"))
    doctor = commands.add_parser("doctor", help="tell why a host is not warm (root)", description=_DOCTOR)
    doctor.add_argument("--json", action="store_true")
    waiting = commands.add_parser("wait", help="come back when every required model is resident")
    waiting.add_argument("--timeout", type=float, metavar="SECONDS", help="give up after this long (default: never)")
    holding = commands.add_parser("hold", help="make no pass for a while (root)", description="Make no pass until the time is over, reboots included.")
    _add_order(holding)
    commands.add_parser("release", help="end the hold, and make a pass (root)")
    draining = commands.add_parser("drain", help="tell load balancers to send nothing for a while; passes go on (root)")
    _add_order(draining)
    undraining = commands.add_parser("undrain", help="end the drain, and make a pass (root)")
    for each in (draining, undraining):
        each.add_argument("--for-upgrade", action="store_true", help="the drain of a play that upgrades the server, beside an operator's")
    ready = commands.add_parser("ready", help="tell in a word what load balancers are told; exit status 0 if it is ready, else 1")
    ready.add_argument("model", nargs="?", metavar="MODEL", help="this model only (default: every required one)")
    answering = commands.add_parser("answer", help="answer load balancers on the sockets that systemd hands over (the unit runs this)")
    answering.add_argument("--agent-port", type=int, metavar="PORT", help="where HAProxy's agent-check is answered; HTTP on all others")
    commands.add_parser("validate", help="judge a configuration file").add_argument("file")
    commands.add_parser("watch", help="request a pass whenever the server or a runner ends (the unit ollama-warmup-watch.service)")
    notifying = commands.add_parser("notify", help="send the notifications that are pending (their unit runs this)")
    notifying.add_argument("--test", action="store_true", help="add one to them that only says that it is a test")
    commands.add_parser("condition", help="tell whether there is a server to look after (the unit asks this)")
    return parser


def _add_order(order: argparse.ArgumentParser) -> None:
    order.add_argument("length", metavar="LENGTH", help=_LENGTH)
    order.add_argument("--reason", default="", metavar="TEXT", help="told by status, and in the journal")


def _add_status(status: argparse.ArgumentParser) -> None:
    forms = status.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="for programs")
    forms.add_argument("--watch", type=_pause, nargs="?", const=2.0, metavar="SECONDS", help="look again and again (every 2 s), until Ctrl-C")
    status.add_argument("--no-color", action="store_true", help="no colours, as where NO_COLOR is set or the output is no terminal")


def _pause(text: str) -> float:
    """Raises what argparse makes a sentence of."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.5 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no pause: give seconds from 0.5 to 3600")
    return seconds
