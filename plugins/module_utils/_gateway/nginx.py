# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx on this host: its processes, what it says of a configuration, and having it load one."""

from __future__ import annotations

import errno
import os
import re
import socket
import time
from collections.abc import Collection, Container, Iterator
from contextlib import suppress

from .._base.files import replace_file
from .._base.proc import seconds_running, stat_fields
from .._base.scratch import scratch_folder
from .._base.systemctl import RunWith, ask
from .._base.text import one_line
from .._residency.server.sockets import listening_sockets, open_sockets
from .site import CONFIGURATION, FOLDER, NGINX, Contents, GatewayError, mode_of

UNIT = "nginx.service"
PROGRAM = "/usr/sbin/nginx"
NJS = ("/usr/lib/nginx/modules/ngx_http_js_module.so", "/usr/lib64/nginx/modules/ngx_http_js_module.so")
"""Where distributions put the module: Debian, Arch; the Red Hat family, SUSE."""
ERROR_LOG = "/var/log/nginx/error.log"
_SECONDS = 10.0
_INCLUDE = re.compile(r"include\s+(?:/etc/nginx/)?conf\.d/\*\.conf\s*;")
_LOG = re.compile(r"^(\s*(?:access_log|error_log)\s+)/[^\s;]+", re.MULTILINE)
_USER = re.compile(r"^\s*user\s+([^\s;]+)", re.MULTILINE)
_PID = re.compile(r"^(\s*pid\s+)/[^\s;]+", re.MULTILINE)
_WORKER = b"nginx: worker process"
_PROBLEM = re.compile(r"\[(?:emerg|crit|alert)\] (?:\d+#\d+: )?(.*)")


def is_installed() -> bool:
    """Whether there is an nginx to ask that knows what our files say."""
    return os.path.exists(PROGRAM) and any(map(os.path.exists, NJS))


def main_pid(run: RunWith) -> int:
    """The master process, 0 where nginx does not run. Raises `SystemctlError`."""
    return int(ask(run, ["MainPID"], UNIT).get("MainPID") or 0)


def worker_user(otherwise: str) -> str:
    """Whom nginx.conf has the workers run as, who then own the logs; it may not say, or not be there yet. Raises `OSError`."""
    with suppress(FileNotFoundError), open(f"{NGINX}/nginx.conf", encoding="utf-8", errors="replace") as file:
        found = _USER.search(file.read())
        return found[1] if found else otherwise
    return otherwise


def refuse_wrong(run: RunWith, wanted: Contents) -> None:
    """Have nginx judge its whole configuration with the wanted files in it, on a scratch copy. Raises `GatewayError`, `OSError`."""
    with scratch_folder() as scratch:
        _copy(scratch, wanted)
        status, dummy, error = run([PROGRAM, "-t", "-q", "-e", f"{scratch}/log", "-c", f"{scratch}/nginx.conf"])
    if status:
        raise GatewayError(f"nginx refuses the configuration: {_problem(error)}")


def _copy(scratch: str, wanted: Contents) -> None:
    for name in os.listdir(NGINX):
        if name not in ("nginx.conf", "conf.d", os.path.basename(FOLDER)):
            os.symlink(f"{NGINX}/{name}", f"{scratch}/{name}")
    with open(f"{NGINX}/nginx.conf", encoding="utf-8") as file:
        top, count = _INCLUDE.subn(f"include {scratch}/conf.d/*.conf;", file.read())
    if not count:
        raise GatewayError(f"{NGINX}/nginx.conf does not include conf.d/*.conf: nginx would not read the gateway's file")
    os.mkdir(f"{scratch}/conf.d")
    for name in os.listdir(f"{NGINX}/conf.d"):
        if f"{NGINX}/conf.d/{name}" != CONFIGURATION:
            os.symlink(f"{NGINX}/conf.d/{name}", f"{scratch}/conf.d/{name}")
    replace_file(f"{scratch}/nginx.conf", _aside(scratch, top), 0o600, durable=False)
    _write_ours(scratch, wanted)


def _write_ours(scratch: str, wanted: Contents) -> None:
    moved = f"{scratch}/{os.path.basename(FOLDER)}"
    os.mkdir(moved)
    for path, content in wanted.items():
        if content is not None and path.startswith(NGINX):
            place = scratch + path[len(NGINX) :]
            text = content.replace(FOLDER.encode(), moved.encode()).decode()
            replace_file(place, _aside(scratch, text), mode_of(path), durable=False)


def _aside(scratch: str, text: str) -> bytes:
    """The same with its logs and its pid file in the scratch folder: a test of nginx makes them, too."""
    return _LOG.sub(rf"\g<1>{scratch}/log", _PID.sub(rf"\g<1>{scratch}/pid", text)).encode()


def refuse_taken(run: RunWith, listen: list[tuple[str, int]]) -> None:
    """Raises `GatewayError` for an address that another program listens at, or that is not of this host."""
    ours = set(open_sockets(main_pid(run)))
    for address, port in listen:
        error = _refusal(address, port)
        if error and not (error.errno == errno.EADDRINUSE and _is_held_by_us(address, port, ours)):
            raise GatewayError(f"nginx could not listen at {address} port {port}: {error.strerror}") from error


def _refusal(address: str, port: int) -> OSError | None:
    """What the kernel says to a listener of nginx' kind, which takes IPv6 only at an IPv6 address."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if ":" in address:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((address, port))
    except OSError as error:
        return error
    return None


def _is_held_by_us(address: str, port: int, ours: Container[str]) -> bool:
    """Whether nobody but nginx has the address; one for all IPv6 addresses may be for all IPv4 ones, too."""
    with suppress(OSError):  # /proc does not tell
        held = [each.inode in ours for each in listening_sockets() if each.port == port and (each.host == "::" or _overlap(each.host, address))]
        return bool(held) and all(held)
    return False


def _overlap(one: str, other: str) -> bool:
    """Whether no socket could be bound to one address while the other is listened at."""
    return (":" in one) == (":" in other) and (one == other or not {"0.0.0.0", "::"}.isdisjoint({one, other}))


def needs_restart(master: int, listen: Collection[tuple[str, int]]) -> bool:
    """Whether a reload could not do it: nginx opens new sockets before it closes the former ones, and cannot where one is for all addresses."""
    with suppress(OSError):  # /proc does not tell
        ours = set(open_sockets(master))
        held = {(each.host, each.port) for each in listening_sockets() if each.inode in ours}
        new = [place for place in _bound(listen) if place not in held]
        return any(port == taken and _overlap(host, address) for address, port in new for host, taken in held)
    return False


def _bound(listen: Collection[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """The sockets that nginx opens: one for all addresses does for each of them."""
    for address, port in listen:
        whole = "::" if ":" in address else "0.0.0.0"
        if address == whole or (whole, port) not in listen:
            yield address, port


def load(run: RunWith, listen: Collection[tuple[str, int]] = ()) -> None:
    """Have nginx load what is on the disk, or start it; return when it serves so, at these addresses. Raises `GatewayError`."""
    master, said = main_pid(run), _log_size()
    before = _workers(master)
    if not master:  # of one that could not start, systemd takes no more starts for ten seconds
        run(["systemctl", "reset-failed", UNIT])
    status, dummy, error = run(["systemctl", "restart" if needs_restart(master, listen) else "reload-or-restart", UNIT])
    if status:
        raise GatewayError(_problem(_log_since(said) or error))
    end = time.monotonic() + _SECONDS
    while not set(_workers(main_pid(run))) - set(before):
        if time.monotonic() > end:
            raise GatewayError(_problem(_log_since(said)) or "it goes on with the former one")
        time.sleep(0.05)


def oldest_worker(run: RunWith) -> float:
    """When the oldest worker that takes requests was started, in seconds since the epoch; 0 without one."""
    ages = list(_workers(main_pid(run)).values())
    return min(ages) if ages else 0.0


def _workers(master: int) -> dict[int, float]:
    """The workers that take requests, and when each was started."""
    found = {}
    for name in os.listdir("/proc"):
        with suppress(OSError, ValueError, IndexError):
            if name.isdigit() and int(stat_fields(int(name))[1]) == master and _is_worker(name):
                found[int(name)] = time.time() - seconds_running(int(name))
    return found if master else {}


def _is_worker(pid: str) -> bool:
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        title = file.read().rstrip(b"\0 ")
    return title == _WORKER


def _log_size() -> int:
    with suppress(OSError):
        return os.path.getsize(ERROR_LOG)
    return 0


def _log_since(size: int) -> str:
    with suppress(OSError), open(ERROR_LOG, encoding="utf-8", errors="replace") as file:
        file.seek(size)
        return file.read(1 << 16)
    return ""


def _problem(text: str) -> str:
    """The first thing that stops nginx, on one line."""
    found = _PROBLEM.search(text)
    return one_line(found[1] if found else text)
