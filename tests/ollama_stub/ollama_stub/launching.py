# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a runner is launched with, worked out from the request, the model and the machine."""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import go_duration
from . import hardware as machine
from .environment import Environment
from .gguf_header import Header
from .hardware import Hardware
from .log import Logger
from .models import Model
from .options import Options
from .runner_process import Launch

# architectures that the real server never runs in parallel (sched.go:load)
_SERIAL_ARCHITECTURES = {
    "mllama", "qwen3vl", "qwen3vlmoe", "qwen35", "qwen35moe", "qwen3next", "lfm2", "lfm2moe",
    "nemotron_h", "nemotron_h_moe", "nemotron_h_omni",
}  # fmt: skip


@dataclass
class LoadTuning:
    """How long loads take and how fast answers come; changed through the side door.

    Without an override, time and speed follow the parameters that the header claims: a model
    of 148K loads at once and says 1000 tokens a second, one of 218M takes half a second and
    says 50.
    """

    load_seconds: float | None = None
    tokens_per_second: float | None = None

    @classmethod
    def of_environment(cls, environment: Environment) -> LoadTuning:
        def number(name: str) -> float | None:
            text = environment.stand_in(name)
            return float(text) if text else None

        return cls(number("LOAD_SECONDS"), number("TOKENS_PER_SECOND"))

    def seconds(self, parameters: int) -> float:
        return self.load_seconds if self.load_seconds is not None else 0.02 + parameters * 2.4e-9

    def rate(self, parameters: int) -> float:
        return self.tokens_per_second or min(1000.0, max(5.0, 1.1e10 / max(parameters, 1)))


class LaunchPlanner:
    """Turns a request for a runner into a Launch (sched.go:load, llm/server.go:NewLlamaServer)."""

    def __init__(
        self, environment: Environment, hardware: Hardware, tuning: LoadTuning, log: Logger
    ) -> None:
        self._environment = environment
        self._hardware = hardware
        self._tuning = tuning
        self._log = log

    def num_parallel(self, model: Model) -> int:
        wanted = max(self._environment.num_parallel, 1)
        family = str(model.config.get("model_family", ""))
        if model.is_embedding:
            return 1
        if family in _SERIAL_ARCHITECTURES and wanted != 1:
            self._log.warn(
                "sched.go:506",
                "model architecture does not currently support parallel requests",
                architecture=family,
            )
            return 1
        return wanted

    def predicted(self, model: Model, header: Header, options: Options) -> tuple[int, int]:
        """Bytes that the runner will need, and the context of all its slots together."""
        context = capped(options.runner.num_ctx, header.context_length) * self.num_parallel(model)
        return machine.predicted_size(model.path, header, context), context

    def occupied(self, model: Model, header: Header, context: int) -> int:
        """Bytes that the runner takes, with the context of all its slots together."""
        cache_type = self._environment.var("OLLAMA_KV_CACHE_TYPE").lower()
        return machine.occupied_size(model.path, header, context, cache_type)

    def with_automatic_batch(self, model: Model, options: Options, context: int) -> Options:
        """Bigger batches for bigger contexts (sched.go:generationBatchForContext)."""
        if model.is_embedding or not options.num_batch_auto:
            return options
        batch = 2048 if context > 32_768 else 1024 if context > 4_096 else 512
        return replace(options, runner=replace(options.runner, num_batch=batch))

    def without_mmap(self, options: Options) -> tuple[Options, bool]:
        """On a CPU, models are read, not mapped, unless the request says otherwise."""
        if options.runner.use_mmap is not None or self._hardware.has_gpu:
            return options, False
        return replace(options, runner=replace(options.runner, use_mmap=False)), True

    def launch(
        self, model: Model, header: Header, options: Options, context_shift: bool, failure: str
    ) -> Launch:
        runner = options.runner
        if 0 < header.context_length < runner.num_ctx:
            self._log.warn(
                "server.go:114",
                "requested context size too large for model",
                num_ctx=runner.num_ctx,
                n_ctx_train=header.context_length,
            )
        return Launch(
            model_path=model.path,
            options=replace(runner, num_ctx=capped(runner.num_ctx, header.context_length)),
            num_parallel=self.num_parallel(model),
            num_keep=options.num_keep,
            embedding=model.is_embedding,
            rendered_by_server=model.has_template,
            context_shift=context_shift,
            cache_type=self._environment.var("OLLAMA_KV_CACHE_TYPE").lower(),
            flash_attention=self._flash_attention(),
            embedding_length=header.number("embedding_length") or 64,
            load_seconds=self._tuning.seconds(header.parameters),
            tokens_per_second=self._tuning.rate(header.parameters),
            stall_seconds=self._environment.load_timeout / go_duration.SECOND,
            failure=failure,
        )

    def _flash_attention(self) -> str:
        if not self._environment.var("OLLAMA_FLASH_ATTENTION"):
            return "auto"
        return "on" if self._environment.flag("OLLAMA_FLASH_ATTENTION") else "off"


def capped(num_ctx: int, train_context: int) -> int:
    """The context that a model really gets (sched.go:effectiveContext)."""
    return min(num_ctx, train_context) if train_context > 0 else num_ctx
