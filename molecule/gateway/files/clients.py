# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the official Python clients make of a gateway, as JSON: python3 clients.py URL TOKEN. SSL_CERT_FILE names the authority.

Below /v1 nobody can ask for the context with which tiny-a is declared, so OpenAI's client asks tiny-b.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from typing import Any

import ollama
import openai

URL, TOKEN = sys.argv[1:]
SAID = [{"role": "user", "content": "hi"}]
IMAGE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100).decode()
PARAMETERS = {"type": "object", "properties": {"keep_alive": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "weather", "description": "d", "parameters": PARAMETERS}}
PARALLEL = 20


def by_ollama() -> dict[str, Any]:
    """PyPI's ollama."""
    client = ollama.Client(host=URL, headers={"Authorization": f"Bearer {TOKEN}"})
    chunks = list(client.chat("tiny-a", SAID, stream=True, keep_alive=0))
    found = {
        "chat": client.chat("tiny-a", SAID, keep_alive="1s", options={"num_ctx": 64, "temperature": 0}).message.role,
        "generate": client.generate("tiny-a", "hi", keep_alive=0).done,
        "streaming": [len(chunks) > 1, chunks[-1].done],
        "embeddings": [len(client.embed("embed", ["a", "b"]).embeddings), len(client.embeddings("embed", "a").embedding) > 0],
        "tools": client.chat("tools", SAID, tools=[TOOL]).message.role,
        "images": client.generate("tiny-a", "hi", images=[IMAGE]).done,
        "list": any(model.model == "tiny-a:latest" for model in client.list().models),
        "no model": _status(ollama.ResponseError, lambda: client.chat("nothing-of-that-name", SAID)),
        "unload": _status(ollama.ResponseError, lambda: client.generate("tiny-a", keep_alive=0)),
        "pull": _status(ollama.ResponseError, lambda: client.pull("tiny-a")),
        "no token": _status(ollama.ResponseError, lambda: ollama.Client(host=URL).chat("tiny-a", SAID)),
        "parallel": asyncio.run(_in_parallel_by_ollama()),
    }
    stream = client.generate("big", "hi", stream=True, options={"num_predict": 1000})
    next(iter(stream))
    stream.close()
    return found


def by_openai() -> dict[str, Any]:
    """PyPI's openai."""
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key=TOKEN, max_retries=0)
    chunks = list(client.chat.completions.create(model="tiny-b", messages=SAID, stream=True))
    picture = [{"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}}]}]
    stranger = openai.OpenAI(base_url=f"{URL}/v1", api_key="nobody", max_retries=0)
    found = {
        "chat": client.chat.completions.create(model="tiny-b", messages=SAID).choices[0].message.role,
        "generate": client.completions.create(model="tiny-b", prompt="hi").choices[0].finish_reason is not None,
        "streaming": [len(chunks) > 1, chunks[-1].choices[0].finish_reason is not None],
        "embeddings": [len(client.embeddings.create(model="embed", input=["a", "b"]).data), True],
        "tools": client.chat.completions.create(model="tools", messages=SAID, tools=[TOOL]).choices[0].message.role,
        "images": client.chat.completions.create(model="tiny-b", messages=picture).choices[0].finish_reason is not None,
        "list": any(model.id == "tiny-b:latest" for model in client.models.list()),
        "no model": _status(openai.APIStatusError, lambda: client.chat.completions.create(model="nothing-of-that-name", messages=SAID)),
        "no token": _status(openai.APIStatusError, lambda: stranger.chat.completions.create(model="tiny-b", messages=SAID)),
        "parallel": asyncio.run(_in_parallel_by_openai()),
    }
    stream = client.chat.completions.create(model="big", messages=SAID, stream=True, max_tokens=1000)
    next(iter(stream))
    stream.close()
    return found


async def _in_parallel_by_ollama() -> int:
    client = ollama.AsyncClient(host=URL, headers={"Authorization": f"Bearer {TOKEN}"})
    return sum(answer.done for answer in await asyncio.gather(*(client.generate("tiny-a", "hi", keep_alive=0) for _number in range(PARALLEL))))


async def _in_parallel_by_openai() -> int:
    client = openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=TOKEN, max_retries=0)
    asked = (client.chat.completions.create(model="tiny-b", messages=SAID) for _number in range(PARALLEL))
    return sum(answer.choices[0].message.role == "assistant" for answer in await asyncio.gather(*asked))


def _status(error: Any, ask: Any) -> int:
    try:
        ask()
    except error as found:
        return int(found.status_code)
    return 200


if __name__ == "__main__":
    print(json.dumps({"ollama": by_ollama(), "openai": by_openai()}))
