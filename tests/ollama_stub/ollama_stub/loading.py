# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading one model: does it fit, start its runner, wait for it (server/sched.go:load)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .counters import Counters
from .environment import Environment
from .faults import Faults
from .gguf_header import Header
from .hardware import Hardware, system_memory
from .human import binary_bytes
from .launching import LaunchPlanner, capped
from .log import Logger
from .options import Options
from .pending import ModelGone, Pending
from .request_context import Cancelled
from .runner_process import LoadFailed, RunnerProcess
from .runner_ref import RunnerRef

Loaded = Mapping[str, RunnerRef]


@dataclass(frozen=True)
class LoadResult:
    """A runner that is ready; or, before another try, others have to make room; or neither, when
    the request has been told why."""

    runner: RunnerRef | None = None
    make_room: bool = False


class Loader:
    """Loads one model at a time."""

    def __init__(
        self,
        environment: Environment,
        hardware: Hardware,
        planner: LaunchPlanner,
        faults: Faults,
        counters: Counters,
        program: str,
        log: Logger,
    ) -> None:
        self._environment = environment
        self._hardware = hardware
        self._planner = planner
        self._faults = faults
        self._counters = counters
        self._program = program
        self._log = log
        self.loading: RunnerProcess | None = None

    async def load(self, pending: Pending, loaded: Loaded, require_full: bool) -> LoadResult:
        """Load the model of a request; REQUIRE_FULL: only if it fits beside the others."""
        header = pending.model.header
        if not header:
            self._log.info("sched.go:528", "failed to load model metadata", model=pending.model.path)
            pending.fail(ModelGone(f"open {pending.model.path}: no such file or directory"))
            return LoadResult()
        predicted, context = self._planner.predicted(pending.model, header, pending.options)
        options = self._planner.with_automatic_batch(pending.model, pending.options, context)
        if require_full and not self._fits(predicted, context, options, loaded):
            return LoadResult(make_room=True)
        pending.options, use_mmap_auto = self._planner.without_mmap(options)
        if use_mmap_auto:
            message = "disabling mmap for llama-server load by default"
            self._log.info("sched.go:1155", message, model=pending.model.path, reason="cpu")
        self._log.info("server.go:109", "using llama-server for model", model=pending.model.path)
        process = self._prepare(pending, header)
        occupied = self._planner.occupied(pending.model, header, context)
        process.placement = self._hardware.place(occupied, _used_vram(loaded))
        try:
            await self._run(process, pending)
        except (Cancelled, LoadFailed) as error:
            return await self._give_up(pending, process, error, bool(loaded))
        return LoadResult(self._runner(pending, process, header, use_mmap_auto))

    def log_free_memory(self, loaded: Loaded) -> None:
        if not self._hardware.has_gpu:
            return
        self._log.info(
            "sched.go:1330",
            "updated VRAM based on existing loaded models",
            gpu="GPU-0",
            library="CUDA",
            total=binary_bytes(self._hardware.vram_total),
            available=binary_bytes(self._hardware.free_vram(_used_vram(loaded))),
        )

    def _fits(self, predicted: int, context: int, options: Options, loaded: Loaded) -> bool:
        """The server wants to stay below 80 % of what is free."""
        if not self._hardware.has_gpu or not loaded:
            return True
        free = self._hardware.free_vram(_used_vram(loaded))
        fits = predicted <= free * 80 // 100
        verdict = "fits alongside existing models" if fits else "predicted to exceed available memory, evicting"
        self._log.info(
            "sched.go:560" if fits else "sched.go:548",
            f"llama-server model {verdict}",
            predicted=binary_bytes(predicted),
            predicted_num_ctx=context,
            num_batch=options.runner.num_batch,
            available=binary_bytes(free),
            gpu_free=binary_bytes(free),
            system_free=binary_bytes(system_memory()[1]),
            system_limited=False,
        )
        return fits

    def _prepare(self, pending: Pending, header: Header) -> RunnerProcess:
        """The process to start, with the troubles that the side door ordered for it."""
        trouble = self._faults.next_load(pending.model.name.shortest)
        launch = self._planner.launch(
            pending.model, header, pending.options, pending.context_shift, trouble.failure
        )
        if trouble.seconds is not None:
            launch = replace(launch, load_seconds=trouble.seconds)
        return RunnerProcess(self._program, launch, self._log)

    async def _run(self, process: RunnerProcess, pending: Pending) -> None:
        """Start it and wait until it serves. Raises Cancelled or LoadFailed."""
        self.loading = process
        self._counters.loads[pending.model.name.shortest] += 1
        self._counters.loads_by_blob[pending.model.path] += 1
        try:
            await process.start()
        except OSError as error:
            raise LoadFailed(f"error starting llama-server: {error} ") from error
        total, free, swap = (binary_bytes(size) for size in system_memory())
        self._log.info("sched.go:607", "system memory", total=total, free=free, free_swap=swap)
        await process.load(pending.context)
        self.loading = None

    async def _give_up(
        self, pending: Pending, process: RunnerProcess, error: Exception, others: bool
    ) -> LoadResult:
        """Clean up after a failed load; one that ran out of memory is tried again on its own."""
        path = pending.model.path
        self._log.info("sched.go:641", "Load failed", model=path, error=str(error))
        await process.close()
        self.loading = None
        self._counters.aborted_loads[pending.model.name.shortest] += 1
        if "out of memory" in str(error) and others and not pending.retried_for_memory:
            pending.retried_for_memory = True
            message = "llama-server load failed; evicting all other models and retrying once"
            self._log.warn("sched.go:670", message, model=path, error=str(error))
            return LoadResult(make_room=True)
        pending.fail(error)
        return LoadResult()

    def _runner(
        self, pending: Pending, process: RunnerProcess, header: Header, use_mmap_auto: bool
    ) -> RunnerRef:
        """The environment's keep_alive counts only here, where a runner is new."""
        duration = self._environment.keep_alive
        if pending.session_duration is not None:
            duration = pending.session_duration
        context = capped(pending.options.runner.num_ctx, header.context_length)
        return RunnerRef(
            key=pending.model.path,
            process=process,
            model=pending.model,
            options=replace(pending.options.runner, num_ctx=context),
            session_duration=duration,
            num_ctx_auto=pending.options.num_ctx_auto,
            num_batch_auto=pending.options.num_batch_auto,
            use_mmap_auto=use_mmap_auto,
            context_shift=pending.context_shift,
            train_context=header.context_length,
        )


def _used_vram(loaded: Loaded) -> int:
    return sum(runner.process.placement.vram for runner in loaded.values())
