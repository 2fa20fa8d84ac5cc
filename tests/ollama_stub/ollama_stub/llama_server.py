# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner: one process per loaded model, with the command line of llama.cpp's llama-server.

It imports little, since a runner should start in milliseconds and stay small.

The server passes what only a stand-in needs by environment (OLLAMA_STUB_RUNNER_*): the
listening socket, how long to "load", how fast to talk, the length of embeddings.
"""

from __future__ import annotations

import _thread
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

from . import process_title

_WORDS = ("the", "model", "stays", "warm", "and", "answers", "at", "once", "every", "time")
_UNBOUNDED_ANSWER = 40  # tokens of an answer whose length nobody limited


def setting(name: str, default: float) -> float:
    return float(os.environ.get(f"OLLAMA_STUB_RUNNER_{name}") or default)


def pieces(chat: bool, num_ctx: int) -> Iterator[str]:
    """The text of each token, for ever; some tokens have none of their own.

    The recorded models have random weights and speak in tokens of which some are only half a
    character. This is their rhythm: of an answer by /api/generate every other token shows, of
    one by /api/chat all but the first, and in a context of a few tokens nothing does.
    """
    number = 0
    while True:
        number += 1
        shown = number > 1 if chat else number % 2 == 1
        yield _WORDS[number % len(_WORDS)] + " " if shown and num_ctx > 8 else ""


def embedding(text: str, length: int) -> list[float]:
    """A vector that depends on the text only."""
    seed = 0
    for byte in text.encode():
        seed = (seed * 31 + byte) % 65_521
    return [((seed * (place + 7) * 2_654_435_761) % 2_001 - 1_000) / 1_000 for place in range(length)]


class Runner:
    """Answers /health, /completion and /v1/embeddings on one listening socket."""

    def __init__(self, arguments: list[str]) -> None:
        self.num_ctx = int(arguments[arguments.index("-c") + 1]) if "-c" in arguments else 4096
        self.embeds = "--embedding" in arguments
        self.rate = setting("TOKENS_PER_SECOND", 50)
        self.embedding_length = int(setting("EMBEDDING_LENGTH", 64))
        self.ready_at = time.monotonic() + setting("LOAD_SECONDS", 0.05)

    @property
    def ready(self) -> bool:
        return time.monotonic() >= self.ready_at

    def serve(self, listener: socket.socket) -> None:
        while True:
            connection, dummy = listener.accept()
            _thread.start_new_thread(self.handle, (connection,))

    def handle(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rwb") as stream:
                self.answer(stream)
        except OSError:
            return  # the server went away in mid-answer: its client did

    def answer(self, stream: Any) -> None:
        path = stream.readline().split(b" ")[1].decode()
        length = 0
        for header in iter(stream.readline, b"\r\n"):
            name, dummy, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        body = json.loads(stream.read(length)) if length else {}
        if path == "/health":
            self.health(stream)
        elif path == "/v1/embeddings":
            self.embed(stream, body)
        else:
            self.complete(stream, body)

    def health(self, stream: Any) -> None:
        if self.ready:
            reply(stream, 200, {"status": "ok"})
        else:
            error = {"message": "Loading model", "type": "unavailable_error", "code": 503}
            reply(stream, 503, {"error": error})

    def embed(self, stream: Any, body: dict[str, Any]) -> None:
        if not self.embeds:
            message = "This server does not support embeddings. Start it with `--embeddings`"
            error = {"code": 501, "message": message, "type": "not_supported_error"}
            reply(stream, 501, {"error": error})
            return
        vector = embedding(body["input"], self.embedding_length)
        usage = {"prompt_tokens": len(body["input"].split()) + 2}
        reply(stream, 200, {"data": [{"embedding": vector}], "usage": usage})

    def complete(self, stream: Any, body: dict[str, Any]) -> None:
        """Stream the tokens at their rate; the last event carries the timings."""
        limit = int(body.get("n_predict") or -1)
        count = limit if limit > 0 else _UNBOUNDED_ANSWER
        stream.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        start = time.monotonic()
        texts = pieces(bool(body.get("chat")), self.num_ctx)
        for number in range(1, count + 1):
            time.sleep(max(0.0, start + number / self.rate - time.monotonic()))
            event(stream, {"content": next(texts), "stop": False})
        took = (time.monotonic() - start) * 1000
        timings = {
            "prompt_n": len(body.get("prompt", "").split()) + 1,
            "prompt_ms": 1.5,
            "predicted_n": count,
            "predicted_ms": took,
        }
        stop = "limit" if limit > 0 else "eos"
        event(stream, {"content": "", "stop": True, "stop_type": stop, "timings": timings})


def reply(stream: Any, status: int, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nConnection: close\r\n"
    stream.write(head.encode() + f"Content-Length: {len(content)}\r\n\r\n".encode() + content)
    stream.flush()


def event(stream: Any, body: dict[str, Any]) -> None:
    stream.write(b"data: " + json.dumps(body).encode() + b"\n\n")
    stream.flush()


def die_with_server() -> None:
    """End when the server does, however it ends: its end of our standard input closes."""
    while os.read(0, 1024):
        pass
    os._exit(0)


def fail_to_load(message: str) -> None:
    """End as llama-server does when it cannot load: words on standard error, status 1."""
    time.sleep(setting("LOAD_SECONDS", 0.05))
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
    os._exit(1)


def main() -> None:
    process_title.set_arguments(sys.argv)
    _thread.start_new_thread(die_with_server, ())
    message = os.environ.get("OLLAMA_STUB_RUNNER_FAIL")
    if message:
        fail_to_load(message)
    listener = socket.socket(fileno=int(setting("SOCKET", 3)))
    listener.setblocking(True)
    Runner(sys.argv[1:]).serve(listener)


if __name__ == "__main__":
    main()
