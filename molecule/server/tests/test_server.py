# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on a host that boots a real systemd."""

from __future__ import annotations

import json
import pathlib
import shlex

import pytest
from conftest import DROPIN, UNIT, decode

VENDOR_UNIT = pathlib.Path(__file__).resolve().parents[3] / "tests/hosts/ollama.service"
EXPECTED = {
    "OLLAMA_KEEP_ALIVE": "2700s",
    "OLLAMA_NUM_PARALLEL": "2",
    "OLLAMA_CONTEXT_LENGTH": "2048",
    "OLLAMA_HOST": "127.0.0.1:11500",
    "OLLAMA_MAX_QUEUE": "77",
    "OLLAMA_LOAD_TIMEOUT": "420s",
    "OLLAMA_FLASH_ATTENTION": "0",
    "OLLAMA_ORIGINS": "https://chat.example.org,app://*",
    "CUDA_VISIBLE_DEVICES": "1,0",
    "NASTY_PERCENT": "100% %h %%n",
    "NASTY_QUOTES": "a \"b\" 'c' `d`",
    "NASTY_BACKSLASHES": "C:\\new\\x41 \\\\ \\",
    "NASTY_DOLLARS": "$HOME ${HOME} $$",
    "NASTY_BLANKS": "  two  blanks,\ta tab ",
    "NASTY_COMMENT": "# ; =a=b",
    "NASTY_UNICODE": "ü 💡 \u0085\u00a0\u2028.",
    "NASTY_BRACES": "{{ not_a_variable }} {% endif %}",
    "NASTY_EMPTY": "",
    "NASTY_NUMBER": "1.5",
    "NASTY_SWITCH": "1",
}
RESTART = "Restart the server"
RESTORE = "Load again what was in memory before the restart"
START = "Start and enable the server"
WRITE = "Write the settings of the servers"


def test_the_running_server_has_every_value_as_it_was_given(server):
    environment = server.environment
    assert {key: environment.get(key) for key in EXPECTED} == EXPECTED


def test_systemd_read_every_value_as_it_was_given(host):
    command = "busctl --json=short get-property org.freedesktop.systemd1 /org/freedesktop/systemd1/unit/ollama_2eservice"
    text = decode(host.check_output(f"{command} org.freedesktop.systemd1.Service Environment | base64 -w0"))
    assert [f"{key}={value}" for key, value in EXPECTED.items() if f"{key}={value}" not in json.loads(text)["data"]] == []


def test_the_oom_policy_is_in_force(server):
    assert server.show("OOMPolicy") == {"OOMPolicy": "kill"}


def test_the_vendors_unit_is_as_it_was(host):
    assert host.file(UNIT).content_string == VENDOR_UNIT.read_text()


def test_the_drop_in_is_roots_and_readable(host):
    file = host.file(DROPIN)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)


@pytest.mark.usefixtures("converged")
def test_another_run_changes_nothing_and_keeps_the_models(server, play):
    server.load("tiny-a")
    before = server.state()
    outcome = play()
    assert (outcome.status, outcome.changed) == (0, [])
    assert (server.state(), server.resident) == (before, ["tiny-a:latest"])


@pytest.mark.usefixtures("converged")
def test_check_mode_predicts_the_restart_and_what_it_unloads(server, play):
    server.load("tiny-a")
    server.load("tiny-b")
    before = server.state()
    predicted = play(check=True, keep_alive="50m")
    assert "listens beyond loopback" not in predicted.text
    assert "ollama.service restarts when it is idle, which unloads tiny-" in predicted.text
    assert "[WARNING]: ollama.service restarts, which unloads tiny-" in predicted.text
    assert "tiny-a:latest" in predicted.text
    assert "tiny-b:latest" in predicted.text
    assert "OLLAMA_KEEP_ALIVE is '2700s' in the running server and '3000s' in its unit" in predicted.text
    assert '+Environment="OLLAMA_KEEP_ALIVE=3000s"' in predicted.text
    assert (server.state(), server.resident) == (before, ["tiny-a:latest", "tiny-b:latest"])
    happened = play(keep_alive="50m")
    assert predicted.changed == [WRITE, RESTART]
    assert happened.changed == [*predicted.changed, RESTORE]
    assert (server.environment["OLLAMA_KEEP_ALIVE"], server.resident) == ("3000s", ["tiny-a:latest", "tiny-b:latest"])


@pytest.mark.usefixtures("converged")
def test_models_stay_away_where_only_declared_ones_are_to_come_back(server, play):
    server.load("tiny-a")
    assert play(keep_alive="50m", restart="now", restart_restore="declared").changed == [WRITE, RESTART]
    assert server.resident == []


@pytest.mark.usefixtures("converged")
def test_a_play_that_died_after_the_restart_still_knows_what_was_in_memory(host, server, play, put):
    kept = '{"models": [{"name": "tiny-b", "context": 512, "left": null, "at": 0, "size": 0}]}'
    put("/var/lib/keepwarm-ollama/server/ollama.service.models.json", kept)
    assert play().changed == [RESTORE]
    (model,) = (one for one in server.listed if one["name"] == "tiny-b:latest")
    assert (model["context_length"], model["expires_at"][:4] > "2300") == (512, True)
    assert not host.file("/var/lib/keepwarm-ollama/server").exists


@pytest.mark.usefixtures("converged")
def test_a_variable_that_is_taken_off_restarts_the_server_and_is_gone(server, play):
    before = server.start
    outcome = play(max_queue=None, environment={})
    assert "OLLAMA_MAX_QUEUE is '77' in the running server and not set in its unit" in outcome.text
    assert "NASTY_NUMBER is '1.5' in the running server" in outcome.text
    assert server.start != before
    assert [key for key in server.environment if key == "OLLAMA_MAX_QUEUE" or key.startswith("NASTY_")] == []


@pytest.mark.usefixtures("converged")
def test_the_oom_policy_alone_needs_no_restart(server, play):
    before = server.start
    assert play(oom_policy="stop").changed == [WRITE]
    assert (server.show("OOMPolicy")["OOMPolicy"], server.start) == ("stop", before)


@pytest.mark.usefixtures("converged")
def test_never_says_what_is_pending_and_auto_does_it_later(server, play):
    before = server.start
    pending = play(keep_alive="50m", restart="never")
    assert (pending.status, pending.changed, server.start) == (0, [WRITE], before)
    assert "a restart of ollama.service is pending (ollama_server_restart is never), which unloads no model" in pending.text
    assert "OLLAMA_KEEP_ALIVE is '2700s' in the running server and '3000s' in its unit" in pending.text
    assert play(keep_alive="50m").changed == [RESTART]
    assert server.environment["OLLAMA_KEEP_ALIVE"] == "3000s"


@pytest.mark.usefixtures("converged")
def test_a_play_that_died_after_writing_the_drop_in_converges_at_the_next_run(host, server, play):
    half = host.file(DROPIN).content_string.replace("OLLAMA_MAX_QUEUE=77", "OLLAMA_MAX_QUEUE=78")
    host.run_expect([0], f"sed -i s/OLLAMA_MAX_QUEUE=77/OLLAMA_MAX_QUEUE=78/ {DROPIN}")
    assert host.file(DROPIN).content_string == half
    assert play(max_queue=78).changed == [RESTART]
    assert server.show("NeedDaemonReload") == {"NeedDaemonReload": "no"}
    assert server.environment["OLLAMA_MAX_QUEUE"] == "78"


@pytest.mark.usefixtures("converged")
def test_a_new_installation_of_the_vendors_unit_is_left_alone_and_loaded(host, server, play):
    before = server.start
    host.check_output(f"cp {UNIT} /tmp/unit && mv /tmp/unit {UNIT}")
    outcome = play()
    assert (outcome.changed, server.start) == ([], before)
    assert server.show("NeedDaemonReload") == {"NeedDaemonReload": "no"}
    assert host.file(UNIT).content_string == VENDOR_UNIT.read_text()


@pytest.mark.usefixtures("converged")
def test_a_value_that_the_drop_in_overrides_is_named(server, play, put):
    put(f"{UNIT}.d/override.conf", "[Service]\nEnvironment=OLLAMA_KEEP_ALIVE=-1 OLLAMA_DEBUG=1\n")
    outcome = play()
    assert f"OLLAMA_KEEP_ALIVE: {UNIT}.d/override.conf sets '-1', which loses to '2700s' of the drop-in" in outcome.text
    assert "OLLAMA_DEBUG: " not in outcome.text
    assert server.environment["OLLAMA_KEEP_ALIVE"] == "2700s"
    assert "pending until the next start of ollama.service" in outcome.text
    assert "OLLAMA_DEBUG is not set in the running server and is '1' in its unit" in outcome.text
    assert "OLLAMA_DEBUG" not in server.environment


@pytest.mark.usefixtures("converged")
@pytest.mark.parametrize(
    ("path", "text", "culprit"),
    [
        (f"{UNIT}.d/a.conf", "[Service]\nEnvironmentFile=-/etc/default/ollama-*\n", "/etc/default/ollama-test sets '5m'"),
        (f"{UNIT}.d/zzz.conf", "[Service]\nEnvironment=OLLAMA_KEEP_ALIVE=6m\n", f"{UNIT}.d/zzz.conf sets '6m'"),
        ("/etc/systemd/system/service.d/zzz.conf", "[Service]\nEnvironment=\n", "service.d/zzz.conf takes it away"),
        (f"{UNIT}.d/a.conf", "[Service]\nUnsetEnvironment=OLLAMA_KEEP_ALIVE\n", f"{UNIT}.d/a.conf takes it away"),
        (f"/run/systemd/system.control/{UNIT[20:]}.d/zz-keepwarm.conf", "", "zz-keepwarm.conf takes it away"),
    ],
)
def test_a_file_that_would_win_is_an_error_before_anything_is_written(server, play, put, path, text, culprit):
    put("/etc/default/ollama-test", "# written by hand\nOLLAMA_KEEP_ALIVE='5m'\n")
    put(path, text)
    before = server.state()
    outcome = play(keep_alive="50m")
    assert outcome.status != 0
    assert "OLLAMA_KEEP_ALIVE: " in outcome.text
    assert culprit in outcome.text
    assert "which wins over '3000s' of the drop-in" in outcome.text
    assert (outcome.changed, server.state()) == ([], before)


@pytest.mark.usefixtures("converged")
def test_bad_settings_are_all_refused_with_a_sentence_each(server, play):
    before = server.state()
    outcome = play(
        keep_alive="1d",
        max_queue=0,
        host="https://127.0.0.1",
        kv_cache_type="q5",
        environment={"A-B": "1", "TWO": "one\ntwo", "OLLAMA_NUM_PARALLEL": "3"},
    )
    assert outcome.status != 0
    for sentence in (
        "ollama_server_keep_alive: keep_alive '1d' is not a duration",
        "ollama_server_max_queue is 0, not a whole number from 1",
        "ollama_server_host: 'https://127.0.0.1' asks for https, but Ollama speaks plain http only",
        "ollama_server_kv_cache_type is 'q5', not a cache type the server knows",
        "'A-B' is not the name of an environment variable",
        "the value of TWO holds the control character",
        "OLLAMA_NUM_PARALLEL is set by ollama_server_num_parallel and again in ollama_server_environment",
    ):
        assert sentence in outcome.text
    assert (outcome.changed, server.state()) == ([], before)


@pytest.mark.parametrize(
    ("unit", "sentence"),
    [
        ("no-such.service", "no-such.service is not-found on this host: install Ollama"),
        ("ollama", "unit 'ollama' is not the name of a service"),
    ],
)
def test_a_unit_that_is_not_there_is_refused(server, play, unit, sentence):
    before = server.state()
    outcome = play(unit=unit)
    assert outcome.status != 0
    assert sentence in outcome.text
    assert (outcome.changed, server.state()) == ([], before)


@pytest.mark.usefixtures("converged")
@pytest.mark.parametrize(
    ("before", "start", "state", "said"),
    [
        ("systemctl stop ollama.service", "auto", "inactive", "is left so, since it is stopped, and had run before"),
        ("systemctl disable --now ollama.service", "auto", "inactive", "is left so, since it is disabled"),
        ("systemctl stop ollama.service", "false", "inactive", "is left so, since it is not to be started"),
        ("systemctl disable --now ollama.service", "true", "active", ""),
        ("systemctl kill --signal=KILL ollama.service", "auto", "active", ""),
    ],
)
def test_which_stopped_server_is_started(host, server, play, before, start, state, said):
    host.check_output(before)
    predicted, outcome = play(check=True, start=start), play(start=start)
    assert outcome.status == 0, outcome.output
    assert said in outcome.text
    assert server.show("ActiveState") == {"ActiveState": state}
    assert "systemctl stop" not in before or predicted.changed == outcome.changed == []
    assert play(start="true").status == 0
    assert server.show("ActiveState", "UnitFileState") == {"ActiveState": "active", "UnitFileState": "enabled"}


@pytest.fixture
def squatter(host):
    """Another program has this address."""
    program = "import socket, time; taken = socket.socket(); taken.bind(('127.0.0.1', 11501)); print('taken', flush=True); time.sleep(9999)"
    host.check_output(f'systemd-run --quiet --unit=squatter python3 -c "{program}"')
    host.check_output("timeout 60 sh -c 'until journalctl --quiet --unit=squatter --output=cat | grep -q taken; do sleep 0.2; done'")
    yield "127.0.0.1:11501"
    host.check_output("systemctl stop squatter.service")


@pytest.mark.usefixtures("converged")
def test_a_value_with_which_the_server_does_not_come_up_is_taken_back(host, server, play, squatter):
    server.load("tiny-a")
    files = server.state()[1:]
    outcome = play(host=squatter, ready_timeout=20)
    assert outcome.status != 0
    assert f"and did not answer http://{squatter}/api/version within 20 s" in outcome.text
    assert "bind: address already in use" in outcome.text
    assert "The former settings are back, and the server answers with them" in outcome.text
    assert (server.state()[1:], server.resident) == (files, ["tiny-a:latest"])
    assert server.show("NeedDaemonReload") == {"NeedDaemonReload": "no"}
    assert not host.file("/var/lib/keepwarm-ollama/server").exists


@pytest.mark.usefixtures("converged")
def test_a_play_that_died_before_the_server_did_not_come_up_still_knows_what_to_go_back_to(host, server, play, squatter):
    files = server.state()[1:]
    assert play(host=squatter, restart="never").status == 0  # so far it came
    host.check_output("systemctl daemon-reload && systemctl restart ollama.service")
    outcome = play(host=squatter, ready_timeout=20)
    assert "The former settings are back, and the server answers with them" in outcome.text
    assert server.state()[1:] == files
    assert play().changed == []


@pytest.mark.usefixtures("converged")
@pytest.mark.parametrize(
    ("start", "script", "told"),
    [
        ("/usr/local/bin/start-ollama", "#!/bin/sh\nexport OLLAMA_HOST=127.0.0.1:11500\nexec ollama serve\n", "start-ollama, which sets OLLAMA_HOST itself"),
        ("/usr/bin/env OLLAMA_DEBUG=1 /usr/local/bin/ollama serve", "", "/usr/bin/env, which sets OLLAMA_DEBUG itself"),
        ("/bin/sh -c 'docker run ollama/ollama'", "", "docker, which runs it elsewhere"),
    ],
)
def test_a_unit_whose_server_would_not_get_the_settings_is_refused_before_anything_is_changed(server, play, put, start, script, told):
    put("/usr/local/bin/start-ollama", script)
    put(f"{UNIT}.d/wrapper.conf", f"[Service]\nExecStart=\nExecStart={start}\n")
    before = server.state()
    outcome = play(keep_alive="50m")
    assert outcome.status != 0
    assert f"{told}, so the settings of this role would not reach it" in outcome.text
    assert (outcome.changed, server.state()) == ([], before)


@pytest.mark.usefixtures("converged")
def test_a_default_does_not_beat_what_somebody_wrote_and_is_no_reason_for_a_restart(host, server, play, put):
    before = server.start
    assert "OLLAMA_MAX_LOADED_MODELS=4" in host.file(DROPIN).content_string
    put(f"{UNIT}.d/override.conf", "[Service]\nEnvironment=OLLAMA_MAX_LOADED_MODELS=5\nOOMPolicy=stop\n")
    outcome = play(oom_policy="auto")
    assert (outcome.status, outcome.changed, server.start) == (0, [WRITE], before)
    assert f"OLLAMA_MAX_LOADED_MODELS is not written here: {UNIT}.d/override.conf sets it, and that stands." in outcome.text
    assert "OLLAMA_MAX_LOADED_MODELS is '4' in the running server and '5' in its unit" in outcome.text
    assert "OLLAMA_MAX_LOADED_MODELS=" not in host.file(DROPIN).content_string
    assert server.show("OOMPolicy") == {"OOMPolicy": "stop"}
    assert play(oom_policy="auto").changed == []


@pytest.mark.usefixtures("converged")
def test_a_server_beyond_loopback_is_warned_about_and_an_address_of_others_refused(server, play):
    before = server.state()
    for check in (True, False):
        outcome = play(host="192.0.2.1:11500", check=check)
        assert (outcome.status != 0, outcome.changed, server.state()) == (True, [], before)
        assert "ollama.service listens beyond loopback (OLLAMA_HOST is 192.0.2.1:11500)" in outcome.text
        assert "would be 192.0.2.1:11500, where it could not listen: this host does not have that address." in outcome.text


@pytest.mark.usefixtures("converged")
def test_a_folder_that_the_unit_s_sandbox_hides_is_refused_before_anything_is_changed(host, server, play, put):
    host.check_output("install --directory --owner=ollama /home/models /srv/mounted")
    put(f"{UNIT}.d/hardening.conf", "[Service]\nProtectHome=yes\nProtectSystem=strict\nReadWritePaths=/usr/share/ollama\n")
    host.check_output("systemctl daemon-reload")
    before = server.state()
    for folder in ("/home/models", "/srv/mounted/models"):
        outcome = play(models=folder)
        assert (outcome.status != 0, outcome.changed, server.state()) == (True, [], before)
        assert f"ollama_server_models is {folder}, but the sandbox of ollama.service (ProtectHome=yes, ProtectSystem=strict" in outcome.text
    outcome = play(models="/root/models")
    assert "but the user ollama of ollama.service may not write /root or not pass through" in outcome.text
    assert server.state() == before


@pytest.mark.usefixtures("converged")
def test_a_server_starts_after_what_its_models_are_on_is_mounted(host, server, play, put):
    unit, folder = "srv-a\\x20disk.mount", "/srv/a disk/models"
    put(f"/etc/systemd/system/{unit}", "[Mount]\nWhat=none\nWhere=/srv/a disk\nType=tmpfs\n")
    host.check_output(f"systemctl daemon-reload && systemctl start '{unit}' && install --directory --owner=ollama '{folder}'")
    outcome = play(models=folder)
    assert outcome.status == 0, outcome.output
    assert server.environment["OLLAMA_MODELS"] == folder
    wanted = server.show("Requires", "After")
    assert [unit in shlex.split(wanted[key]) for key in wanted] == [True, True], wanted
    assert play().status == 0
    host.check_output(f"systemctl stop '{unit}' && rmdir '/srv/a disk'")


@pytest.mark.usefixtures("converged")
def test_the_environment_of_a_tangled_unit_is_told_as_systemd_gives_it(host, server, ask, put):
    put("/etc/default/ollama-1", 'OLLAMA_F1="a \\"b\\" $HOME \\\\"  \nOLLAMA_F2=one \\\n  two  \nexport OLLAMA_F3=no\n')
    put("/etc/default/ollama-2", "OLLAMA_F2='from two'mid\"dle\n; OLLAMA_F4=no\nOLLAMA_F5=%h # in it\n")
    lines = (
        "[Unit]\nEnvironment=OLLAMA_U=no",
        "[Service]\nEnvironment=OLLAMA_A=1 'OLLAMA_B=%t/%n 100%%' \\\n# in the middle\n  OLLAMA_C=x\\x41\\u00fc\\tz",
        'Environment="OLLAMA_D=keeps" OLLAMA_E=\\q OLLAMA_G=lost',
        "EnvironmentFile=/etc/default/ollama-[12]",
        "UnsetEnvironment=OLLAMA_A OLLAMA_D=other OLLAMA_ORIGINS=app://x",
        "PassEnvironment=OLLAMA_P",
    )
    put(f"{UNIT}.d/tangled.conf", "\n".join(lines))
    host.check_output("systemctl set-environment OLLAMA_M='from the manager'")
    host.check_output("systemctl daemon-reload && systemctl restart ollama.service")
    told = ask()
    host.check_output("systemctl unset-environment OLLAMA_M")
    real = {key: value for key, value in server.environment.items() if key.startswith("OLLAMA_")}
    assert {"OLLAMA_B", "OLLAMA_C", "OLLAMA_D", "OLLAMA_F1", "OLLAMA_F2", "OLLAMA_M"} < set(real)
    assert {key: value for key, value in told["environment_effective"].items() if key.startswith("OLLAMA_")} == real
    assert (told["restart_due"], told["need_daemon_reload"]) == (False, False)
    assert told["dropin_paths"] == server.show("DropInPaths")["DropInPaths"].split()


def test_a_program_that_was_replaced_is_a_reason_to_restart(host, ask, put):
    put("/etc/systemd/system/kw-sleep.service", "[Service]\nExecStart=/usr/local/bin/kw-sleep infinity\n")
    host.check_output("cp /bin/sleep /usr/local/bin/kw-sleep && systemctl daemon-reload && systemctl start kw-sleep")
    told = ask(unit="kw-sleep.service")
    assert (told["exe"], told["restart_due"]) == ("/usr/local/bin/kw-sleep", False)
    host.check_output("cp /bin/sleep /usr/local/bin/new && mv /usr/local/bin/new /usr/local/bin/kw-sleep")
    assert ask(unit="kw-sleep.service")["restart_reasons"] == [
        "the process runs /usr/local/bin/kw-sleep, which has since been replaced"
    ]
    host.check_output("systemctl stop kw-sleep && rm /usr/local/bin/kw-sleep")
