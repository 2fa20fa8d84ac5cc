# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No unit of ours has a directive that the systemd of a supported distribution does not know: systemd would ignore it with a warning."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.host import OLDEST_SYSTEMD

ROLES = pathlib.Path(__file__).parents[3] / "roles"
TEMPLATES = sorted(path for kind in ("service", "timer", "path", "target", "conf", "socket") for path in ROLES.glob(f"*/templates/*.{kind}.j2"))
NGINX = {"ollama-gateway.conf.j2"}  # what is no unit
# The release that brought a directive, as the man pages say ("Added in version ..."), of all that came after 220. What is older is not listed.
ADDED = {
    "AccuracySec": 209, "CacheDirectory": 235, "CacheDirectoryMode": 235, "DynamicUser": 232, "ExecCondition": 243, "FixedRandomDelay": 247,
    "IPAddressAllow": 235, "IPAddressDeny": 235, "LoadCredential": 247, "LockPersonality": 235, "LogLevelMax": 236, "MemoryDenyWriteExecute": 231,
    "MemoryMax": 231, "OOMPolicy": 243, "OnSuccess": 249, "OnSuccessJobMode": 249, "PrivateNetwork": 33, "ProcSubset": 247, "ProtectClock": 245,
    "ProtectControlGroups": 232, "ProtectHostname": 242, "ProtectKernelLogs": 244, "ProtectKernelModules": 232, "ProtectKernelTunables": 232,
    "ProtectProc": 247, "RandomizedDelaySec": 229, "ReadWritePaths": 231, "RemoveIPC": 232, "RestrictNamespaces": 233, "RestrictRealtime": 231,
    "RestrictSUIDSGID": 242, "RuntimeDirectory": 211, "RuntimeDirectoryPreserve": 235, "StartLimitBurst": 209, "StartLimitIntervalSec": 230,
    "StateDirectory": 235, "StateDirectoryMode": 234, "StopPropagatedFrom": 249, "SupplementaryGroups": 1, "TasksMax": 227, "TimeoutStartFailureMode": 246,
    "BindPaths": 233, "BindReadOnlyPaths": 233, "ImportCredential": 254, "InaccessiblePaths": 231, "MaxConnectionsPerSource": 232, "PrivateUsers": 232,
    "ReadOnlyPaths": 231, "SetCredential": 247, "TemporaryFileSystem": 238, "TriggerLimitBurst": 250, "TriggerLimitIntervalSec": 250,
}  # fmt: skip
OLDER_THAN_220 = {
    "After", "Before", "CapabilityBoundingSet", "ConditionPathExists", "Conflicts", "DefaultDependencies", "Description", "Documentation", "Environment",
    "ExecStart", "ExecStartPost", "ExecStartPre", "ExecStopPost", "Group", "LimitCORE", "MakeDirectory", "NoNewPrivileges", "OnActiveSec", "OnBootSec",
    "OnFailure", "OnUnitInactiveSec", "PartOf", "PathChanged", "PathExists", "PathModified", "PrivateDevices", "PrivateTmp", "ProtectHome",
    "ProtectSystem", "RefuseManualStart", "RefuseManualStop", "RemainAfterExit", "Requires", "RequiresMountsFor", "Restart", "RestartPreventExitStatus",
    "RestartSec", "RestrictAddressFamilies", "StartLimitInterval", "StopWhenUnneeded", "SuccessExitStatus", "SyslogIdentifier", "SyslogLevel",
    "SystemCallArchitectures", "SystemCallErrorNumber", "SystemCallFilter", "TimeoutStartSec", "TimeoutStopSec", "Type", "UMask", "Unit", "User",
    "WantedBy", "Wants", "WorkingDirectory", "DirectoryNotEmpty", "OnFailureJobMode", "PathExistsGlob", "Slice", "StandardInput", "StandardOutput",
    "Accept", "Alias", "Also", "Backlog", "BindsTo", "ConditionPathIsDirectory", "DeviceAllow", "ExecReload", "ExecStop", "KillMode", "LimitNOFILE",
    "ListenDatagram", "ListenStream", "MaxConnections", "Nice", "OnCalendar", "Persistent", "ReadOnlyDirectories", "Service", "SocketGroup",
    "SocketMode", "SocketUser", "Sockets", "StandardError", "FreeBind", "NoDelay",
}  # fmt: skip
OF_SOCKETS = {"TriggerLimitBurst": 230, "TriggerLimitIntervalSec": 230}  # those of paths came later
_IF = re.compile(r"{%-? if (?P<condition>.*?) -?%}")
_SINCE = re.compile(r"systemd >= (\d+)")
_DIRECTIVE = re.compile(r"^([A-Z][A-Za-z]+)=(.*)")
# Values that came later than their directive.
VALUES = {("RestrictAddressFamilies", "none"): 249, ("Type", "exec"): 240, ("Type", "notify-reload"): 253, ("ProtectSystem", "strict"): 232}


def used(path: pathlib.Path) -> Iterator[tuple[str, str, int]]:
    """Each directive with its value, and the oldest systemd that gets it."""
    guards: list[int] = []
    for line in path.read_text().splitlines():
        opened, found = _IF.match(line), _DIRECTIVE.match(line)
        if opened:
            since = _SINCE.search(opened["condition"])
            guards.append(int(since[1]) if since else OLDEST_SYSTEMD)
        elif line.startswith("{% else"):
            guards[-1] = OLDEST_SYSTEMD
        elif line.startswith("{% endif"):
            guards.pop()
        elif found:
            yield found[1], found[2], max([OLDEST_SYSTEMD, *guards])
    assert guards == []


def test_there_are_units() -> None:
    assert len(TEMPLATES) > 12


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.name not in NGINX], ids=lambda path: path.name)
def test_every_directive_is_known_to_the_oldest_systemd_that_gets_it(path: pathlib.Path) -> None:
    found = list(used(path))
    assert {name for name, _value, _since in found} <= OLDER_THAN_220 | ADDED.keys()
    added = ADDED | (OF_SOCKETS if path.name.endswith(".socket.j2") else {})
    late = {(name, since) for name, value, since in found if max(added.get(name, 0), VALUES.get((name, value), 0)) > since}
    assert late == set()


def test_a_directive_that_is_too_new_is_found(tmp_path: pathlib.Path) -> None:
    unit = tmp_path / "a.service.j2"
    unit.write_text("{% if systemd >= 249 %}\nOnSuccess=a\n{% else %}\nOnSuccess=b\n{% endif %}\nTriggerLimitBurst=1\n")
    assert list(used(unit)) == [("OnSuccess", "a", 249), ("OnSuccess", "b", OLDEST_SYSTEMD), ("TriggerLimitBurst", "1", OLDEST_SYSTEMD)]


def test_a_pass_has_the_time_that_what_follows_it_takes_on_an_overloaded_host() -> None:
    """A machine with twenty programs to a processor took more than five seconds, and a pass that was fine made the host cold."""
    (path,) = [path for path in TEMPLATES if path.name == "ollama-warmup.service.j2"]
    (seconds,) = [value for name, value, _since in used(path) if name == "TimeoutStopSec"]
    assert int(seconds.rstrip("s")) >= 30
