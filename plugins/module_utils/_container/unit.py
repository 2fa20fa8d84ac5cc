# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit of ours that makes a container: what is the same for all; what is declared, the image among it, is in the drop-in. Pure."""

from __future__ import annotations

from .._ownership.marks import role_mark
from .wanted import Wanted

_TEXT = """\
# Managed by Ansible ({mark}): changes made here are overwritten.
[Unit]
Description=Ollama in a container
Documentation=https://github.com/ollama/ollama

[Container]
# Podman takes no unit without one; the drop-in pins it.
Image={image}
ContainerName={name}
# The server listens where OLLAMA_HOST says, as without a container: no port is published past the host's firewall.
Network=host
# An image has all addresses.
Environment=OLLAMA_HOST=127.0.0.1:11434
NoNewPrivileges=true
# With labels of their own, containers could use neither the GPUs' devices nor a folder of models of the host.
SecurityLabelDisable=true

[Service]
TimeoutStartSec=300s
"""


def unit_text(wanted: Wanted) -> str:
    """Started at boot unless it is not to be started."""
    name = wanted.unit[: -len(".service")].replace("@", "-")
    install = f"\n[Install]\nWantedBy={wanted.wanted_by}\n" if wanted.wanted_by else ""
    return _TEXT.format(mark=role_mark("ollama_server"), name=name, image=wanted.image) + install
