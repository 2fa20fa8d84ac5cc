# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
def test_it_is_debian(host):
    assert host.system_info.codename == "trixie"
