# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor found, as plain data and as a page for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .._base.text import human_bytes, printable
from .._residency.report.results import resident_data
from .._residency.values.keep_alive import Expiry
from .diagnosis import checked, diagnose, exit_status, is_healthy
from .examination import Examination
from .finding import NOTE, SEVERITIES, Finding, of_host, public, sorted_findings


def report(host: str, looks: Sequence[Examination]) -> dict[str, Any]:
    """One host: its instances, every finding once, what was checked, and what could not be looked at."""
    diagnoses = [diagnose(look) for look in looks]
    findings = sorted_findings(of_host((look.instance, diagnosis.findings) for look, diagnosis in zip(looks, diagnoses)))
    unseen = _once(reason for look, diagnosis in zip(looks, diagnoses) for reason in (*look.unseen, *diagnosis.failed))
    return {
        "host": host,
        "healthy": is_healthy(findings, unseen),
        "exit": exit_status(findings, unseen),
        "instances": [_instance(look) for look in looks],
        "findings": [_finding(finding) for finding in findings],
        "checked": checked(looks),
        "unseen": unseen,
    }


def _once(reasons: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(public, reasons)))


def page(told: Mapping[str, Any]) -> str:
    """The same on one page; a healthy host on one line, with notes below if there are any."""
    lines = [_head(told)]
    for finding in told["findings"]:
        lines += ["", *_paragraph(finding, several=len(told["instances"]) > 1)]
    lines += ["", *(f"not looked at: {reason}" for reason in told["unseen"])] if told["unseen"] else []
    if not told["healthy"]:
        lines += ["", *(line for each in told["instances"] for line in _memory(each)), f"checked: {', '.join(told['checked'])}"]
    return printable("\n".join(lines))


def _head(told: Mapping[str, Any]) -> str:
    servers = "; ".join(f"{each['unit']} at {each['url'] or 'no known address'}" for each in told["instances"])
    if told["healthy"]:
        return f"{told['host']}: healthy ({servers}); checked: {', '.join(told['checked'])}"
    counts = [(severity, sum(finding["severity"] == severity for finding in told["findings"])) for severity in SEVERITIES]
    words = [f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts if count]
    return f"{told['host']}: {', '.join(words) or 'nothing found, but not everything could be looked at'} ({servers})"


def _paragraph(finding: Mapping[str, Any], several: bool) -> Iterator[str]:
    where = f" [{finding['instance'] or 'all instances'}]" if several else ""
    yield f"{finding['severity']}: {finding['what']}{where} ({finding['code']})"
    for evidence in finding["evidence"][-1:] if finding["severity"] == NOTE else finding["evidence"]:
        yield f"  seen: {evidence['source']}: {evidence['text']}"
    yield f"  remedy: {finding['remedy']}"


def _instance(look: Examination) -> dict[str, Any]:
    observation = look.server.observation if look.server else None
    return {
        "instance": look.instance,
        "unit": look.unit_name,
        "url": public(look.url) if look.url else None,
        "version": look.server.version if look.server else "",
        "resident": [resident_data(entry, observation.now) for entry in observation.resident] if observation else None,
    }


def _memory(instance: Mapping[str, Any]) -> Iterator[str]:
    """What one server has in memory."""
    if instance["resident"] is not None:
        entries = [f"{each['name']} ({human_bytes(each['size'])}, {each['processor']}, {_end(each)})" for each in instance["resident"]]
        yield f"in memory of {instance['unit']}: {', '.join(entries) or 'no models'}"


def _end(entry: Mapping[str, Any]) -> str:
    return "for ever" if entry["forever"] else f"until {Expiry.parse(entry['expires_at']).shown()}"


def _finding(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "evidence": [asdict(each) for each in finding.evidence]}
