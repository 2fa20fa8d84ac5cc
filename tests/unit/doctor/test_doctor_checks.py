# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding: there, with what was seen and what to do, where its fault is; not there on a host in order."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor import diagnosis
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.agent_checks import interval
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.diagnosis import GROUPS, diagnose
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.examination import DriverLook, Entry, JournalLook, Listener, ShellSetting, Store
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.finding import Finding
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.gateway_checks import gateway_addresses
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.journal_patterns import KERNEL_PATTERNS
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import Vram
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.hold_file import Hold
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import parse_policy
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.address import Address
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.host import Process
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.ignored_lines import IgnoredLine
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.restart import Restart
from support.container_cases import CONTAINER_CASES
from support.examinations import CONFIGURATION, EPOCH, LOADED, ON_CPU, STATUS, TIMER, agent, healthy, journal, server, unit, with_conflict
from support.values import card, digest, look, policy, processes, resident, runners

NODES = ("/dev/nvidia-uvm", "/dev/nvidia0", "/dev/nvidiactl")
CARDS = {"nvidia": ("0000:01:00.0",)}
BY_HAND = Listener("0.0.0.0", 11434, 4711, "ollama", "user@1000.service")
OTHER = Listener("127.0.0.1", 11434, 812, "nginx", "nginx.service")
POST = '[GIN] 2026/08/22 - 08:00:00 | 200 | 1.2ms | 10.0.0.7 | POST     "/api/generate"'
TIMED = (
    'level=DEBUG source=sched.go:415 msg="runner with non-zero duration has gone idle, adding timer" runner.name=registry.ollama.ai/library/a:latest'
    ' runner.size="7.3 MiB" runner.num_ctx=4096 duration=5m0s'
)
BIND = "Error: listen tcp 127.0.0.1:11434: bind: address already in use"
OVERRIDE = "/etc/systemd/system/ollama.service.d/override.conf"
UNKNOWN_KEY = f"{OVERRIDE}:3: Unknown key name 'MemoryHi' in section 'Service', ignoring."
IGNORED = IgnoredLine(OVERRIDE, 2, "OLLAMA_KEEP_ALIVE=-1", "OLLAMA_KEEP_ALIVE is a variable", 'write Environment="OLLAMA_KEEP_ALIVE=VALUE" below [Service]')
GONE = {"observation": None, "failure": "no Ollama server answers at http://127.0.0.1:11434: Connection refused", "failed": "ServerUnreachable"}


def driver(**changes: Any) -> DriverLook:
    return replace(DriverLook(cards=CARDS, nodes=NODES, smi="0, L4, 570.0, Enabled"), **changes)


def down(load: str = "loaded", active: str = "inactive", **others: Any) -> Any:
    return unit({"load_state": load, "active_state": active, "main_pid": 0}, process=None, **others)


def looping(**properties: str) -> Any:
    state = {"active_state": "activating", "sub_state": "auto-restart", "main_pid": 0}
    return unit(state, process=None, properties={"Result": "exit-code", "NRestarts": "7", **properties})


def saying(message: str, since: float, **changes: Any) -> Any:
    """systemd said so `since` seconds after the file was written."""
    written = EPOCH - 100 - since  # the first line of a journal is of 100 seconds ago
    return healthy(unit=unit(changed={OVERRIDE: written}, **changes), journal=journal(message))


def skewed(seconds: float) -> Any:
    return server(asked_at=EPOCH - seconds)


def listed(*entries: Any, **others: Any) -> Any:
    return healthy(server=server(*entries, **others))


def last_pass(**changes: Any) -> Any:
    return healthy(agent=agent(status={**STATUS, "last_pass": {**STATUS["last_pass"], **changes}}))


def remembering(start: str | None = "211@1", **history: Any) -> Any:
    return agent(status={**STATUS, "history": {"incidents": [], "server": start, "warmed": [], "set_aside": {}, **history}})


CASES: dict[str, tuple[Any, str, str]] = {
    "unit_missing": (healthy(unit=down("not-found"), server=None), "LoadState=not-found", "ollama_server_install: missing"),
    "unit_masked": (healthy(unit=down("masked"), server=None), "LoadState=masked", "systemctl unmask ollama.service"),
    "unit_broken": (healthy(unit=down("bad-setting"), server=None), "LoadState=bad-setting", "systemd-analyze verify ollama.service"),
    "unit_stopped": (healthy(unit=down(), server=None), "ActiveState=inactive", "systemctl start ollama.service"),
    "unit_failed": (healthy(unit=down(active="failed"), server=None), "ActiveState=failed", "journalctl -u ollama.service"),
    "unit_starting": (healthy(unit=down(active="activating"), server=None), "ActiveState=activating", "journalctl -u ollama.service"),
    "unit_disabled": (healthy(unit=unit({"file_state": "disabled"})), "UnitFileState=disabled", "systemctl enable ollama.service"),
    "restart_due": (
        healthy(unit=unit(restart=Restart(due=("OLLAMA_KEEP_ALIVE is '5m' in the running server and '45m' in its unit",)))),
        "/proc/211: OLLAMA_KEEP_ALIVE is '5m' in the running server",
        "systemctl restart ollama.service",
    ),
    "change_pending": (
        healthy(unit=unit(restart=Restart(pending=("OLLAMA_MAX_LOADED_MODELS is '4' in the running server and '8' in its unit",)))),
        "/proc/211: OLLAMA_MAX_LOADED_MODELS is '4' in the running server",
        "systemctl restart ollama.service",
    ),
    "daemon_reload_due": (healthy(unit=unit(behind_disk=True)), "DropInPaths=/etc/systemd", "systemctl daemon-reload"),
    "setting_overridden": (healthy(unit=with_conflict(True)), "/etc/default/ollama: OLLAMA_KEEP_ALIVE=5m", "out of /etc/default/ollama"),
    "setting_shadowed": (healthy(unit=with_conflict(False)), "/etc/default/ollama: OLLAMA_KEEP_ALIVE=5m", "out of /etc/default/ollama"),
    "dropin_missing": (healthy(unit=unit(dropin=None)), "drop-ins:", "play site"),
    "value_misread": (healthy(unit=unit(environment={"OLLAMA_KEEP_ALIVE": "1d"})), "zz-keepwarm.conf: OLLAMA_KEEP_ALIVE=1d", "a duration such as 30m"),
    "variable_unknown": (healthy(unit=unit(environment={"OLLAMA_KEEPALIVE": "1h"})), "OLLAMA_KEEPALIVE=1h", "rename it in /etc/systemd"),
    "keep_alive_short": (healthy(unit=unit(environment={"OLLAMA_KEEP_ALIVE": "2"})), "OLLAMA_KEEP_ALIVE=2", "30m"),
    "strays_unloaded": (healthy(unit=unit(environment={"OLLAMA_KEEP_ALIVE": "0"})), "OLLAMA_KEEP_ALIVE=0", "ollama_server_keep_alive: 30m"),
    "strays_for_ever": (healthy(unit=unit(environment={"OLLAMA_KEEP_ALIVE": "-1"})), "OLLAMA_KEEP_ALIVE=-1", "ollama_server_keep_alive: 30m"),
    "shell_variable": (
        healthy(shell=(ShellSetting("/etc/environment", 3, "OLLAMA_KEEP_ALIVE", "-1"),)),
        "/etc/environment:3: OLLAMA_KEEP_ALIVE=-1",
        "ollama_server_keep_alive",
    ),
    "port_taken": (healthy(listeners=(OTHER,)), "127.0.0.1:11434 process 812 (nginx) nginx.service", "ollama_server_host"),
    "not_listening": (healthy(listeners=()), "127.0.0.1:11434", "journalctl -u ollama.service"),
    "agent_asks_elsewhere": (healthy(agent=agent(raw={"url": "http://127.0.0.1:11999"})), f"{CONFIGURATION}: url: http://127.0.0.1:11999", "ollama_warmup_url"),
    "second_server": (
        healthy(listeners=(*(healthy().listeners or ()), replace(BY_HAND, port=11500))),
        "0.0.0.0:11500 process 4711 (ollama) user@1000.service",
        "stop it",
    ),
    "exposed": (healthy(unit=unit(environment={"OLLAMA_HOST": "0.0.0.0"})), "OLLAMA_HOST=0.0.0.0", "ollama_server_host: 127.0.0.1:11434"),
    "gateway_down": (healthy(gateway=(Address("0.0.0.0", 11443),)), "listen 0.0.0.0:11443", "systemctl restart nginx.service"),
    "server_unreachable": (healthy(server=server(**GONE)), "Connection refused", "systemctl restart ollama.service"),
    "clock_skew": (healthy(server=skewed(90)), "Date: 2026-08-22", "timedatectl"),
    "gpu_without_driver": (healthy(driver=DriverLook(cards=CARDS)), "nvidia 0000:01:00.0", "modprobe nvidia"),
    "gpu_uvm_missing": (healthy(driver=driver(nodes=NODES[1:])), "/dev/nvidia0", "nvidia-modprobe"),
    "nvidia_smi_fails": (healthy(driver=driver(smi=None, smi_failure="Failed to initialize NVML")), "Failed to initialize NVML", "reboot"),
    "nvidia_smi_absent": (healthy(driver=driver(smi=None)), "no nvidia-smi", "install it"),
    "gpu_not_persistent": (healthy(driver=driver(smi="0, L4, 570.0, Disabled")), "Disabled", "nvidia-persistenced"),
    "gpu_not_here": (
        healthy(unit=unit(environment={"CUDA_VISIBLE_DEVICES": "0,GPU-11"}), driver=driver(smi="0, GPU-12, L4\n1, GPU-13, L4")),
        "nvidia-smi: 0, GPU-12, L4; 1, GPU-13, L4",
        "nvidia-smi -L",
    ),
    "gpu_not_permitted": (healthy(driver=driver(hidden=("/dev/kfd",))), "/dev/kfd", "usermod -aG render,video ollama"),
    "gpu_hidden_by_unit": (healthy(unit=unit(properties={"PrivateDevices": "yes"})), "PrivateDevices=yes", "take PrivateDevices=yes out"),
    "cpu_only_start": (healthy(journal=JournalLook(startup=(Entry(EPOCH, ON_CPU),))), "library=cpu", "systemctl restart ollama.service"),
    "integrated_gpu_unused": (
        healthy(
            driver=DriverLook(cards={"amd": ("0000:c5:00.0",)}, nodes=("/dev/kfd",)),
            journal=JournalLook(startup=(Entry(EPOCH, 'msg="dropping integrated GPU" id=0 library=ROCm'), Entry(EPOCH, ON_CPU))),
        ),
        "dropping integrated GPU",
        "OLLAMA_IGPU_ENABLE=1",
    ),
    "journal_silent": (healthy(journal=JournalLook()), "no entries", "StandardOutput="),
    "keep_alive_sent": (healthy(journal=journal(POST, TIMED)), "10.0.0.7", "/v1"),
    "keep_alive_unseen": (
        healthy(journal=journal(POST), server=server(resident("a", timedelta(minutes=5)), resident("b"))),
        "expires_at=2026-08-22T08:05:00",
        "OLLAMA_DEBUG=1",
    ),
    "model_not_installed": (
        healthy(server=server(resident("b"), installed=("b",))),
        "/api/tags: b:latest",
        "OLLAMA_HOST=http://127.0.0.1:11434 ollama pull a:latest",
    ),
    "model_in_another_store": (
        healthy(server=server(resident("b"), installed=("b",)), stores=(Store("/srv/m"), Store("/root/.ollama/models", True, frozenset({"a:latest"})))),
        "/root/.ollama/models holds a:latest",
        "ollama_server_models: /root/.ollama/models",
    ),
    "store_unreadable": (
        healthy(server=None, stores=(Store("/home/x/models", True, frozenset(), "/home/x"),)),
        "/home/x is not open to ollama",
        "chmod o+x /home/x",
    ),
    "not_in_memory": (listed(resident("b")), "a:latest is not listed", "ollama-warmup run"),
    "leaving_memory": (listed(resident("a", timedelta(minutes=5)), resident("b")), "a:latest expires_at=2026-08-22T08:05:00", "ollama-warmup run"),
    "dead_runner": (listed(alive=runners("b")), "a:latest expires_at", "journalctl -k"),
    "context_mismatch": (healthy(policy=policy({"name": "a", "num_ctx": 512}, "b")), "context_length=4096", "ollama_warmup_context_mismatch: reload"),
    "spilled": (
        healthy(policy=policy({"name": "a", "min_gpu_percent": 90}, "b"), server=server(resident("a", size=1000, vram=400), resident("b"))),
        "size=1000 size_vram=400",
        "smaller",
    ),
    "stale_digest": (listed(resident("a", version="old"), resident("b"), alive=runners("b")), "a:latest expires_at", "ollama-warmup run"),
    "hung_runner": (
        healthy(policy=policy("a"), server=server(observation=replace(look(("a",), (resident("a"),)), **processes("a", state="T")))),
        "a:latest expires_at",
        "journalctl -k",
    ),
    "liveness_unknown": (
        healthy(policy=policy("a"), server=server(observation=look(("a",), (resident("a"),)))),
        "a:latest expires_at",
        "ollama-warmup run",
    ),
    "overstaying": (healthy(policy=policy({"name": "a", "policy": "warm", "keep_alive": "10m"}, "b")), "a:latest expires_at", "ollama-warmup run"),
    "stuck": (
        listed(resident("a", timedelta(hours=-1)), resident("b")),
        "a:latest expires_at=2026-08-22T07:00:00",
        "systemctl restart ollama.service",
    ),
    "undecided": (listed(resident("b"), alive=runners("a", "b")), "a:latest is not listed", "look again"),
    "set_aside": (
        healthy(server=server(resident("b"), start="211@1"), agent=remembering(set_aside={"a:latest": ["b"]})),
        "a:latest is not listed",
        "systemctl restart ollama.service",
    ),
    "declaration_refused": (
        healthy(server=server(installed=("a", "b"), observation=look(("a", "b"), (resident("a"),), runners("a"), {digest("b"): card("a")}))),
        f"{CONFIGURATION}: b",
        "ollama_warmup_models",
    ),
    "context_capped": (
        healthy(policy=policy({"name": "a", "num_ctx": 40000}, "b"), server=server(resident("a", context=32768), resident("b"))),
        "context_length 32768",
        "num_ctx: 32768",
    ),
    "nothing_declared": (healthy(policy=policy()), "models: []", "ollama_warmup_models"),
    "too_few_places": (healthy(unit=unit(environment={"OLLAMA_MAX_LOADED_MODELS": "1"})), "OLLAMA_MAX_LOADED_MODELS=1", "ollama_server_max_loaded_models: 3"),
    "no_spare_place": (healthy(unit=unit(environment={"OLLAMA_MAX_LOADED_MODELS": "2"})), "OLLAMA_MAX_LOADED_MODELS=2", "ollama_server_max_loaded_models: 3"),
    "does_not_fit": (healthy(predictions=("a does not fit beside b",)), "a does not fit beside b", "fewer or smaller"),
    "context_automatic": (listed(resident("a", context=262144), resident("b", context=262144)), "context_length=262144", "ollama_server_context_length"),
    "vram_taken": (healthy(vram=Vram(24 * 10**9, 9 * 10**9)), "used 9000000000 of 24000000000 bytes", "nvidia-smi"),
    "agent_missing": (healthy(agent=agent(installed=False)), "/usr/local/bin/ollama-warmup: no such file", "play site"),
    "agent_not_configured": (healthy(agent=agent(configured=False)), f"{CONFIGURATION}: no such file", "play site"),
    "configuration_invalid": (healthy(agent=agent(problems=("url 'x' is not the address of an HTTP server",))), "url 'x'", f"{CONFIGURATION} is its"),
    "interpreter_missing": (healthy(agent=agent(python="", python_missing="/opt/py/bin/python")), "/opt/py/bin/python", "ollama_warmup_python"),
    "agent_user_missing": (healthy(agent=agent(user_missing="ollama-warmup")), "User=ollama-warmup", "play site"),
    "agent_state_not_its_own": (
        healthy(agent=agent(owner_problem="/var/lib/ollama-warmup/default belongs to user 0, not to the agent's (ollama-warmup)")),
        "belongs to user 0",
        "chown -R ollama-warmup:ollama-warmup /var/lib/ollama-warmup/default",
    ),
    "timer_inactive": (
        healthy(agent=agent({"ollama-warmup.timer": {**TIMER, "ActiveState": "inactive"}})),
        "ActiveState=inactive",
        "systemctl enable --now ollama-warmup.timer",
    ),
    "timer_missing": (
        healthy(agent=agent({"ollama-warmup.timer": {"LoadState": "not-found", "ActiveState": "inactive"}})),
        "LoadState=not-found",
        "play site",
    ),
    "timer_disabled": (healthy(agent=agent({"ollama-warmup.timer": {**TIMER, "UnitFileState": "disabled"}})), "UnitFileState=disabled", "systemctl enable"),
    "agent_unit_masked": (healthy(agent=agent({"ollama-warmup.service": {"LoadState": "masked"}})), "LoadState=masked", "unmask ollama-warmup.service"),
    "pass_remains_active": (
        healthy(agent=agent({"ollama-warmup.service": {**LOADED, "ActiveState": "active", "SubState": "exited"}})),
        "SubState=exited",
        "systemctl stop ollama-warmup.service",
    ),
    "pass_not_by_start": (
        healthy(agent=agent({"ollama-warmup.service": {**LOADED, "UnitFileState": "disabled"}})),
        "UnitFileState=disabled",
        "systemctl enable ollama-warmup.service",
    ),
    "watch_inactive": (
        healthy(agent=agent({"ollama-warmup-watch.service": {**LOADED, "ActiveState": "failed"}})),
        "ActiveState=failed",
        "systemctl enable --now ollama-warmup-watch.service",
    ),
    "on_hold": (healthy(agent=agent(hold=Hold(EPOCH + 60, EPOCH, "new GPU", "alice"))), "by alice: new GPU", "ollama-warmup release"),
    "drained": (
        healthy(agent=agent(drains={"/var/lib/ollama-warmup/default.drain": Hold(EPOCH + 60, EPOCH - 3600, "new cables", "alice")})),
        "drained until 2026-08-22 08:01:00 UTC by alice: new cables",
        "ollama-warmup undrain",
    ),
    "pass_overdue": (last_pass(at=EPOCH - 3600), "last pass 2026-08-22 07:00:00 UTC", "journalctl -u ollama-warmup.service"),
    "no_pass_yet": (healthy(agent=agent(status={"last_pass": None})), "no pass", "ollama-warmup run"),
    "last_pass_not_warm": (last_pass(exit=1, failures=["a is not in memory"]), "a is not in memory", "ollama-warmup run"),
}

CASES.update(CONTAINER_CASES)
CASES.update(
    {
        "unit_line_ignored": (healthy(unit=unit(ignored=(IGNORED,))), f"{OVERRIDE}:2: OLLAMA_KEEP_ALIVE=-1", 'write Environment="OLLAMA_KEEP_ALIVE=VALUE"'),
        "unit_line_refused": (saying(UNKNOWN_KEY, since=1), "MemoryHi", "systemd-analyze verify"),
        "dropin_not_read": (healthy(unit=unit(unread=("/etc/systemd/system/ollama.service.d/override",))), "ollama.service.d/override", "override.conf"),
        "environment_file_missing": (healthy(unit=unit(missing_files=("-/etc/x",))), "EnvironmentFile=-/etc/x", "write /etc/x"),
        "crash_loop": (
            healthy(unit=looping(), listeners=(), server=None, journal=journal(BIND)),
            "SubState=auto-restart NRestarts=7",
            "journalctl -u ollama.service",
        ),
        "gpu_lost_after_suspend": (
            healthy(journal=journal("ggml_cuda_init: failed to initialize CUDA: unknown error", kernel=(Entry(EPOCH - 200, "PM: suspend exit"),))),
            "PM: suspend exit",
            "rmmod nvidia_uvm && modprobe nvidia_uvm",
        ),
        "gpu_set_aside": (healthy(driver=driver(set_aside={"0000:02:00.0": "it is bound to vfio-pci"})), "0000:02:00.0", "nothing, if that is meant"),
    }
)

LINES: dict[str, list[str]] = {
    "evicted_for_memory": [
        'level=INFO source=sched.go:548 msg="llama-server model predicted to exceed available memory, evicting" predicted="2.3 MiB" available="0 B"',
        'level=INFO source=sched.go:500 msg="model requires more gpu memory than is currently available, evicting a model to make space"',
        'level=INFO source=sched.go:470 msg="model requires more memory than is currently available, evicting a model to make space"',
    ],
    "evicted_for_count": ['level=DEBUG source=sched.go:284 msg="max runners achieved, unloading one to make room" runner_count=2'],
    "evicted_after_oom": [
        'level=WARN source=sched.go:670 msg="llama-server load failed; evicting all other models and retrying once"',
        'level=INFO source=sched.go:1562 msg="evicting all other loaded models for OOM retry" count=2',
        'level=WARN source=sched.go:900 msg="runtime OOM detected; expiring loaded models to free memory"',
    ],
    "context_reduced": ['level=WARN msg="llama-server load failed; reducing automatic context and retrying"'],
    "oom_killed": ["ollama.service: A process of this unit has been killed by the OOM killer.", "ollama.service: Failed with result 'oom-kill'."],
    "runner_died": [
        'level=WARN source=llama_server.go:1196 msg="llama-server process no longer running" sys=9 string="signal: killed"',
        'level=WARN source=server.go:1100 msg="llama runner process no longer running" sys=9 string="signal: killed"',
        'level=ERROR source=llama_server.go:300 msg="llama-server terminated" error="signal: segmentation fault"',
        'level=ERROR source=server.go:300 msg="llama runner terminated" error="exit status 2"',
    ],
    "gpu_fault": ["CUDA error: an illegal memory access was encountered", "cudaMalloc failed: out of memory", "GGML_ASSERT(n > 0) failed"],
    "gpu_lost": [
        "ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected",
        "time=2026-08-22T08:00:00Z level=INFO source=gpu.go:450 msg=\"cuda driver library failed to get device context 999\"",
    ],
    "gpu_access_denied": ['level=ERROR source=amd_linux.go:406 msg="amdgpu devices detected but permission problems block access: permission denied"'],
    "bind_no_such_address": ["Error: listen tcp 10.9.8.7:11434: bind: cannot assign requested address"],
    "bind_address_in_use": [BIND],
    "folder_denied": ["Error: mkdir /home/alice/models: permission denied"],
    "disk_full": ["Error: write /usr/share/ollama/.ollama/id_ed25519: no space left on device"],
    "origin_refused": ["panic: bad origin: origins must contain '*' or include http://,https://"],
    "gpu_memory_unreadable": ['level=WARN msg="unable to refresh free memory, using old values"'],
    "gpu_discovery_failed": [
        'level=INFO msg="failure during llama-server GPU discovery" error="exit status 1"',
        'level=WARN msg="llama-server GPU discovery watchdog timed out"',
        'level=WARN msg="NVIDIA driver too old"',
    ],
    "context_shift_refused": ["Deepseek2 does not support K-shift"],
    "prompt_truncated": ['level=WARN source=runner.go:126 msg="truncating input prompt" limit=4 prompt=6 keep=3 new=4'],
    "load_aborted": [
        'level=WARN source=llama_server.go:1303 msg="client connection closed before llama-server finished loading, aborting load"',
        'level=WARN source=server.go:1303 msg="client connection closed before server finished loading, aborting load"',
    ],
    "load_stalled": ['level=INFO source=sched.go:641 msg="Load failed" error="timed out waiting for llama-server to start - "'],
    "load_failed": [
        'level=ERROR source=sched.go:737 msg="error loading llama server" error="no such file"',
        'level=INFO source=sched.go:641 msg="Load failed" model=/x error="llama-server process has terminated: exit status 1: bad magic"',
    ],
    "invalid_variable": [
        'level=WARN source=config.go:257 msg="invalid environment variable, using default" key=OLLAMA_NUM_PARALLEL value=many default=1',
        'level=WARN source=config.go:54 msg="invalid port, using default" port=x default=11434',
    ],
    "context_above_training": ['level=WARN source=server.go:114 msg="requested context size too large for model" num_ctx=4096 n_ctx_train=512'],
    "parallel_refused": ['level=WARN msg="model architecture does not currently support parallel requests" architecture=mllama'],
    "option_unknown": ['level=WARN source=types.go:803 msg="invalid option provided" option=no_such'],
    "queue_full": ['[GIN] 2026/08/22 - 08:00:00 | 503 |      1.2ms |       127.0.0.1 | POST     "/api/chat"'],
    "model_expired": ['level=DEBUG source=sched.go:415 msg="timer expired, expiring to unload" runner.name=a:latest'],
    "reloaded_for_options": ["level=DEBUG source=sched.go:275 msg=reloading runner.name=registry.ollama.ai/library/a:latest"],
}
KERNEL_LINES = {
    "oom_killed": ["Out of memory: Killed process 4711 (llama-server) total-vm:1kB", "Memory cgroup out of memory: Killed process 4711 (ollama) total-vm:1kB"],
    "gpu_fault": ["NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.", "amdgpu 0000:03:00.0: GPU reset begin!"],
}
HARMLESS = (
    'level=INFO source=sched.go:641 msg="Load failed" model=/x error="timed out waiting for llama-server to start: context canceled"',
    '[GIN] 2026/08/22 - 08:00:00 | 200 |     503.2ms |       127.0.0.1 | POST     "/api/chat"',
    'level=INFO source=sched.go:731 msg="loaded runners" count=1',
    "Out of memory: Killed process 12 (postgres) total-vm:1kB",
)


def codes(look: Any) -> list[str]:
    return [finding.code for finding in diagnose(look).findings]


def only(look: Any, code: str) -> Finding:
    found = [finding for finding in diagnose(look).findings if finding.code == code]
    assert len(found) == 1, codes(look)
    return found[0]


def test_a_drain_says_since_when() -> None:
    found = only(CASES["drained"][0], "drained")
    assert "since 2026-08-22 07:00:00 UTC it is drained until 2026-08-22 08:01:00 UTC by alice: new cables" in found.what


def test_a_host_in_order_has_no_finding() -> None:
    assert diagnose(healthy()).findings == []


@pytest.mark.parametrize("code", CASES)
def test_a_fault_is_found_with_what_was_seen_and_what_to_do(code: str) -> None:
    examination, evidence, remedy = CASES[code]
    finding = only(examination, code)
    assert evidence in "\n".join(f"{each.source}: {each.text}" for each in finding.evidence)
    assert remedy in finding.remedy


def test_every_finding_has_its_case() -> None:
    known = {kind.code for group in GROUPS for kind in group.kinds}
    assert known == {*CASES, *LINES, *KERNEL_LINES}


@pytest.mark.parametrize(("code", "line"), [(code, line) for code, lines in LINES.items() for line in lines])
def test_a_line_of_the_journal_means_what_it_says(code: str, line: str) -> None:
    finding = only(healthy(journal=journal(line)), code)
    assert [each.text for each in finding.evidence] == [" ".join(line.split())]
    assert finding.remedy
    assert "{" not in finding.what


@pytest.mark.parametrize(("code", "line"), [(code, line) for code, lines in KERNEL_LINES.items() for line in lines])
def test_a_line_of_the_kernels_means_what_it_says(code: str, line: str) -> None:
    finding = only(healthy(journal=journal(kernel=(Entry(EPOCH, line),))), code)
    assert [(each.source.partition(",")[0], each.text) for each in finding.evidence] == [("journalctl -k", line)]


@pytest.mark.parametrize("line", HARMLESS)
def test_other_lines_mean_nothing(line: str) -> None:
    assert codes(healthy(journal=journal(line, kernel=(Entry(EPOCH, line),)))) == []


def test_many_lines_are_one_finding_with_the_first_and_the_last() -> None:
    lines = [f"{LINES['runner_died'][0]} pid={number}" for number in range(5)]
    finding = only(healthy(journal=journal(*lines)), "runner_died")
    assert [each.text[-5:] for each in finding.evidence] == ["pid=0", "pid=4"]
    assert "lines: 5" in finding.what


def test_what_was_before_the_present_start_is_a_note() -> None:
    earlier = (Entry(EPOCH - 7200, LINES["evicted_after_oom"][0]),)
    assert [(finding.code, finding.severity) for finding in diagnose(healthy(journal=journal(earlier=earlier))).findings] == [("evicted_after_oom", "note")]
    both = healthy(journal=journal(LINES["evicted_after_oom"][0], earlier=earlier))
    assert [(finding.code, finding.severity) for finding in diagnose(both).findings] == [("evicted_after_oom", "problem")]


def test_what_the_kernel_said_before_the_present_start_is_a_note() -> None:
    faults = (Entry(EPOCH - 7200, KERNEL_LINES["gpu_fault"][0]), Entry(EPOCH - 7100, KERNEL_LINES["oom_killed"][0]))
    early = journal(kernel=faults, began=EPOCH - 600)
    assert [(finding.code, finding.severity) for finding in diagnose(healthy(journal=early)).findings] == [("gpu_fault", "note"), ("oom_killed", "note")]
    late = replace(early, kernel=(*faults, Entry(EPOCH, KERNEL_LINES["gpu_fault"][1])))
    assert [(finding.code, finding.severity) for finding in diagnose(healthy(journal=late)).findings] == [("gpu_fault", "problem"), ("oom_killed", "note")]
    both = replace(early, earlier=(Entry(EPOCH - 7200, LINES["oom_killed"][0]),))
    assert codes(healthy(journal=both)) == ["oom_killed", "gpu_fault"]


def test_a_processor_is_what_a_host_without_gpu_computes_on() -> None:
    bare = healthy(driver=DriverLook(), journal=JournalLook(startup=(Entry(EPOCH, ON_CPU),)))
    assert codes(bare) == []
    declared = replace(bare, policy=policy({"name": "a", "min_gpu_percent": 50}, "b"))
    assert codes(declared) == ["cpu_only_start"]


DROPPED = 'level=INFO source=types.go:40 msg="dropping integrated GPU; to enable, set OLLAMA_IGPU_ENABLE=1" id=0 library=Vulkan'
INTEGRATED = DriverLook(cards={"amd": ("0000:c5:00.0",)}, nodes=("/dev/kfd",), count=1)


def test_an_integrated_gpu_that_the_server_drops_is_a_note() -> None:
    said = journal(startup=(Entry(EPOCH, DROPPED), Entry(EPOCH, ON_CPU)))
    look = healthy(driver=INTEGRATED, journal=said)
    assert [(finding.code, finding.severity) for finding in diagnose(look).findings] == [("integrated_gpu_unused", "note")]
    assert "OLLAMA_IGPU_ENABLE=1" in only(look, "integrated_gpu_unused").remedy
    assert codes(replace(look, policy=policy({"name": "a", "min_gpu_percent": 50}, "b"))) == ["cpu_only_start"]
    assert codes(replace(look, journal=journal(startup=(Entry(EPOCH, ON_CPU),)))) == ["cpu_only_start"]
    beside = replace(INTEGRATED, cards={"amd": ("0000:03:00.0", "0000:c5:00.0")})
    assert codes(replace(look, driver=beside)) == ["cpu_only_start"]
    assert codes(replace(look, driver=driver(cards={**INTEGRATED.cards, **CARDS}, nodes=("/dev/kfd", *NODES)))) == ["cpu_only_start"]


@pytest.mark.parametrize(
    ("driver_look", "properties", "found"),
    [
        (driver(), {"DevicePolicy": "closed"}, ["gpu_hidden_by_unit"]),
        (driver(), {"DevicePolicy": "strict", "DeviceAllow": "char-nvidia-frontend rw"}, []),
        (driver(), {"DevicePolicy": "closed", "DeviceAllow": "/dev/kfd rw char-drm rw"}, ["gpu_hidden_by_unit"]),
        (INTEGRATED, {"DevicePolicy": "closed", "DeviceAllow": "/dev/kfd rw char-drm rw"}, []),
        (INTEGRATED, {"DevicePolicy": "closed", "DeviceAllow": "char-kfd rw /dev/dri/renderD128 rw"}, []),
        (INTEGRATED, {"DevicePolicy": "closed", "DeviceAllow": "/dev/kfd rw"}, ["gpu_hidden_by_unit"]),
        (INTEGRATED, {"DevicePolicy": "closed", "DeviceAllow": "char-nvidia rw"}, ["gpu_hidden_by_unit"]),
        (INTEGRATED, {"PrivateDevices": "yes", "DeviceAllow": "/dev/kfd rw char-drm rw"}, ["gpu_hidden_by_unit"]),
        (driver(cards={**INTEGRATED.cards, **CARDS}, nodes=("/dev/kfd", *NODES)), {"DevicePolicy": "closed", "DeviceAllow": "char-nvidia rw"}, []),
        (INTEGRATED, {"DevicePolicy": "auto"}, []),
    ],
)
def test_a_unit_that_lets_its_gpu_through_hides_none(driver_look: DriverLook, properties: dict[str, str], found: list[str]) -> None:
    assert codes(healthy(driver=driver_look, unit=unit(properties=properties))) == found


def test_an_instance_without_gpu_is_to_be_on_the_processor() -> None:
    without = healthy(unit=unit(environment={"CUDA_VISIBLE_DEVICES": "-1"}), journal=JournalLook(startup=(Entry(EPOCH, ON_CPU),)))
    assert codes(without) == []


def test_a_model_is_pulled_to_the_server_that_misses_it() -> None:
    other = server(resident("b"), installed=("b",), url="http://127.0.0.1:11500")
    asked = "OLLAMA_HOST=http://127.0.0.1:11500"
    assert only(healthy(server=other), "model_not_installed").remedy.startswith(f"{asked} ollama pull a:latest")
    found = (Store("/srv/m"), Store("/root/.ollama/models", True, frozenset({"a:latest"})))
    assert f"{asked} ollama pull a:latest" in only(healthy(server=other, stores=found), "model_in_another_store").remedy
    broken = healthy(server=replace(server(), url="http://127.0.0.1:11500"), journal=journal(LINES["load_failed"][0]))
    assert asked in only(broken, "load_failed").remedy


def test_a_remedy_is_of_the_instance() -> None:
    west = healthy(instance="west", server=server(resident("b")))
    assert only(west, "not_in_memory").remedy.startswith("ollama-warmup --instance west run loads it;")
    assert only(replace(west, instance="default"), "not_in_memory").remedy.startswith("ollama-warmup run loads it;")


def test_memory_that_the_models_themselves_take_is_not_others() -> None:
    full = server(resident("a", size=8 * 10**9), resident("b", size=10**9))
    assert codes(healthy(vram=Vram(24 * 10**9, 10 * 10**9), server=full)) == []


def test_a_variable_that_is_in_force_by_other_means_is_not_in_vain() -> None:
    same = ShellSetting("/etc/environment", 1, "OLLAMA_KEEP_ALIVE", "45m")
    clients = ShellSetting("/root/.bashrc", 1, "OLLAMA_HOST", "http://localhost:11434")
    assert codes(healthy(shell=(same, replace(clients, value="127.0.0.1")))) == []
    read = unit(environment_files=("/etc/environment",))
    assert codes(healthy(unit=read, shell=(replace(same, value="-1"),))) == []


def test_a_port_that_another_takes_is_told_of_a_server_that_cannot_start() -> None:
    assert codes(healthy(unit=down(active="activating"), server=None, listeners=(OTHER,))) == ["port_taken", "unit_starting"]


def test_a_gateway_before_the_server_is_a_warning() -> None:
    gateway = Listener("127.0.0.1", 8080, 900, "nginx", "nginx.service")
    asking = healthy(agent=agent(raw={"url": "http://127.0.0.1:8080"}), listeners=(*(healthy().listeners or ()), gateway))
    assert [(finding.code, finding.severity) for finding in diagnose(asking).findings] == [("agent_asks_elsewhere", "warning")]


def test_a_server_of_another_machine_has_no_unit_here() -> None:
    assert codes(healthy(unit=down("not-found"), agent=agent(raw={"url": "http://gpu2.example.org:11434"}, asks_this_host=False), listeners=())) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://127.0.0.1:abc", "http://[::1", "http://me:geheim@gpu2", "", 7, None])
def test_an_address_that_is_none_is_left_to_the_agents_own_validation(url: Any) -> None:
    said = f"url {url!r} is not an address"
    found = diagnose(healthy(agent=agent(raw={"url": url, "unit": "ollama.service"}, problems=(said,))))
    assert [finding.code for finding in found.findings] == ["configuration_invalid"]
    assert found.failed == []


def test_a_check_that_fails_silences_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(look: Any) -> Iterator[Finding]:
        yield from GROUPS[0].check(look)
        raise KeyError("api_key: geheim")

    monkeypatch.setattr(diagnosis, "GROUPS", (GROUPS[0]._replace(check=broken), *GROUPS[1:]))
    found = diagnose(healthy(unit=unit(dropin=None), policy=policy()))
    assert [finding.code for finding in found.findings] == ["dropin_missing", "nothing_declared"]
    assert found.failed == ["the checks of unit and environment failed: KeyError: 'api_key: geheim'"]


def test_a_pass_that_is_running_is_not_overdue() -> None:
    units = {"ollama-warmup.service": {**LOADED, "ActiveState": "activating", "User": "ollama-warmup"}}
    old = {**STATUS, "last_pass": {**STATUS["last_pass"], "at": EPOCH - 3600}}
    assert codes(healthy(agent=agent(units, status=old))) == []
    assert codes(healthy(agent=agent(units, status={"last_pass": None}))) == []


OVERDUE = {**STATUS, "last_pass": {**STATUS["last_pass"], "at": EPOCH - 3600}}


@pytest.mark.parametrize("status", [OVERDUE, {"last_pass": None}])
def test_without_a_list_of_models_no_pass_is_due(status: dict[str, Any]) -> None:
    (finding,) = diagnose(healthy(policy=parse_policy({"models": None}), agent=agent(status=status))).findings
    assert (finding.code, finding.severity, finding.evidence[0].text) == ("nothing_declared", "warning", "no list of models")


def test_an_empty_list_of_models_is_good_to_know_and_its_passes_are_due() -> None:
    (finding,) = diagnose(healthy(policy=policy())).findings
    assert (finding.code, finding.severity) == ("nothing_declared", "note")
    assert "pass_overdue" in codes(healthy(policy=policy(), agent=agent(status=OVERDUE)))


@pytest.mark.parametrize("state", ["inactive", "failed", "deactivating"])
def test_no_pass_is_due_while_the_server_is_down(state: str) -> None:
    stopped = healthy(unit=down(active=state), server=None, agent=agent(status=OVERDUE))
    assert "pass_overdue" not in codes(stopped)
    elsewhere = {"url": "http://gpu2.example.org:11434"}
    assert "pass_overdue" in codes(replace(stopped, agent=agent(status=OVERDUE, raw=elsewhere, asks_this_host=False)))
    assert "pass_overdue" in codes(replace(stopped, unit=down("not-found", state)))  # which nobody can have stopped


@pytest.mark.parametrize(("ago", "found"), [(60, []), (3000, ["pass_overdue"])])
def test_a_pass_is_due_some_time_after_what_kept_it_off(ago: float, found: list[str]) -> None:
    assert codes(healthy(agent=agent(status=OVERDUE, held_until=EPOCH - ago))) == found
    started = unit(properties={"ExecMainStartTimestamp": f"@{EPOCH - ago:.0f}"})
    assert codes(healthy(agent=agent(status=OVERDUE), unit=started)) == found


def test_where_a_shell_s_client_asks_is_a_note() -> None:
    other = ShellSetting("/root/.bashrc", 1, "OLLAMA_HOST", "gpu2:11434")
    assert [(finding.code, finding.severity) for finding in diagnose(healthy(shell=(other,))).findings] == [("shell_variable", "note")]


def test_a_socket_on_every_address_serves_the_agent() -> None:
    everywhere = unit(environment={"OLLAMA_HOST": "0.0.0.0:11434"})
    listener = Listener("::", 11434, 211, "ollama", "ollama.service")
    assert codes(healthy(unit=everywhere, listeners=(listener,))) == ["exposed"]


def test_a_gateway_that_nginx_serves_is_well() -> None:
    serving = Listener("0.0.0.0", 11443, 300, "nginx", "nginx.service")
    assert codes(healthy(gateway=(Address("0.0.0.0", 11443),), listeners=(*(healthy().listeners or ()), serving))) == []


@pytest.mark.parametrize(("program", "found"), [("caddy", ["gateway_down"]), ("", [])])
def test_a_listener_that_is_not_nginx_is_a_problem_if_it_can_be_told(program: str, found: list[str]) -> None:
    serving = Listener("0.0.0.0", 11443, 900 if program else 0, program, "")
    assert codes(healthy(gateway=(Address("0.0.0.0", 11443),), listeners=(*(healthy().listeners or ()), serving))) == found


def test_where_the_gateway_is_to_listen_is_read_from_the_role_s_own_file(tmp_path: pathlib.Path) -> None:
    assert gateway_addresses(str(tmp_path)) == ()
    file = tmp_path / "etc/nginx/conf.d/ollama-gateway.conf"
    file.parent.mkdir(parents=True)
    file.write_text("server {\n    listen 80;\n}\n")
    assert gateway_addresses(str(tmp_path)) == ()
    file.write_text("# Managed (keepwarm.ollama.ollama_gateway)\nserver {\n    listen 0.0.0.0:11443 ssl;\n    listen [::1]:8080;\n}\n")
    assert gateway_addresses(str(tmp_path)) == (Address("0.0.0.0", 11443), Address("::1", 8080))


def test_a_server_in_a_container_has_its_addresses_to_itself() -> None:
    wrapped = unit(serves=False, environment={"OLLAMA_HOST": "0.0.0.0"}, process=Process(211, {}, None))
    assert codes(healthy(unit=wrapped, listeners=())) == []


def test_an_optional_model_is_missed_with_a_warning() -> None:
    optional = healthy(policy=policy({"name": "a", "required": False}, "b"), server=server(resident("b")))
    assert [(finding.code, finding.severity) for finding in diagnose(optional).findings] == [("not_in_memory", "warning")]


def test_the_agents_own_record_of_an_incident_is_evidence() -> None:
    incident = {"model": "a:latest", "cause": "client_changed_expiry", "by": ["c"], "cause_evidence": "observed"}
    told = agent(status={**STATUS, "history": {"incidents": [incident]}})
    finding = only(healthy(agent=told, server=server(resident("b"))), "not_in_memory")
    assert finding.evidence[-1].text == "departed: client_changed_expiry by c (observed)"


WARM = {"name": "a", "policy": "warm", "keep_alive": "10m"}


@pytest.mark.parametrize(
    ("declared", "agents", "found"),
    [
        (WARM, remembering(warmed=["a:latest"]), []),
        ({**WARM, "required": True}, remembering(warmed=["a:latest"]), []),
        (WARM, remembering(), [("not_in_memory", "warning")]),
        ({**WARM, "required": True}, remembering(), [("not_in_memory", "problem")]),
        (WARM, remembering("99@1", warmed=["a:latest"]), [("not_in_memory", "warning")]),  # of an earlier start
        (WARM, agent(status={}), [("not_in_memory", "note")]),
        ("a", agent(status={}), [("not_in_memory", "problem")]),
        (WARM, remembering(set_aside={"a:latest": ["b"]}), [("set_aside", "note")]),
        ("a", remembering(set_aside={"a:latest": ["b"]}), [("set_aside", "problem")]),
        ("a", remembering("99@1", set_aside={"a:latest": ["b"]}), [("not_in_memory", "problem")]),
        (WARM, remembering(warmed=7, set_aside=7), [("not_in_memory", "warning")]),
        (WARM, remembering(warmed=[7, "?"], set_aside={"?": 7}), [("not_in_memory", "warning")]),
    ],
)
def test_a_model_that_left_as_declared_is_missed_by_nobody(declared: Any, agents: Any, found: list[tuple[str, str]]) -> None:
    seen = diagnose(healthy(policy=policy(declared, "b"), server=server(resident("b"), start="211@1"), agent=agents))
    assert ([(finding.code, finding.severity) for finding in seen.findings], seen.failed) == (found, [])


def test_a_server_that_lists_its_models_gets_at_them() -> None:
    closed = healthy(stores=(Store("/home/x/models", True, frozenset(), "/home/x"),))
    assert codes(closed) == []
    assert "store_unreadable" in codes(replace(closed, server=server(observation=look(()))))


STRANGE: list[Any] = [
    {},
    {"last_pass": 7},
    {"last_pass": {"at": float("nan")}},
    {"last_pass": {"at": 1e300}},
    {"last_pass": {"at": EPOCH, "failures": 7}},
    {"history": 7},
    {"history": {"incidents": 7}},
    {"history": {"incidents": [7]}},
    {"history": {"incidents": [{"model": "a:latest", "by": 7}]}},
]


@pytest.mark.parametrize("status", STRANGE)
def test_whatever_the_agent_says_ends_nothing(status: Any) -> None:
    assert "not_in_memory" in codes(healthy(agent=agent(status=status), server=server(resident("b"))))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", []),
        ("  ", []),
        ("'30m'", []),
        ('"-1"', ["strays_for_ever"]),
        ("30s", []),
        ("500ms", []),
        ("+30", ["keep_alive_short"]),
        ('"30"', ["keep_alive_short"]),
        ("90", []),
        ("0s", ["strays_unloaded"]),
        ('"forever"', ["value_misread"]),
    ],
)
def test_a_keep_alive_is_read_as_the_server_reads_it(value: str, found: list[str]) -> None:
    seen = diagnose(healthy(unit=unit(environment={"OLLAMA_KEEP_ALIVE": value})))
    assert ([finding.code for finding in seen.findings], seen.failed) == (found, [])


@pytest.mark.parametrize(
    ("value", "gpus", "pins", "found"),
    [
        ("²", 1, 2, ["value_misread"]),  # which the server takes for automatic
        ('"2"', 1, 2, ["no_spare_place"]),
        ("0", 1, 2, []),
        ("0", 1, 3, ["no_spare_place"]),
        ("", 0, 4, ["too_few_places"]),
        ("0", 2, 5, []),
    ],
)
def test_pins_are_counted_against_the_limit_that_the_server_has(value: str, gpus: int, pins: int, found: list[str]) -> None:
    names = tuple("abcde"[:pins])
    counted = server(*map(resident, names), installed=names)
    seen = diagnose(healthy(unit=unit(environment={"OLLAMA_MAX_LOADED_MODELS": value}), driver=driver(count=gpus), policy=policy(*names), server=counted))
    assert ([finding.code for finding in seen.findings], seen.failed) == (found, [])


def test_the_automatic_limit_is_named_as_everywhere() -> None:
    names = ("a", "b", "c")
    counted = server(*map(resident, names), installed=names)
    automatic = healthy(unit=unit(environment={"OLLAMA_MAX_LOADED_MODELS": "0"}), policy=policy(*names), server=counted)
    found = only(automatic, "no_spare_place")
    assert found.what.startswith("3 pins leave no room under the automatic limit of 3: ")
    assert [each.text for each in found.evidence] == ["OLLAMA_MAX_LOADED_MODELS=0", "GPUs: 0"]
    elsewhere = {"url": "http://gpu2.example.org:11434"}
    assert codes(replace(automatic, agent=agent(raw=elsewhere, asks_this_host=False))) == []


def requested(client: str, path: str = "/api/generate") -> str:
    return f'[GIN] 2026/08/22 - 08:00:00 | 200 | 1.2ms | {client} | POST     "{path}"'


def timed(length: str, pid: int = 7, model: str = "a") -> str:
    name = f"registry.ollama.ai/library/{model}:latest"
    return (
        f'level=DEBUG source=sched.go:415 msg="runner with non-zero duration has gone idle, adding timer" runner.name={name} runner.size="7.3 MiB"'
        f" runner.parallel=1 runner.pid={pid} runner.model=/m/blobs/sha256-1 runner.num_ctx=4096 duration={length}"
    )


PINNED = (requested("127.0.0.1"), timed("2562047h47m16.854775807s"))
SENDERS: dict[str, tuple[list[str], list[tuple[str, str]]]] = {
    "the first of equal ones": ([*PINNED, requested("10.0.0.7"), timed("5m0s"), requested("10.0.0.8"), timed("5m0s")], [("5m", "10.0.0.7")]),
    "each that changed it": (
        [*PINNED, requested("10.0.0.7"), timed("5m0s"), *PINNED, requested("10.0.0.8"), timed("1m0s"), *PINNED, requested("10.0.0.7"), timed("5m0s")],
        [("5m", "10.0.0.7"), ("1m", "10.0.0.8")],
    ),
    "nobody for what the environment gives a load": ([*PINNED, requested("10.0.0.7"), timed("45m0s", pid=8)], []),
    "nobody for what the environment gives the first load": ([requested("10.0.0.7"), timed("45m0s")], []),
    "whoever gave a runner what the environment has, too": ([*PINNED, requested("10.0.0.7"), timed("45m0s")], [("45m", "10.0.0.7")]),
    "whoever loads with another": ([requested("10.0.0.7"), timed("5m0s")], [("5m", "10.0.0.7")]),
    "no request of /v1": ([*PINNED, requested("10.0.0.7"), requested("10.0.0.8", "/v1/chat/completions"), timed("5m0s")], [("5m", "an unknown address")]),
    "no request whose timer is told already": ([*PINNED, timed("5m0s"), requested("10.0.0.8")], [("5m", "an unknown address")]),
    "nobody for a model that is not declared": ([requested("10.0.0.7"), timed("5m0s", model="c")], []),
    "nobody for a name or a length that is none": ([requested("10.0.0.7"), timed("long"), timed("5m0s", model="?")], []),
}


@pytest.mark.parametrize("case", SENDERS)
def test_the_sender_of_a_keep_alive_is(case: str) -> None:
    lines, wanted = SENDERS[case]
    found = [each for each in diagnose(healthy(journal=journal(*lines))).findings if each.code == "keep_alive_sent"]
    assert [each.what for each in found] == [f"a was given a keep_alive of {length}; the request before it came from {client}" for length, client in wanted]


def test_what_was_sent_before_the_lines_that_are_left_is_not_known() -> None:
    cut = journal(requested("10.0.0.7"), timed("5m0s"), timed("1m0s"))
    assert "keep_alive of 1m" in only(healthy(journal=replace(cut, current=cut.current[1:])), "keep_alive_sent").what


def test_with_debug_lines_nobody_is_suspected_of_what_a_load_gave() -> None:
    reloaded = journal(*PINNED, requested("10.0.0.7"), timed("45m0s", pid=8))
    leaving = healthy(journal=reloaded, server=server(resident("a", timedelta(minutes=45)), resident("b")))
    assert codes(leaving) == ["leaving_memory"]
    assert codes(replace(leaving, journal=journal(requested("10.0.0.7")))) == ["leaving_memory", "keep_alive_unseen"]


def test_five_minutes_are_the_servers_own_where_it_has_no_other_length() -> None:
    for value in ("", "soon"):
        look = healthy(unit=unit(environment={"OLLAMA_KEEP_ALIVE": value}), journal=journal(requested("10.0.0.7"), timed("5m0s")))
        assert "keep_alive_sent" not in codes(look)


def test_a_clock_that_is_slow_is_told_of_too() -> None:
    assert "behind" in only(healthy(server=skewed(-90)), "clock_skew").what
    assert codes(healthy(server=skewed(20))) == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("{ OnUnitInactiveUSec=4min ; next_elapse=1h }", 240.0),
        ("{ OnUnitInactiveUSec=1h 2min 3.5s ; next_elapse=1h }", 3723.5),
        ("{ OnActiveUSec=1s ; next_elapse=0 }", None),
        ("{ OnUnitInactiveUSec=? ; next_elapse=0 }", None),
        ("", None),
    ],
)
def test_the_timer_tells_its_period(text: str, seconds: float | None) -> None:
    assert interval({"TimersMonotonic": text}) == seconds


def test_no_pattern_of_the_kernels_is_the_units() -> None:
    assert {pattern.level for pattern in KERNEL_PATTERNS} == {"kernel"}


def test_a_healed_incident_is_no_evidence_of_todays_fault() -> None:
    incident = {"model": "a:latest", "cause": "client_changed_expiry", "cause_evidence": "observed", "healed_at": EPOCH - 86400}
    told = agent(status={**STATUS, "history": {"incidents": [incident]}})
    finding = only(healthy(agent=told, server=server(resident("b"))), "not_in_memory")
    assert not [each for each in finding.evidence if "departed" in each.text]


def test_systemds_own_words_are_evidence_for_a_line_that_is_ignored() -> None:
    said = f"{OVERRIDE}:2: Unknown key name 'OLLAMA_KEEP_ALIVE' in section 'Service', ignoring."
    look = saying(said, since=1, ignored=(IGNORED,))
    assert [each.text for each in only(look, "unit_line_ignored").evidence] == ["OLLAMA_KEEP_ALIVE=-1", said]
    assert "unit_line_refused" not in codes(look)


def test_words_of_systemd_about_a_file_that_was_changed_since_are_old() -> None:
    assert codes(saying(UNKNOWN_KEY, since=-1)) == []


def test_an_environment_file_that_a_unit_cannot_start_without_is_a_problem() -> None:
    assert only(healthy(unit=unit(missing_files=("/etc/default/ollama",))), "environment_file_missing").severity == "problem"


def test_a_crash_loop_quotes_the_last_error_and_is_not_told_twice() -> None:
    look = healthy(unit=looping(), listeners=(), server=None, journal=journal("Error: first", "Error: last", "Main process exited"))
    assert only(look, "crash_loop").what.endswith("(restarts so far: 7): Error: last")
    assert "unit_starting" not in codes(look)


def test_a_server_that_was_restarted_a_third_time_just_now_is_in_a_crash_loop() -> None:
    young = {"Result": "success", "NRestarts": "3", "ExecMainStartTimestamp": f"@{EPOCH - 5:.0f}"}
    old = {**young, "ExecMainStartTimestamp": f"@{EPOCH - 500:.0f}"}
    assert "crash_loop" in codes(healthy(unit=unit(properties=young)))
    assert "crash_loop" not in codes(healthy(unit=unit(properties=old)))
    assert "crash_loop" not in codes(healthy(unit=unit(properties={**young, "NRestarts": "2"})))
    starting = unit({"active_state": "activating", "sub_state": "start-pre", "main_pid": 0}, process=None, properties={"NRestarts": "3"})
    assert "crash_loop" in codes(healthy(unit=starting, listeners=()))


def test_a_reload_after_a_runners_death_is_no_clients_doing() -> None:
    died, reloading = LINES["runner_died"][0], LINES["reloaded_for_options"][0]
    assert codes(healthy(journal=journal(died, reloading))) == ["runner_died"]
    later = journal(died, *["level=INFO msg=other"] * 9, reloading)
    assert "reloaded_for_options" in codes(healthy(journal=later))


def test_a_gpu_lost_before_the_host_resumed_was_not_lost_by_that() -> None:
    late = (Entry(EPOCH, "PM: suspend exit"),)
    assert "gpu_lost_after_suspend" not in codes(healthy(journal=journal("ggml_cuda_init: failed to initialize CUDA: unknown error", kernel=late)))


def test_a_start_without_a_gpu_after_a_suspend_names_the_module_to_reload() -> None:
    look = healthy(journal=journal(ON_CPU, kernel=(Entry(EPOCH - 200, "PM: suspend exit"),)))
    assert "nvidia_uvm" in only(look, "gpu_lost_after_suspend").remedy


def test_a_second_vendors_card_without_a_driver_is_a_note() -> None:
    both = driver(cards={**CARDS, "amd": ("0000:05:00.0",)})
    assert only(healthy(driver=both), "gpu_without_driver").severity == "note"


def test_a_server_that_did_not_answer_has_no_checked_models() -> None:
    names = diagnosis.checked([healthy(server=server(**GONE))])
    assert not {"models", "memory"} & set(names)
    assert {"models", "memory"} <= set(diagnosis.checked([healthy()]))
    assert "models" not in diagnosis.checked([healthy(), healthy(server=None)])


def test_a_failure_of_the_server_is_told_in_a_sentence_not_by_a_classs_name() -> None:
    finding = only(healthy(server=server(**GONE)), "server_unreachable")
    assert not [each for each in finding.evidence if "ServerUnreachable" in each.text]


def test_a_unit_that_has_failed_is_told_with_the_servers_last_error() -> None:
    finding = only(healthy(unit=down(active="failed"), server=None, listeners=(), journal=journal("Error: why it ended")), "unit_failed")
    assert finding.evidence[-1].text == "Error: why it ended"
