# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One resident model as the scheduler holds it (server/sched.go:runnerRef)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from .clock import WALL
from .human import binary_bytes
from .log import Group
from .models import Model
from .options import RunnerOptions
from .runner_process import RunnerProcess


@dataclass
class RunnerRef:
    """A loaded runner, its users and its time of expiry.

    `lock` is the real one's refMu: held while it is set up, judged and unloaded. Durations and
    times are nanoseconds; expires_at is None until the first request on it has ended.
    """

    key: str  # path of the weights blob
    process: RunnerProcess
    model: Model | None  # None once unloaded
    options: RunnerOptions | None
    session_duration: int
    num_ctx_auto: bool
    num_batch_auto: bool
    use_mmap_auto: bool
    context_shift: bool
    train_context: int

    def __post_init__(self) -> None:
        self.lock = asyncio.Lock()
        self.ref_count = 0
        self.expires_at: int | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.pid = self.process.pid
        self.evicted_for_room = False

    def stop_timer(self) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None

    @property
    def eviction_order(self) -> tuple[int, str]:
        """Shortest keep_alive first, as an unsigned number; equal ones by path (ByDurationAndName)."""
        return self.session_duration % 2**64, self.key

    def shown_expiry(self) -> int:
        """What /api/ps tells: an estimate as long as no request has ended."""
        return self.expires_at or WALL.now_ns() + self.session_duration

    async def unload(self) -> None:
        """End the process. The lock must be held."""
        self.stop_timer()
        await self.process.close()
        self.model = None
        self.options = None
        self.context_shift = False

    def logged(self) -> Group:
        """The pairs of its log lines (runnerRef.LogValue)."""
        values: dict[str, str | int] = {}
        if self.model:
            values["name"] = self.model.name.full
        values["size"] = binary_bytes(self.process.placement.total)
        values["vram"] = binary_bytes(self.process.placement.vram)
        values["parallel"] = self.process.launch.num_parallel
        values["pid"] = self.pid
        values["model"] = self.key
        if self.options:
            values["num_ctx"] = self.options.num_ctx
        return Group(values)
