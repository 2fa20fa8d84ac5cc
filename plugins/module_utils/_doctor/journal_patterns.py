# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of the journal mean what. Their wording is the server's own (docs/ollama-semantics.md#the-journal), before 0.30 and since.

`level` is where a line exists: those of DEBUG only with OLLAMA_DEBUG=1, so that an ordinary expiry, an eviction by number and a
reload for other options leave no trace in a journal at its usual level. `fatal` are the last words of a server that ends, which
bear no level; `runner` are lines of the runner's own, `systemd` and `kernel` theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .finding import NOTE, PROBLEM, WARNING, Kind

EVICTED_FOR_MEMORY = Kind(
    "evicted_for_memory",
    WARNING,
    "a model was put out of memory to make room for another (lines: {count})",
    "declare fewer or smaller models, or a smaller context (num_ctx, ollama_server_context_length)",
)
EVICTED_FOR_COUNT = Kind(
    "evicted_for_count",
    WARNING,
    "a model was put out because OLLAMA_MAX_LOADED_MODELS was reached (lines: {count})",
    "ollama_server_max_loaded_models: one more than are declared, at least",
)
EVICTED_AFTER_OOM = Kind(
    "evicted_after_oom",
    PROBLEM,
    "GPU memory ran out, and the server dropped models for it, pins included (lines: {count})",
    "declare fewer or smaller models or a smaller num_ctx; nvidia-smi tells who else uses the GPU's memory",
)
CONTEXT_REDUCED = Kind(
    "context_reduced",
    WARNING,
    "the server lowered an automatic context because memory ran out (lines: {count})",
    "declare the context: num_ctx of the model, or ollama_server_context_length",
)
OOM_KILLED = Kind(
    "oom_killed",
    PROBLEM,
    "the kernel's OOM killer ended a process of Ollama's (lines: {count})",
    "declare fewer or smaller models, or a smaller num_ctx; raise MemoryMax= of the unit if it has one",
)
RUNNER_DIED = Kind(
    "runner_died",
    WARNING,
    "a runner ended by itself or was killed (lines: {count})",
    "the lines before it in journalctl -u {unit}, and journalctl -k, tell why",
)
GPU_FAULT = Kind(
    "gpu_fault",
    PROBLEM,
    "the GPU or its library failed (lines: {count})",
    "journalctl -k tells the driver's side; systemctl restart {unit} once nvidia-smi (or rocm-smi) works",
)
GPU_UNREADABLE = Kind(
    "gpu_memory_unreadable",
    WARNING,
    "the server can no longer read the GPU's free memory: it may be lost (lines: {count})",
    "nvidia-smi; then systemctl restart {unit}, since the server looks for GPUs at its start only",
)
GPU_LOST = Kind(
    "gpu_lost",
    PROBLEM,
    "the server could not open the GPU, or has lost it (lines: {count})",
    "nvidia-smi; then systemctl restart {unit}; if it fails: systemctl stop {unit}, reload the module nvidia_uvm, systemctl start {unit}",
)
GPU_DENIED = Kind(
    "gpu_access_denied",
    PROBLEM,
    "the server may not open the GPU's device nodes (lines: {count})",
    "usermod -aG render,video USER for the user of {unit}, then systemctl restart {unit}",
)
GPU_DISCOVERY = Kind(
    "gpu_discovery_failed",
    WARNING,
    "the server's search for GPUs failed or hung (lines: {count})",
    "update the driver (NVIDIA 550 or newer, ROCm 7); then systemctl restart {unit}",
)
K_SHIFT = Kind(
    "context_shift_refused",
    PROBLEM,
    "a conversation outgrew its context, and this model cannot shift it: its runner ended (lines: {count})",
    'a larger num_ctx for the model; clients may send "shift": false, or shorter prompts',
)
TRUNCATED = Kind(
    "prompt_truncated", NOTE, "prompts were cut to the context (lines: {count})", "a larger num_ctx for the model, if its clients mean such prompts"
)
LOAD_ABORTED = Kind(
    "load_aborted",
    WARNING,
    "a client hung up during a load, which ends the load (lines: {count})",
    "raise the client's, or its proxy's, read timeout above the time of a load (the agent's is ollama_warmup_load_timeout)",
)
LOAD_STALLED = Kind(
    "load_stalled",
    PROBLEM,
    "a load stood still until the server gave up (lines: {count})",
    "ollama_server_load_timeout: 15m; a slow disk, or memory that swaps",
)
LOAD_FAILED = Kind(
    "load_failed",
    PROBLEM,
    "a model could not be loaded (lines: {count})",
    "what the line says; ollama pull the model anew (with OLLAMA_HOST={address}) if its file is broken",
)
INVALID_VARIABLE = Kind(
    "invalid_variable",
    PROBLEM,
    "the server could not read one of its variables, and took the default",
    "correct it where it is set, then systemctl restart {unit}",
)
CONTEXT_TOO_LARGE = Kind(
    "context_above_training", NOTE, "a context was asked for that is above what the model was trained for (lines: {count})", "declare a num_ctx within it"
)
SERIAL_MODEL = Kind(
    "parallel_refused", NOTE, "a model serves one request at a time, whatever OLLAMA_NUM_PARALLEL says (lines: {count})", "nothing, or another model"
)
OPTION_UNKNOWN = Kind("option_unknown", NOTE, "a client sends an option that the server does not know (lines: {count})", "correct the client")
QUEUE_FULL = Kind(
    "queue_full", WARNING, "the server turned requests away with 503 (lines: {count})", "ollama_server_max_queue or ollama_server_num_parallel; or less load"
)
NO_SUCH_ADDRESS = Kind(
    "bind_no_such_address",
    PROBLEM,
    "the server is to listen at an address that this host does not have (lines: {count})",
    "correct ollama_server_host; of an address that comes late at boot: an address of the interface's own, or 0.0.0.0 behind a firewall",
)
ADDRESS_IN_USE = Kind(
    "bind_address_in_use",
    PROBLEM,
    "another program had the server's port when it started (lines: {count})",
    "ss -ltnp tells which; stop it, or choose another ollama_server_host, then systemctl restart {unit}",
)
FOLDER_DENIED = Kind(
    "folder_denied",
    PROBLEM,
    "the server may not create a folder that it needs (lines: {count})",
    "chown the folder above it to the user of {unit}, or another ollama_server_models",
)
DISK_FULL = Kind(
    "disk_full", PROBLEM, "the server's disk was full (lines: {count})", "df -h; OLLAMA_HOST={address} ollama rm, of models that nobody declares"
)
ORIGIN_REFUSED = Kind(
    "origin_refused",
    PROBLEM,
    "OLLAMA_ORIGINS holds an origin that ends the server at its start (lines: {count})",
    "write each as http://HOST or https://HOST, or with a * (ollama_server_origins), then systemctl restart {unit}",
)
EXPIRED = Kind(
    "model_expired", NOTE, "a model's keep_alive ran out (lines: {count})", "declare the model; or OLLAMA_KEEP_ALIVE, for models that are not declared"
)
RELOADED = Kind(
    "reloaded_for_options", WARNING, "a client's other options had a model loaded anew (lines: {count})", "have clients send no num_ctx, or the declared one"
)


@dataclass(frozen=True)
class Pattern:
    """A line of the journal that speaks for a kind."""

    kind: Kind
    level: str
    text: str

    def matches(self, message: str) -> bool:
        """Whether it is in the line, as the server writes it."""
        return re.search(self.text, message) is not None


PATTERNS = (
    Pattern(EVICTED_FOR_MEMORY, "INFO", "predicted to exceed available memory, evicting"),
    Pattern(EVICTED_FOR_MEMORY, "INFO", "requires more (gpu )?memory than is currently available, evicting a model"),
    Pattern(EVICTED_FOR_COUNT, "DEBUG", "max runners achieved, unloading one to make room"),
    Pattern(EVICTED_AFTER_OOM, "WARN", "evicting all other models and retrying once"),
    Pattern(EVICTED_AFTER_OOM, "INFO", "evicting all other loaded models for OOM retry"),
    Pattern(EVICTED_AFTER_OOM, "WARN", "runtime OOM detected; expiring loaded models"),
    Pattern(CONTEXT_REDUCED, "WARN", "load failed; reducing automatic context"),
    Pattern(OOM_KILLED, "systemd", "has been killed by the OOM killer|Failed with result 'oom-kill'"),
    Pattern(RUNNER_DIED, "WARN", "(llama-server|llama runner) process no longer running"),
    Pattern(RUNNER_DIED, "ERROR", "(llama-server|llama runner) terminated"),
    Pattern(K_SHIFT, "runner", "does not support K-shift"),
    Pattern(GPU_LOST, "runner", "failed to initialize CUDA"),
    Pattern(GPU_LOST, "INFO", "failed to get device context"),
    Pattern(GPU_DENIED, "ERROR", "permission problems block access"),
    Pattern(GPU_FAULT, "runner", "CUDA error|cudaMalloc failed|ROCm error|GGML_ASSERT"),
    Pattern(GPU_UNREADABLE, "WARN", "unable to refresh free memory"),
    Pattern(GPU_DISCOVERY, "INFO", "failure during llama-server GPU discovery"),
    Pattern(GPU_DISCOVERY, "WARN", "GPU discovery watchdog timed out|NVIDIA driver too old"),
    Pattern(TRUNCATED, "WARN", "truncating input prompt"),
    Pattern(LOAD_ABORTED, "WARN", "client connection closed before (llama-)?server finished loading, aborting load"),
    Pattern(LOAD_STALLED, "INFO", "timed out waiting for (llama-server|llama runner) to start(?!: context canceled)"),
    Pattern(LOAD_FAILED, "ERROR", "error loading llama server"),
    Pattern(LOAD_FAILED, "INFO", "Load failed.*(llama-server|llama runner) process has terminated"),
    Pattern(INVALID_VARIABLE, "WARN", "invalid environment variable, using default|invalid port, using default"),
    Pattern(CONTEXT_TOO_LARGE, "WARN", "requested context size too large for model"),
    Pattern(SERIAL_MODEL, "WARN", "model architecture does not currently support parallel requests"),
    Pattern(OPTION_UNKNOWN, "WARN", "invalid option provided"),
    Pattern(QUEUE_FULL, "GIN", r"^\[GIN\] \S+ - \S+ . 503 .*POST"),
    Pattern(NO_SUCH_ADDRESS, "fatal", "bind: cannot assign requested address"),
    Pattern(ADDRESS_IN_USE, "fatal", "bind: address already in use"),
    Pattern(FOLDER_DENIED, "fatal", r"mkdir \S+: permission denied"),
    Pattern(DISK_FULL, "any", "no space left on device"),
    Pattern(ORIGIN_REFUSED, "fatal", "panic: bad origin"),
    Pattern(EXPIRED, "DEBUG", "timer expired, expiring to unload"),
    Pattern(RELOADED, "DEBUG", r"msg=reloading\b"),
)
"""The first that matches a line counts."""
KERNEL_PATTERNS = (
    Pattern(OOM_KILLED, "kernel", r"[Oo]ut of memory: Killed process \d+ \((ollama|llama-server|ollama_llama_se)"),
    Pattern(GPU_FAULT, "kernel", "NVRM: Xid|amdgpu.*(GPU reset|ring .* timeout)"),
)
KINDS = tuple(dict.fromkeys(pattern.kind for pattern in (*PATTERNS, *KERNEL_PATTERNS)))


def kind_of(message: str, patterns: tuple[Pattern, ...] = PATTERNS) -> Kind | None:
    """What a line means; None for nearly all of them."""
    return next(_kinds(message, patterns), None)


def _kinds(message: str, patterns: tuple[Pattern, ...]) -> Iterator[Kind]:
    return (pattern.kind for pattern in patterns if pattern.matches(message))
