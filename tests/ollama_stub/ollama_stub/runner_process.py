# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting, watching and ending one runner process (llm/llama_server.go:llamaServerRunner)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

from .hardware import Placement
from .log import Logger
from .options import Options, RunnerOptions
from .request_context import Cancelled, RequestContext
from .runner_client import RunnerClient, RunnerGone, RunnerStatus

_POLL_SECONDS = 0.25
_POLL_TIMEOUT = 0.2
_OPEN_ENDED_CONTEXTS = 10  # an answer is never longer than so many contexts


class LoadFailed(Exception):
    """The runner did not get as far as serving."""


class AnswerFailed(Exception):
    """A runner that cannot answer; status is that of the HTTP answer."""

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Launch:
    """What a runner is started for and with."""

    model_path: str
    options: RunnerOptions  # num_ctx already capped to the training context
    num_parallel: int
    num_keep: int
    embedding: bool
    rendered_by_server: bool  # the model has a Go template, so llama-server needs none
    context_shift: bool
    cache_type: str
    flash_attention: str
    embedding_length: int
    load_seconds: float
    tokens_per_second: float
    stall_seconds: float
    failure: str = ""

    def arguments(self, program: str, port: int) -> list[str]:
        """The command line, in the real one's order (llama_server.go:startLlamaServer)."""
        options = self.options
        words = [program, "--model", self.model_path, "--port", str(port), "--host", "127.0.0.1"]
        words += ["--no-webui", "--offline", "-c", str(options.num_ctx * self.num_parallel)]
        words += ["-np", str(self.num_parallel), "--log-verbosity", "4"]
        words += ["--no-log-prefix", "--no-log-timestamps"]
        words += ["--no-jinja", "--chat-template", "chatml"] if self.rendered_by_server else []
        words += ["--load-mode", "none"] if options.use_mmap is False else []
        if self.cache_type:
            words += ["--cache-type-k", self.cache_type, "--cache-type-v", self.cache_type]
        words += ["--flash-attn", self.flash_attention, *self._batch()]
        words += ["-ngl", str(options.num_gpu)] if options.num_gpu >= 0 else []
        words += ["-t", str(options.num_thread)] if options.num_thread > 0 else []
        if options.main_gpu is not None:
            words += ["--split-mode", "none", "--main-gpu", str(options.main_gpu)]
        return words + self._context_shift()

    def _batch(self) -> list[str]:
        batch = self.options.num_batch
        if self.embedding:
            batch = min(batch, self.options.num_ctx * self.num_parallel)
        words = ["--embedding"] if self.embedding else []
        return words + (["-b", str(batch), "-ub", str(batch)] if batch > 0 else [])

    def _context_shift(self) -> list[str]:
        if not self.context_shift:
            return []
        return ["--context-shift"] + (["--keep", str(self.num_keep)] if self.num_keep > 0 else [])

    def environment(self, listener: int) -> dict[str, str]:
        """What the stand-in's runner needs and the real one does not."""
        values = {
            "SOCKET": str(listener),
            "LOAD_SECONDS": str(self.load_seconds),
            "TOKENS_PER_SECOND": str(self.tokens_per_second),
            "EMBEDDING_LENGTH": str(self.embedding_length),
            "FAIL": self.failure,
        }
        passed = {f"OLLAMA_STUB_RUNNER_{key}": value for key, value in values.items() if value}
        return {**os.environ, **passed}


class RunnerProcess:
    """A llama-server child, from its start to its end."""

    def __init__(self, program: str, launch: Launch, log: Logger) -> None:
        self.launch = launch
        self.placement = Placement(0, 0)
        self._program = program
        self._log = log
        self._slots = asyncio.Semaphore(launch.num_parallel)
        self._started_at = time.monotonic()
        self._process: asyncio.subprocess.Process | None = None
        self._client = RunnerClient(0)

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else -1

    @property
    def exited(self) -> bool:
        return self._process is None or self._process.returncode is not None

    async def start(self) -> None:
        """Spawn the process. Its listening socket is made here: no port is ever guessed."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            words = self.launch.arguments(self._program, port)
            self._log.info("llama_server.go:431", "starting llama-server", cmd=" ".join(words))
            self._started_at = time.monotonic()
            self._client = RunnerClient(port)
            self._process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.PIPE,
                pass_fds=[listener.fileno()],
                env=self.launch.environment(listener.fileno()),
            )

    async def load(self, context: RequestContext) -> None:
        """Wait until the model is loaded. Raises Cancelled or LoadFailed."""
        self._log.info(
            "llama_server.go:1048", "loading model via llama-server", model=self.launch.model_path
        )
        await self.wait_until_running(context)

    async def wait_until_running(self, context: RequestContext) -> None:
        """Poll until the runner serves (llama_server.go:WaitUntilRunning).

        Raises Cancelled if the client goes away, LoadFailed if the process ends.
        """
        self._log.info("llama_server.go:1297", "waiting for llama-server to start responding")
        last, active_at = "", self._started_at
        while True:
            if time.monotonic() - active_at > self.launch.stall_seconds:
                raise LoadFailed("timed out waiting for llama-server to start - ")
            if context.done:
                self._warn_aborted()
                raise Cancelled("timed out waiting for llama-server to start: context canceled")
            if self.exited:
                raise LoadFailed(f"llama-server process has terminated: {self._exit_status()}")
            status = await self._poll()
            if status == "ok":
                took = time.monotonic() - self._started_at
                self._log.info("llama_server.go:1362", f"llama-server started in {took:.2f} seconds")
                return
            if status != last:
                active_at = time.monotonic()
                self._log_waiting(status)
            last = status
            await asyncio.sleep(_POLL_SECONDS)

    def _warn_aborted(self) -> None:
        self._log.warn(
            "llama_server.go:1303",
            "client connection closed before llama-server finished loading, aborting load",
        )

    def _log_waiting(self, status: str) -> None:
        shown = "loading model" if status == "loading model" else "not responding"
        self._log.info(
            "llama_server.go:1348",
            "waiting for llama-server to become available",
            status=f"llm server {shown}",
        )

    async def _poll(self) -> str:
        try:
            return await asyncio.wait_for(self._client.health(), _POLL_TIMEOUT)
        except (RunnerGone, asyncio.TimeoutError):
            return "not responding"

    def _exit_status(self) -> str:
        code = self._process.returncode if self._process else None
        if code is None or code >= 0:
            detail = f": {self.launch.failure}" if self.launch.failure else ""
            return f"exit status {code}{detail}"
        return f"signal: {_SIGNAL_NAMES.get(-code, str(-code))}"

    async def ping(self) -> bool:
        """Whether the runner is alive and well (llama_server.go:Ping)."""
        if not await self._gone():
            try:
                await asyncio.wait_for(self._client.health(), 10)
                return True
            except (RunnerGone, asyncio.TimeoutError) as error:
                self._log.debug("llama_server.go:1276", "llama-server unhealthy", error=str(error))
                return False
        self._warn_dead()
        self._log.debug("llama_server.go:1276", "llama-server unhealthy", error="llama-server process no longer running")
        return False

    async def _gone(self) -> bool:
        """Whether the process has ended. A kill is noticed by waitpid a moment after it
        happened; a zombie counts as ended at once, as the real server's reaper is quicker."""
        if self.exited:
            return True
        if not _is_zombie(self.pid):
            return False
        if self._process:
            await self._process.wait()
        return True

    def _warn_dead(self) -> None:
        code = self._process.returncode if self._process else None
        if code is not None and code < 0:
            self._log.warn(
                "llama_server.go:1196",
                "llama-server process no longer running",
                sys=-code,
                string=f"signal: {_SIGNAL_NAMES.get(-code, str(-code))}",
            )

    async def close(self) -> None:
        """Kill the process and wait for its end (llama_server.go:stopProcess)."""
        if self.exited or self._process is None:
            return
        self._log.debug("llama_server.go:2581", "stopping llama-server", pid=self.pid)
        self.kill()
        self._log.debug("llama_server.go:2586", "waiting for llama-server to exit", pid=self.pid)
        await self._process.wait()
        self._log.debug("llama_server.go:2589", "llama-server stopped", pid=self.pid)

    def kill(self) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)

    async def completion(
        self, context: RequestContext, prompt: str, options: Options, chat: bool
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Events of an answer, in a slot of the runner. Raises Cancelled or AnswerFailed."""
        self._log.debug(
            "llama_server.go:1529", "llama-server completion request", media=0, prompt_len=len(prompt)
        )
        await self._take_slot(context)
        try:
            await self._require_ready()
            body = {"prompt": prompt, "n_predict": self._bounded(options.num_predict), "chat": chat}
            async for event in self._events(context, body):
                yield event
        finally:
            self._slots.release()

    async def _events(
        self, context: RequestContext, body: dict[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        events = self._client.completion(body)
        try:
            while True:
                event = await context.guard(_next(events))
                if event is None:
                    return
                yield event
        except RunnerGone as error:
            await self.close()
            message = f"an error was encountered while running the model: {error}"
            raise AnswerFailed(message) from error
        finally:
            await events.aclose()

    async def embedding(self, context: RequestContext, text: str) -> tuple[list[float], int]:
        """Raises Cancelled or AnswerFailed."""
        await self._take_slot(context)
        try:
            await self._require_ready()
            return await context.guard(self._client.embedding(text))
        except RunnerStatus as error:
            raise AnswerFailed(str(error), error.status) from error
        except RunnerGone as error:
            raise AnswerFailed(f"do embedding request: {error}", 400) from error
        finally:
            self._slots.release()

    async def _take_slot(self, context: RequestContext) -> None:
        try:
            await context.guard(self._slots.acquire())
        except Cancelled:
            self._log.info(
                "llama_server.go:1538",
                "aborting completion request due to client closing the connection",
            )
            raise

    async def _require_ready(self) -> None:
        if await self._gone():
            self._warn_dead()
            raise AnswerFailed("llama-server process no longer running: unknown ")

    def _bounded(self, num_predict: int) -> int:
        limit = _OPEN_ENDED_CONTEXTS * self.launch.options.num_ctx
        return min(num_predict, limit)


async def _next(events: AsyncIterator[dict[str, Any]]) -> dict[str, Any] | None:
    async for event in events:
        return event
    return None


_SIGNAL_NAMES: dict[int, str] = {
    signal.SIGKILL: "killed",
    signal.SIGTERM: "terminated",
    signal.SIGSEGV: "segmentation fault",
}


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] in ("Z", "X")
    except OSError:
        return True
