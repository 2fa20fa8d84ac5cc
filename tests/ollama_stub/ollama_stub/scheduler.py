# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is resident, until when, and who goes: a port of server/sched.go.

The real scheduler is two goroutines: one places pending requests one at a time (and so
serialises loads), the other handles ended requests, expiries and unloads. Here they are two
tasks of one event loop, with the same messages between them, since the order in which they
see things is what other programs notice. Log lines are the real ones.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from typing import Callable

from . import go_duration
from .clock import WALL
from .counters import Counters
from .environment import Environment
from .hardware import Hardware, Placement
from .launching import capped
from .loading import Loader
from .log import Logger
from .models import Model
from .options import Options
from .pending import Pending, QueueFull, resolve_shift
from .request_context import Cancelled, RequestContext
from .runner_process import LoadFailed
from .runner_ref import RunnerRef

_MODELS_PER_GPU = 3
_MIN_CONTEXT = 4
_MIN_VISION_CONTEXT = 2048
_REQUEUE_SECONDS = 0.01
_VRAM_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Resident:
    """One entry of /api/ps; the time is nanoseconds since 1970."""

    model: Model
    placement: Placement
    context_length: int
    expires_at: int


class Scheduler:
    """Places requests on runners."""

    def __init__(
        self,
        environment: Environment,
        hardware: Hardware,
        loader: Loader,
        counters: Counters,
        log: Logger,
    ) -> None:
        self._environment = environment
        self._hardware = hardware
        self._loader = loader
        self._counters = counters
        self._log = log
        self._loaded: dict[str, RunnerRef] = {}
        self._max_runners = environment.max_loaded_models
        self._pending: deque[Pending] = deque()
        self._waiting_for_pending = False
        self._unloaded = 0  # unload events that the placing task has not yet seen
        self._wake = asyncio.Event()
        self._events: asyncio.Queue[Callable[[], object]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._log.debug("sched.go:229", "starting llm scheduler")
        self._waiting_for_pending = True
        self._tasks = [
            asyncio.ensure_future(self._place_pending()),
            asyncio.ensure_future(self._handle_events()),
        ]

    async def stop(self) -> None:
        """Kill every runner, as the real server does on SIGTERM."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        processes = [runner.process for runner in self._loaded.values()]
        processes += [self._loader.loading] if self._loader.loading else []
        for process in processes:
            process.kill()
        for process in processes:
            await process.close()

    # --- what routes ask for ---------------------------------------------------------------

    async def runner_for(
        self,
        context: RequestContext,
        model: Model,
        options: Options,
        session_duration: int | None,
        shift: bool | None,
    ) -> RunnerRef:
        """A runner for a request, which holds it until its context ends.

        Raises QueueFull, Cancelled, LoadFailed or ModelGone. Source: getRunner.
        """
        floor = _MIN_VISION_CONTEXT if "vision" in model.capabilities else _MIN_CONTEXT
        num_ctx = max(options.runner.num_ctx, floor)
        options = replace(options, runner=replace(options.runner, num_ctx=num_ctx))
        pending = Pending(
            context=context,
            model=model,
            options=options,
            session_duration=session_duration,
            context_shift=resolve_shift(shift, model),
            granted=asyncio.get_running_loop().create_future(),
        )
        runner = self._loaded.get(model.path)
        if runner and not await self._needs_reload(runner, pending):
            await self._use_loaded(runner, pending)
        else:
            self._enqueue(pending)
        return await pending.granted

    def _enqueue(self, pending: Pending) -> None:
        """Hand over to the placing task if it waits, else queue, else refuse.

        A Go channel does the same: a waiting receiver takes what is sent without using the
        channel's capacity.
        """
        if self._waiting_for_pending:
            self._waiting_for_pending = False
        elif len(self._pending) >= self._environment.max_queue:
            pending.fail(QueueFull())
            return
        self._pending.append(pending)
        self._wake.set()

    async def expire(self, model: Model) -> None:
        """Unload a model as soon as it is idle (keep_alive 0). Source: expireRunner."""
        runner = self._loaded.get(model.path)
        if not runner:
            return
        async with runner.lock:
            runner.expires_at = WALL.now_ns()
        await self._expire_soon(runner)

    async def residents(self) -> list[Resident]:
        """What /api/ps lists, longest expiry first (to the second). Source: loadedModels."""
        found = []
        for runner in list(self._loaded.values()):
            async with runner.lock:
                if runner.model:
                    found.append(self._resident(runner, runner.model))
        return sorted(found, key=lambda each: -(each.expires_at // go_duration.SECOND))

    def _resident(self, runner: RunnerRef, model: Model) -> Resident:
        placement = self._hardware.reported(runner.process.placement)
        num_ctx = runner.process.launch.options.num_ctx
        return Resident(model, placement, num_ctx, runner.shown_expiry())

    def runner_processes(self) -> dict[str, int]:
        """Process ids by model name, for the side door."""
        runners = [(each.model, each.pid) for each in self._loaded.values()]
        return {model.name.shortest: pid for model, pid in runners if model}

    def users(self) -> dict[str, int]:
        """How many requests hold each resident, by model name, for the side door."""
        runners = [(each.model, each.ref_count) for each in self._loaded.values()]
        return {model.name.shortest: count for model, count in runners if model}

    # --- placing pending requests, one at a time ---------------------------------------------

    async def _place_pending(self) -> None:
        while True:
            self._waiting_for_pending = not self._pending
            await self._wake.wait()
            if self._unloaded:
                self._unloaded -= 1
                self._log.debug("sched.go:378", "ignoring unload event with no pending requests")
            elif self._pending:
                self._waiting_for_pending = False
                await self._place_guarded(self._pending.popleft())
            if self._unloaded or self._pending:
                self._wake.set()  # may have been cleared while an unload was waited for
            else:
                self._wake.clear()

    async def _place_guarded(self, pending: Pending) -> None:
        if pending.context.done:
            message = "pending request cancelled or timed out, skipping scheduling"
            self._log.debug("sched.go:254", message)
            pending.fail(Cancelled())
            return
        while not await self._try_to_place(pending):
            pass

    async def _try_to_place(self, pending: Pending) -> bool:
        """One round; False asks for another, after something has been unloaded."""
        runner = self._loaded.get(pending.model.path)
        count = len(self._loaded)
        to_expire: RunnerRef | None
        if runner:
            if not await self._needs_reload(runner, pending):
                await self._use_loaded(runner, pending)
                return True
            self._log.debug("sched.go:275", "reloading", runner=runner.logged())
            self._counters.reloads[pending.model.name.shortest] += 1
            to_expire = runner
        elif 0 < self._max_runners <= count:
            message = "max runners achieved, unloading one to make room"
            self._log.debug("sched.go:284", message, runner_count=count)
            to_expire = await self._find_runner_to_unload()
        else:
            self._set_default_concurrency()
            if await self._load_if_it_fits(pending, count):
                return True
            if pending.retried_for_memory:
                await self._evict_all_and_wait(pending)
                return False
            to_expire = await self._find_runner_to_unload()
        if not to_expire:
            self._log.debug("sched.go:352", "runner to expire was nil, retrying")
            return False
        if to_expire is not runner:
            self._note_eviction(to_expire)
        await self._expire_and_wait(to_expire)
        return False

    def _note_eviction(self, runner: RunnerRef) -> None:
        if runner.model:
            self._counters.evictions[runner.model.name.shortest] += 1

    def _set_default_concurrency(self) -> None:
        if self._max_runners > 0:
            return
        self._max_runners = _MODELS_PER_GPU
        self._log.debug(
            "sched.go:312",
            "updating default concurrency",
            OLLAMA_MAX_LOADED_MODELS=self._max_runners,
            gpu_count=int(self._hardware.has_gpu),
        )

    async def _load_if_it_fits(self, pending: Pending, count: int) -> bool:
        """Load, or return False if something has to go first."""
        self._loader.log_free_memory(self._loaded)
        if count == 0:
            self._log.debug("sched.go:322", "loading first model", model=pending.model.path)
            return await self._load(pending, require_full=False)
        if not await self._load(pending, require_full=True):
            return False
        self._log.debug("sched.go:335", "new model fits with existing models, loading")
        return True

    async def _find_runner_to_unload(self) -> RunnerRef | None:
        """The first idle one in the order of eviction, else the first (findRunnerToUnload). One that is being set up is waited for:
        its lock is held until the request that it was loaded for counts, so that it is busy until that one is done."""
        runners = sorted(self._loaded.values(), key=lambda each: each.eviction_order)
        if not runners:
            self._log.debug("sched.go:1652", "no loaded runner to unload")
            return None
        for runner in runners:
            async with runner.lock:
                users = runner.ref_count
            if users == 0:
                message = "found an idle runner to unload"
                self._log.debug("sched.go:1668", message, runner=runner.logged())
                return runner
        self._log.debug(
            "sched.go:1673",
            "no idle runners, picking the shortest duration",
            runner_count=len(runners),
            runner=runners[0].logged(),
        )
        return runners[0]

    async def _expire_and_wait(self, runner: RunnerRef) -> None:
        """Have a runner unloaded once it is idle, and wait for an unload to happen."""
        await self._expire_soon(runner, "resetting model to expire immediately to make room")
        message = "waiting for pending requests to complete and unload to occur"
        self._log.debug("sched.go:369", message, runner=runner.logged())
        await self._wait_for_unload()
        self._log.debug("sched.go:375", "unload completed", runner=runner.logged())

    async def _expire_soon(self, runner: RunnerRef, message: str = "") -> None:
        """Have a runner unloaded as soon as it is idle."""
        async with runner.lock:
            if message:
                self._log.debug(
                    "sched.go:357", message, runner=runner.logged(), refCount=runner.ref_count
                )
            runner.stop_timer()
            runner.session_duration = 0
            if runner.ref_count <= 0:
                self._post_expired(runner)

    async def _wait_for_unload(self) -> None:
        while not self._unloaded:
            self._wake.clear()
            await self._wake.wait()
        self._unloaded -= 1

    async def _evict_all_and_wait(self, pending: Pending) -> None:
        """Unload every other model, for a second try after a load that ran out of memory."""
        others = [each for key, each in self._loaded.items() if key != pending.model.path]
        if others:
            message = "evicting all other loaded models for OOM retry"
            self._log.info("sched.go:1562", message, count=len(others))
        for runner in others:
            self._note_eviction(runner)
            await self._expire_soon(runner)
        for dummy in others:
            await self._wait_for_unload()

    # --- loading -------------------------------------------------------------------------------

    async def _load(self, pending: Pending, require_full: bool) -> bool:
        """Load a model; False if another has to make room first (sched.go:load)."""
        result = await self._loader.load(pending, self._loaded, require_full)
        if result.runner:
            await self._admit(pending, result.runner)
        return not result.make_room

    async def _admit(self, pending: Pending, runner: RunnerRef) -> None:
        """List a loaded runner and hand it to the request that wanted it."""
        await runner.lock.acquire()
        self._loaded[runner.key] = runner
        self._log.info("sched.go:731", "loaded runners", count=len(self._loaded))
        self._tasks.append(asyncio.ensure_future(self._finish_setup(runner, pending)))
        self._tasks = [task for task in self._tasks if not task.done()]

    async def _finish_setup(self, runner: RunnerRef, pending: Pending) -> None:
        try:
            await runner.process.wait_until_running(pending.context)
        except (Cancelled, LoadFailed) as error:
            self._log.error("sched.go:737", "error loading llama server", error=str(error))
            pending.fail(error)
            message = "triggering expiration for failed load"
            self._log.debug("sched.go:739", message, runner=runner.logged())
            self._post_expired(runner)
        else:
            self._log.debug("sched.go:743", "finished setting up", runner=runner.logged())
            runner.ref_count += 1
            self._release_when_done(pending, None)
            pending.grant(runner)
        finally:
            runner.lock.release()

    # --- using a loaded runner -----------------------------------------------------------------

    async def _use_loaded(self, runner: RunnerRef, pending: Pending) -> None:
        """Share a runner: the last explicit keep_alive wins, at arrival (useLoadedRunner)."""
        async with runner.lock:
            runner.ref_count += 1
            runner.stop_timer()
            if pending.session_duration is not None:
                runner.session_duration = pending.session_duration
            pending.grant(runner)
            self._release_when_done(pending, runner)

    def _release_when_done(self, pending: Pending, runner: RunnerRef | None) -> None:
        def release() -> None:
            message = "context for request finished"
            if runner:
                self._log.debug("sched.go:475", message, runner=runner.logged())
            else:
                self._log.debug("sched.go:751", message)
            self._events.put_nowait(lambda: self._finished(pending.model.path))

        pending.context.when_done(release)

    async def _needs_reload(self, runner: RunnerRef, pending: Pending) -> bool:
        """Whether a loaded runner does not suit a request, or is dead (needsReload)."""
        self._log.debug("sched.go:1376", "evaluating already loaded", model=pending.model.path)
        async with runner.lock:
            if not runner.options or runner.context_shift != pending.context_shift:
                return True
            wanted, present = pending.options.runner, runner.options
            wanted = replace(wanted, num_ctx=capped(wanted.num_ctx, runner.train_context))
            if runner.num_ctx_auto and pending.options.num_ctx_auto:
                wanted = replace(wanted, num_ctx=present.num_ctx)
            if runner.num_batch_auto and pending.options.num_batch_auto:
                wanted = replace(wanted, num_batch=present.num_batch)
            if runner.use_mmap_auto and wanted.use_mmap is None:
                wanted = replace(wanted, use_mmap=present.use_mmap)
            if wanted.num_gpu < 0:
                wanted, present = replace(wanted, num_gpu=-1), replace(present, num_gpu=-1)
            return wanted != present or not await runner.process.ping()

    # --- ended requests, expiries, unloads ---------------------------------------------------

    def _post_expired(self, runner: RunnerRef) -> None:
        self._events.put_nowait(lambda: self._expired(runner))

    async def _handle_events(self) -> None:
        while True:
            handled = (await self._events.get())()
            if asyncio.iscoroutine(handled):
                await handled

    async def _finished(self, key: str) -> None:
        """A request has ended: the expiry is written when it was the last one."""
        runner = self._loaded.get(key)
        if not runner:
            message = "finished request signal received after model unloaded"
            self._log.error("sched.go:398", message, modelPath=key)
            return
        async with runner.lock:
            runner.ref_count -= 1
            if runner.ref_count <= 0:
                self._start_idling(runner)
            message = "after processing request finished event"
            self._log.debug("sched.go:432", message, runner=runner.logged(), refCount=runner.ref_count)

    def _start_idling(self, runner: RunnerRef) -> None:
        if runner.session_duration <= 0:
            message = "runner with zero duration has gone idle, expiring to unload"
            self._log.debug("sched.go:406", message, runner=runner.logged())
            runner.stop_timer()
            self._post_expired(runner)
            return
        verb = "resetting" if runner.timer else "adding"
        self._log.debug(
            "sched.go:413",
            f"runner with non-zero duration has gone idle, {verb} timer",
            runner=runner.logged(),
            duration=go_duration.text(runner.session_duration),
        )
        runner.stop_timer()
        loop = asyncio.get_running_loop()
        delay = runner.session_duration / go_duration.SECOND
        runner.timer = loop.call_later(delay, self._timer_expired, runner)
        runner.expires_at = WALL.now_ns() + runner.session_duration

    def _timer_expired(self, runner: RunnerRef) -> None:
        self._log.debug("sched.go:415", "timer expired, expiring to unload", runner=runner.logged())
        runner.stop_timer()
        self._post_expired(runner)

    async def _expired(self, runner: RunnerRef) -> None:
        """Unload an idle runner; one that is busy again is asked again in a moment."""
        self._log.debug("sched.go:435", "runner expired event received", runner=runner.logged())
        async with runner.lock:
            if runner.ref_count > 0:
                self._log.debug(
                    "sched.go:438",
                    "expired event with positive ref count, retrying",
                    runner=runner.logged(),
                    refCount=runner.ref_count,
                )
                loop = asyncio.get_running_loop()
                loop.call_later(_REQUEUE_SECONDS, self._post_expired, runner)
                return
            self._log.debug("sched.go:450", "got lock to unload expired event", runner=runner.logged())
            present = self._loaded.get(runner.key)
            if present is None:
                message = "duplicate expired event, ignoring"
                self._log.debug("sched.go:460", message, runner=runner.logged())
            elif present.pid != runner.pid:
                await self._unload_orphan(runner, present)
            else:
                await self._unload(runner)

    async def _unload_orphan(self, runner: RunnerRef, present: RunnerRef) -> None:
        self._log.debug(
            "sched.go:468",
            "orphaned runner shutting down",
            orphan=runner.logged(),
            loaded=present.logged(),
        )
        await runner.unload()

    async def _unload(self, runner: RunnerRef) -> None:
        message = "starting background wait for VRAM recovery"
        self._log.debug("sched.go:473", message, runner=runner.logged())
        if not self._hardware.has_gpu:
            message = "no need to wait for VRAM recovery"
            self._log.debug("sched.go:1452", message, runner=runner.logged())
        if runner.model:
            self._counters.unloads[runner.model.name.shortest] += 1
        await runner.unload()
        del self._loaded[runner.key]
        message = "runner terminated and removed from list, blocking for VRAM recovery"
        self._log.debug("sched.go:482", message, runner=runner.logged())
        if self._hardware.has_gpu:
            await asyncio.sleep(_VRAM_POLL_SECONDS)
        self._log.debug("sched.go:485", "sending an unloaded event", runner=runner.logged())
        self._unloaded += 1
        self._wake.set()
