# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that node_exporter's textfile collector reads, through a link of root's in the folder that it looks into."""

from __future__ import annotations

import time
from dataclasses import replace

from keepwarm._base.files import replace_file
from keepwarm._residency.server.processes import server_identity

from .. import exits
from ..configuration import Configuration
from ..instance import Instance
from ..state.hold import current_hold
from ..state.state import LastPass, State
from .exposition import text
from .sampling import RESULTS, Moment, samples

_MODE = 0o644  # node_exporter is another user, and the unit's umask would keep it out


def publish_beginning(instance: Instance, configuration: Configuration, state: State) -> None:
    """A pass begins: its loads may take long, and what was in memory before a restart of the server no longer is."""
    _tell(instance, configuration, state, begun=time.time())


def tell_end(instance: Instance, configuration: Configuration, state: State) -> None:
    """A pass has ended."""
    last = state.last_pass
    if last and last.exit in RESULTS:
        _tell(instance, configuration, state, begun=last.at - last.seconds)


def publish_skip(instance: Instance, configuration: Configuration, state: State, code: int) -> None:
    """A pass was skipped; the exit status `code` says why. What this start of the server was not seen with, it does not have."""
    now = time.time()
    server = server_identity(configuration.own_unit, url=configuration.url) if configuration.own_unit else state.server
    result = code if code in (exits.STOPPED, exits.UNDECLARED) else exits.ON_HOLD
    last = state.last_pass if result == exits.ON_HOLD else None
    skipped = replace(last or LastPass(at=now, seconds=0, exit=result, server=server), at=now, seconds=0, exit=result)
    _tell(instance, configuration, replace(state, server=server, last_pass=skipped), begun=now)


def _tell(instance: Instance, configuration: Configuration, state: State, begun: float) -> None:
    """Raises `OSError`."""
    if configuration.metrics is not None:
        hold = current_hold(instance)
        moment = Moment(begun, hold.until if hold else 0)
        content = text(instance.name, samples(configuration, configuration.metrics, state, moment))
        replace_file(instance.metrics, content, mode=_MODE, durable=False)
