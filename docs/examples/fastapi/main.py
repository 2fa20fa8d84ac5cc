# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application that does not start on a cold model server, or starts and says that it is cold.

    OLLAMA_MODELS_NEEDED=qwen3:8b,nomic-embed-text uvicorn main:app

OLLAMA_HOST           where the server answers; default http://127.0.0.1:11434
OLLAMA_MODELS_NEEDED  the models that have to be in its memory, comma-separated
OLLAMA_WARM_MODE      require (default): no start without them; want: a start all the same
OLLAMA_WARM_SECONDS   how long to wait for them; default 300
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Response

POLL_SECONDS = 1.0
log = logging.getLogger("uvicorn.error")


class ColdServer(RuntimeError):
    """Raised at the start, it ends the application: uvicorn exits with status 3, and its supervisor starts it again."""


def needed() -> set[str]:
    """As the server writes them: a name without a tag means its `latest`."""
    names = [name.strip() for name in os.environ.get("OLLAMA_MODELS_NEEDED", "").split(",")]
    return {name if ":" in name else f"{name}:latest" for name in names if name}


async def missing(client: httpx.AsyncClient) -> set[str]:
    """The needed models that are not in memory. /api/ps loads nothing; a request that names a model would."""
    try:
        answer = await client.get("/api/ps")
        answer.raise_for_status()
        return needed() - {model["name"] for model in answer.json()["models"]}
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return needed()


async def wait_until_warm(client: httpx.AsyncClient, seconds: float) -> set[str]:
    """What is still missing when the time is up; nothing as soon as nothing is."""
    deadline = asyncio.get_running_loop().time() + seconds
    while (cold := await missing(client)) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(POLL_SECONDS)
    return cold


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Before the first request is accepted."""
    seconds = float(os.environ.get("OLLAMA_WARM_SECONDS", "300"))
    server = os.environ.get("OLLAMA_HOST", "http://127.0.0.1:11434")
    async with httpx.AsyncClient(base_url=server, timeout=10, trust_env=False) as client:
        app.state.ollama = client
        cold = await wait_until_warm(client, seconds)
        if cold and os.environ.get("OLLAMA_WARM_MODE", "require") == "require":
            raise ColdServer(f"not in the server's memory after {seconds:g} s: {', '.join(sorted(cold))}")
        if cold:
            log.warning("starting cold: the first requests will wait for %s", ", ".join(sorted(cold)))
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/ready")
async def ready(response: Response) -> dict[str, list[str]]:
    """For a load balancer: 503 while a model is away, also later on."""
    cold = await missing(app.state.ollama)
    response.status_code = 503 if cold else 200
    return {"cold": sorted(cold)}
