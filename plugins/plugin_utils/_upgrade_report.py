# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of an upgrade of Ollama: what failed, what serves now, and what to do where something is left to be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AGAIN = "run keepwarm.ollama.upgrade again, which goes on with it"


def upgrade_report(
    record: Mapping[str, Any] | None,
    version: str,
    failure: str = "",
    undoing: str = "",
    ending: str = "",
    predicted: bool = False,
    resumed: bool = False,
) -> str:
    """What failed, what serves now, and what is left to be done; or what a run would come to."""
    if predicted:
        return _predict(record, version, failure, undoing, ending, resumed)
    wanted = record["version"] if record else version
    said = [f"The upgrade of Ollama to {wanted} failed: {failure}."] if failure else []
    if record is None:
        said.append("Nothing that runs on this host was changed.")
    elif undoing:
        said.append(f"It could not be undone: {undoing}. The host is not put back into service; {_AGAIN}.")
    elif failure:
        said.append(f"It was undone, and Ollama {record['previous']} serves again, {_models(record)}.")
        said += _put_back(record, version)
    else:
        said.append(f"Ollama {wanted} serves, {_models(record)}.")
    if ending:
        said.append(f"What ends the upgrade failed, though: {ending}; {_AGAIN}.")
    return " ".join(said)


def _predict(record: Mapping[str, Any] | None, version: str, failure: str, undoing: str, ending: str, resumed: bool) -> str:
    """Check mode has not done anything, so that nothing was undone either."""
    wanted = record["version"] if record else version
    if record and resumed:
        said = [f"A run would go on undoing the upgrade of Ollama to {wanted}, which failed: {failure}."]
        said += [] if undoing else [f"Ollama {record['previous']} would serve again, {_models(record)}."]
    else:
        said = [f"The upgrade of Ollama to {wanted} would fail: {failure}."] if failure else []
    said += [f"It could not be undone: {undoing}."] if undoing else []
    said += [f"What ends the upgrade would fail: {ending}."] if ending else []
    return " ".join([*said, "Nothing was changed."])


def _put_back(record: Mapping[str, Any], version: str) -> list[str]:
    """Nothing where another version is declared by now than the one that was undone."""
    if version != record["version"]:
        return []
    return [f"Put ollama_server_version back to {record['previous']} where it is declared, since keepwarm.ollama.site would install {version} again."]


def _models(record: Mapping[str, Any]) -> str:
    names = dict.fromkeys(name for names in record["resident"].values() for name in names)
    return f"with {' and '.join(names) or 'no model'} in memory"
