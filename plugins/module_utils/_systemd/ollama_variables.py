# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variables an Ollama server reads, and which it is often given in vain: the server says nothing of those.

Read in envconfig/config.go, and wherever else the source says os.Getenv, at v0.10.0, v0.12.0, v0.12.11, v0.14.0, v0.17.0, v0.20.0,
v0.24.0, v0.30.0, v0.32.15 and v0.33.0-rc2.
"""

from __future__ import annotations

import difflib

PREFIX = "OLLAMA_"
_OLDEST = "0.10"
FIRST = {
    **dict.fromkeys(
        (
            "OLLAMA_AUTH",
            "OLLAMA_CONTEXT_LENGTH",
            "OLLAMA_DEBUG",
            "OLLAMA_EXPERIMENT",
            "OLLAMA_FLASH_ATTENTION",
            "OLLAMA_GPU_OVERHEAD",
            "OLLAMA_HOST",
            "OLLAMA_INTEL_GPU",
            "OLLAMA_KEEP_ALIVE",
            "OLLAMA_KV_CACHE_TYPE",
            "OLLAMA_LIBRARY_PATH",
            "OLLAMA_LLM_LIBRARY",
            "OLLAMA_LOAD_TIMEOUT",
            "OLLAMA_MAX_LOADED_MODELS",
            "OLLAMA_MAX_QUEUE",
            "OLLAMA_MODELS",
            "OLLAMA_MULTIUSER_CACHE",
            "OLLAMA_NEW_ENGINE",
            "OLLAMA_NOHISTORY",
            "OLLAMA_NOPRUNE",
            "OLLAMA_NUM_PARALLEL",
            "OLLAMA_ORIGINS",
            "OLLAMA_REGISTRY_MAXSTREAMS",
            "OLLAMA_SCHED_SPREAD",
        ),
        _OLDEST,
    ),
    "OLLAMA_REMOTES": "0.12",
    "OLLAMA_VULKAN": "0.12.11",
    "OLLAMA_AGENT_DISABLE_BASH": "0.14",
    "OLLAMA_AGENT_DISABLE_WEBSEARCH": "0.14",
    "OLLAMA_BACKEND": "0.14",
    "OLLAMA_EDITOR": "0.16",
    "OLLAMA_NO_CLOUD": "0.17",
    "OLLAMA_CLOUD_BASE_URL": "0.18",
    "OLLAMA_DEBUG_LOG_REQUESTS": "0.20",
    "OLLAMA_API_KEY": "0.24",
    "OLLAMA_MAX_TRANSFER_STREAMS": "0.24",
    **dict.fromkeys(
        (
            "OLLAMA_MLX_MTP_COMPARE_SERIAL_VALIDATE",
            "OLLAMA_MLX_MTP_DRAFT_SCHEDULE",
            "OLLAMA_MLX_MTP_INITIAL_DRAFT_TOKENS",
            "OLLAMA_MLX_MTP_MAX_DRAFT_TOKENS",
            "OLLAMA_MLX_MTP_SERIAL_VALIDATE",
        ),
        "0.24",
    ),
    "OLLAMA_GO_TEMPLATE": "0.30",
    "OLLAMA_IGPU_ENABLE": "0.30",
    "OLLAMA_LLAMA_CPP_COMPAT": "0.30",
    "OLLAMA_AGENT_DISABLE_SHELL": "0.32",
    "OLLAMA_LAUNCH_DSH_API_KEY": "0.32.15",
    "OLLAMA_SKILLS": "0.32.15",
}
"""The release from which on each is read, among those that were looked at."""
GONE = {
    "OLLAMA_TMPDIR": "0.10",
    "OLLAMA_RUNNERS_DIR": "0.10",
    "OLLAMA_INTEL_GPU": "0.12.11",
    "OLLAMA_BACKEND": "0.16",
    "OLLAMA_MULTIUSER_CACHE": "0.30",
    "OLLAMA_NEW_ENGINE": "0.30",
    "OLLAMA_REGISTRY_MAXSTREAMS": "0.32",
    "OLLAMA_AGENT_DISABLE_BASH": "0.32",
    "OLLAMA_MLX_MTP_COMPARE_SERIAL_VALIDATE": "0.32",
    "OLLAMA_MLX_MTP_DRAFT_SCHEDULE": "0.32",
    "OLLAMA_MLX_MTP_INITIAL_DRAFT_TOKENS": "0.32",
    "OLLAMA_MLX_MTP_MAX_DRAFT_TOKENS": "0.32",
    "OLLAMA_MLX_MTP_SERIAL_VALIDATE": "0.32",
}
"""The release from which on each is read no more."""
_NEAR = 0.88
_DEVICES = "CUDA_VISIBLE_DEVICES (NVIDIA) or ROCR_VISIBLE_DEVICES (AMD)"
_THREADS = "the parameter num_thread of a model"
_LAYERS = "the parameter num_gpu of a model"
# People set these and ask why nothing happens: ollama/ollama#2272, #4361, #5754, #6382, #10476, #16561, ollama/ollama-python#402.
_IN_VAIN = {
    "OLLAMA_CONTEXT_LENGTH": ("NUM_CTX", "CTX", "CONTEXT", "CTX_SIZE", "CTX_LENGTH", "CONTEXT_SIZE", "CONTEXT_WINDOW", "NUM_CONTEXT", "MAX_CONTEXT", "MAX_CTX"),
    "OLLAMA_HOST": ("PORT", "ADDRESS", "ADDR", "BIND", "LISTEN", "IP", "URL", "BASE_URL", "API_BASE", "SERVER"),
    "OLLAMA_MAX_LOADED_MODELS": ("MAX_MODELS", "MAX_LOADED", "MAX_RUNNERS", "NUM_MODELS", "LOADED_MODELS", "MAX_CONCURRENT_MODELS"),
    "OLLAMA_NUM_PARALLEL": ("PARALLEL", "MAX_PARALLEL", "CONCURRENCY", "MAX_CONCURRENCY", "MAX_CONCURRENT_REQUESTS", "NUM_PARALLEL_REQUESTS"),
    "OLLAMA_KEEP_ALIVE": ("KEEPALIVE", "KEEP_ALIVE_TIMEOUT", "MODEL_KEEP_ALIVE", "UNLOAD_TIMEOUT"),
    "OLLAMA_LOAD_TIMEOUT": ("TIMEOUT", "MODEL_LOAD_TIMEOUT"),
    "OLLAMA_MODELS": ("MODEL_DIR", "MODEL_PATH", "MODELS_DIR", "MODELS_PATH", "HOME", "DATA", "DATA_DIR", "DIR"),
    "OLLAMA_FLASH_ATTENTION": ("FLASH_ATTN", "FLASH"),
    "OLLAMA_KV_CACHE_TYPE": ("KV_CACHE", "CACHE_TYPE", "KV_TYPE", "KV_CACHE_QUANTIZATION"),
    "OLLAMA_ORIGINS": ("CORS", "CORS_ORIGINS", "ALLOWED_ORIGINS", "ALLOW_ORIGINS"),
    "OLLAMA_DEBUG": ("LOG_LEVEL", "LOGLEVEL", "LOG", "VERBOSE"),
    "OLLAMA_MAX_QUEUE": ("QUEUE", "MAX_QUEUE_SIZE", "QUEUE_SIZE"),
    "OLLAMA_SCHED_SPREAD": ("SPREAD", "MULTI_GPU", "GPU_SPLIT"),
    "OLLAMA_GPU_OVERHEAD": ("MAX_VRAM", "VRAM", "GPU_MEMORY", "GPU_MEMORY_FRACTION", "GPU_MEMORY_LIMIT", "GPU_MEMORY_UTILIZATION", "MAX_GPU_MEMORY"),
    "HTTPS_PROXY": ("PROXY", "HTTP_PROXY", "HTTPS_PROXY"),
    _DEVICES: ("GPU", "GPUS", "GPU_ID", "GPU_IDS", "DEVICE", "GPU_DEVICE", "GPU_DEVICES", "VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"),
    _THREADS: ("THREADS", "NUM_THREAD", "NUM_THREADS", "CPU_THREADS", "MAX_THREADS"),
    _LAYERS: ("NUM_GPU", "NUM_GPUS", "GPU_LAYERS", "NUM_GPU_LAYERS", "N_GPU_LAYERS"),
}
_MEANT = {PREFIX + name: meant for meant, names in _IN_VAIN.items() for name in names}


def meant_by(key: str) -> str | None:
    """What is to be set in the place of a variable that no server reads; None where it is one, or where nobody can tell."""
    upper = key.upper()
    if not upper.startswith(PREFIX) or key in FIRST or key in GONE:
        return None
    if upper in FIRST:
        return upper  # the environment knows no upper case but the written one
    return _MEANT.get(upper) or next(iter(difflib.get_close_matches(upper, FIRST, n=1, cutoff=_NEAR)), None)


def doubt(key: str) -> str | None:
    """One sentence about a variable that some server does not read, or may not; None for the others."""
    if key in GONE:
        return f"{key} is read by no Ollama from {GONE[key]} on"
    if key.startswith(PREFIX) and key not in FIRST:
        return f"{key} is no variable that Ollama is known to read; a newer release than those that are known may"
    return None
