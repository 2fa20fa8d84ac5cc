# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The side door: a unix socket, open only if OLLAMA_STUB_CONTROL names its path.

One JSON object per line is asked, one is answered. Commands (`do`):
  counters [reset]                      what the server did
  fault kind path count seconds status message     see faults.RequestFault
  load model count seconds failure      see faults.LoadFault
  clear                                 forget all ordered faults
  tune [load_seconds] [tokens_per_second]          null gives the default back
  hardware [vram] [taken_by_others] [gpu_share]    sizes like "8GiB"; gpu_share 0 is a lost GPU
  clock skew                            the wall clock, in seconds beside the host's
  runners                               process ids of the residents
  users                                 how many requests hold each of them
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any, Callable

from .clock import WALL
from .counters import Counters
from .faults import Faults, LoadFault, RequestFault
from .hardware import Hardware, parse_size
from .launching import LoadTuning
from .scheduler import Scheduler

Order = dict[str, Any]


class ControlDoor:
    """Carries out orders from tests."""

    def __init__(
        self,
        counters: Counters,
        faults: Faults,
        hardware: Hardware,
        tuning: LoadTuning,
        scheduler: Scheduler,
    ) -> None:
        self._counters = counters
        self._faults = faults
        self._hardware = hardware
        self._tuning = tuning
        self._scheduler = scheduler
        self._server: asyncio.AbstractServer | None = None
        self._path = ""
        self._commands: dict[str, Callable[[Order], Any]] = {
            "counters": self._count,
            "fault": self._fault,
            "load": self._load,
            "clear": self._clear,
            "tune": self._tune,
            "hardware": self._set_hardware,
            "clock": self._set_clock,
            "runners": lambda _order: self._scheduler.runner_processes(),
            "users": lambda _order: self._scheduler.users(),
        }

    async def open(self, path: str) -> None:
        """Listen at PATH; an empty one leaves the door closed. Anybody on the host may use it."""
        if not path:
            return
        if os.path.exists(path):
            os.unlink(path)
        self._path = path
        self._server = await asyncio.start_unix_server(self._serve, path)
        os.chmod(path, 0o666)

    async def close(self) -> None:
        if self._server:
            self._server.close()
            if os.path.exists(self._path):
                os.unlink(self._path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for line in reader:
                writer.write(json.dumps(self._obey(line)).encode() + b"\n")
                await writer.drain()
        except OSError:
            pass  # the client did not wait for its answer
        finally:
            writer.close()

    def _obey(self, line: bytes) -> dict[str, Any]:
        try:
            order = json.loads(line)
            command = self._commands[order.pop("do")]
            return {"ok": command(order)}
        except KeyError as error:
            return {"error": f"{error} is no command: use one of {', '.join(self._commands)}"}
        except (TypeError, ValueError, AttributeError) as error:
            return {"error": str(error)}

    def _count(self, order: Order) -> Any:
        counted = self._counters.as_json()
        if order.get("reset"):
            self._counters.reset()
        return counted

    def _fault(self, order: Order) -> Any:
        self._faults.order_request(RequestFault(**order))
        return self._faults.as_json()

    def _load(self, order: Order) -> Any:
        self._faults.order_load(LoadFault(**order))
        return self._faults.as_json()

    def _clear(self, _order: Order) -> Any:
        self._faults.clear()
        return self._faults.as_json()

    def _tune(self, order: Order) -> Any:
        for name in ("load_seconds", "tokens_per_second"):
            if name in order:
                value = order[name]
                setattr(self._tuning, name, None if value is None else float(value))
        return vars(self._tuning)

    def _set_hardware(self, order: Order) -> Any:
        if "vram" in order:
            self._hardware.vram_total = parse_size(str(order["vram"]))
        if "taken_by_others" in order:
            self._hardware.taken_by_others = parse_size(str(order["taken_by_others"]))
        if "gpu_share" in order:
            share = order["gpu_share"]
            self._hardware.gpu_share = None if share is None else float(share)
        return vars(self._hardware)

    def _set_clock(self, order: Order) -> Any:
        WALL.skew = float(order.get("skew", 0))
        return vars(WALL)
