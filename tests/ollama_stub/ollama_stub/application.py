# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server put together, started and stopped (server/routes.go:Serve)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from . import STAND_IN, VERSION
from .api_error import ApiError
from .catalog import Catalog
from .catalog_routes import CatalogRoutes
from .clock import WALL
from .control import ControlDoor
from .counters import Counters
from .create_route import CreateRoutes
from .environment import Environment
from .faults import Faults
from .hardware import Hardware, system_memory
from .http_server import HttpServer
from .http_wire import Answer, error_answer, json_answer
from .human import binary_bytes
from .inference import Inference
from .inference_routes import InferenceRoutes
from .launching import LaunchPlanner, LoadTuning
from .loading import Loader
from .log import Logger
from .openai_routes import OpenAiRoutes
from .pull_route import Puller
from .push_route import Pusher
from .router import AnyAnswer, Call, Handler, Router
from .scheduler import Scheduler
from .store import Store


class Application:
    """One server."""

    def __init__(self, environment: Environment, runner_program: str) -> None:
        self._environment = environment
        WALL.skew = float(environment.stand_in("CLOCK_SKEW") or 0)
        self._log = Logger(environment.log_level)
        self._store = Store(environment.models)
        self._hardware = Hardware(environment)
        self._tuning = LoadTuning.of_environment(environment)
        self._faults = Faults()
        self._counters = Counters()
        planner = LaunchPlanner(environment, self._hardware, self._tuning, self._log)
        loader = Loader(
            environment,
            self._hardware,
            planner,
            self._faults,
            self._counters,
            runner_program,
            self._log,
        )
        self._scheduler = Scheduler(environment, self._hardware, loader, self._counters, self._log)

    @property
    def _reported_version(self) -> str:
        """Tests of those who refuse a release that is too old let it say another one; it behaves as ever."""
        return self._environment.stand_in("VERSION") or VERSION

    async def _version(self, _call: Call) -> AnyAnswer:
        return json_answer({"version": self._reported_version, "stand_in": STAND_IN})

    async def serve(self) -> None:
        """Run until SIGTERM or SIGINT. Raises OSError if the address is taken."""
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        self._announce()
        self._store.prepare()
        if not self._environment.no_prune:
            self._prune()
        server = HttpServer(
            self._router(), self._faults, self._counters, self._environment.origins, self._log
        )
        listening_on = await server.listen(self._environment.host)
        self._log.info("routes.go:2004", f"Listening on {listening_on} (version {self._reported_version})")
        door = ControlDoor(
            self._counters, self._faults, self._hardware, self._tuning, self._scheduler
        )
        await door.open(self._environment.stand_in("CONTROL"))
        self._scheduler.start()
        await asyncio.sleep(float(self._environment.stand_in("START_SECONDS") or 0))
        self._announce_hardware()
        server.open_for_business()
        await stopped.wait()
        await door.close()
        await server.close()
        await self._scheduler.stop()

    def _announce(self) -> None:
        self._log.info("routes.go:1951", "server config", env=self._environment.printed())
        disabled = str(self._environment.cloud[0]).lower()
        self._log.info("routes.go:1953", f"Ollama cloud disabled: {disabled}")
        self._log.warn("stand_in", STAND_IN, program=os.path.realpath(sys.argv[0]))

    def _prune(self) -> None:
        total = self._store.prune()
        self._log.info("images.go:919", f"total unused blobs removed: {total}")

    def _announce_hardware(self) -> None:
        total, free, dummy = system_memory()
        values = {"id": "cpu", "library": "cpu", "name": "cpu", "description": "cpu", "driver": "", "pci_id": "", "type": ""}
        if self._hardware.has_gpu:
            total, free = self._hardware.vram_total, self._hardware.free_vram(0)
            values.update(id="GPU-0", library="CUDA", name="CUDA0", description="stand-in GPU", driver="0.0")
            values.update(pci_id="0000:01:00.0", type="discrete")
        self._log.info(
            "types.go:42",
            "inference compute",
            id=values["id"],
            library=values["library"],
            compute="",
            name=values["name"],
            description=values["description"],
            libdirs="ollama",
            driver=values["driver"],
            pci_id=values["pci_id"],
            type=values["type"],
            total=binary_bytes(total),
            available=binary_bytes(free),
        )
        self._log.info(
            "routes.go:2057",
            "vram-based default context",
            total_vram=binary_bytes(self._hardware.vram_total),
            default_num_ctx=self._hardware.default_num_ctx,
        )

    def _router(self) -> Router:
        catalog = Catalog(self._store, self._environment)
        inference = Inference(
            catalog, self._scheduler, self._environment, self._hardware, self._counters, self._log
        )
        models = CatalogRoutes(catalog, self._scheduler)
        puller = Puller(catalog, self._environment, self._log)
        creating = CreateRoutes(catalog, self._environment, puller)
        answers = InferenceRoutes(inference)
        openai = OpenAiRoutes(catalog, models, inference, answers)
        router = Router()
        for methods, path, handler in (
            ("HEAD GET", "/", _root),
            ("HEAD GET", "/api/version", self._version),
            ("GET", "/api/status", models.status),
            ("HEAD GET", "/api/tags", models.tags),
            ("GET", "/api/ps", models.ps),
            ("POST", "/api/show", models.show),
            ("POST", "/api/copy", models.copy),
            ("DELETE", "/api/delete", models.delete),
            ("HEAD", "/api/blobs/:digest", models.head_blob),
            ("POST", "/api/blobs/:digest", models.put_blob),
            ("POST", "/api/create", creating.create),
            ("POST", "/api/pull", puller.answer),
            ("POST", "/api/push", Pusher(catalog).answer),
            ("POST", "/api/generate", answers.generate),
            ("POST", "/api/chat", answers.chat),
            ("POST", "/api/embed", answers.embed),
            ("POST", "/api/embeddings", answers.embeddings),
            ("POST", "/v1/chat/completions", openai.chat),
            ("POST", "/v1/completions", openai.completion),
            ("POST", "/v1/embeddings", openai.embeddings),
            ("GET", "/v1/models", openai.models),
            ("GET", "/v1/models/:model", openai.model),
        ):
            router.add(methods, path, _with_errors(handler))
        return router


async def _root(_call: Call) -> AnyAnswer:
    return Answer(200, "text/plain; charset=utf-8", b"Ollama is running")


def _with_errors(handler: Handler) -> Handler:
    async def answer(call: Call) -> AnyAnswer:
        try:
            return await handler(call)
        except ApiError as error:
            return error_answer(str(error), error.status)

    return answer
