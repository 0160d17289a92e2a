"""`umbel queues`, on the embedded default."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from typing import Any

import pytest

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork")

HEADER = "QUEUE    READY  RESERVED  DELAYED  DEAD  PAUSED"


def test_queues_show_what_waits_in_them(project: Any) -> None:
    project.umbel("call", "proj.add", "-a", "[1, 2]", "--queue", "letters")
    project.umbel("call", "proj.add", "-a", "[1, 2]", "--queue", "letters", "--countdown", "3600")

    lines = project.umbel("queues").stdout.splitlines()
    assert lines == [HEADER, "celery   0      0         0        0", "letters  1      0         1        0"]
    one = json.loads(project.umbel("queues", "-Q", "letters", "--json").stdout)
    assert one == [{"queue": "letters", "ready": 1, "reserved": 0, "delayed": 1, "dead": 0, "paused": False}]


def test_a_queue_that_is_paused_stays_so_until_it_is_resumed(project: Any) -> None:
    sent = project.umbel("call", "proj.add", "-a", "[1, 2]").stdout.strip()
    paused = project.umbel("queues", "pause", "celery", "lettres")
    assert paused.stdout == "paused celery\npaused lettres\n"
    assert paused.stderr == "Note: until now there was no queue 'lettres'\n"
    worker = project.worker("-c", "1", "-l", "INFO")
    worker.until("ready")
    other = project.umbel("call", "proj.add", "-a", "[2, 2]", "--queue", "other").stdout.strip()
    project.worker("-c", "1", "-Q", "other,celery", "-n", "other@%h")
    assert project.umbel("result", other, "--timeout", "30").stdout == "4\n"

    assert "celery   1      0         0        0     yes" in project.umbel("queues").stdout
    assert project.umbel("queues", "resume", "celery").stdout == "resumed celery\n"
    assert project.umbel("result", sent, "--timeout", "30").stdout == "3\n"


def test_watching_prints_a_block_of_lines_each_time(project: Any) -> None:
    watching = project.start("queues", "--watch", "0.05", "-Q", "celery")
    for _ in range(3):
        watching.until(HEADER.replace("QUEUE    ", "QUEUE   "))
        watching.until("celery  0 ")
    watching.signal(signal.SIGINT)

    assert watching.end() == 0
    assert "\x1b" not in watching.output


def test_watching_for_programs_is_a_line_of_json_each_time(project: Any) -> None:
    watching = project.start("queues", "--watch", "0.05", "--json")
    read = [json.loads(watching.until("celery")) for _ in range(2)]
    watching.signal(signal.SIGINT)

    assert watching.end() == 0
    assert [each["queue"] for each in read[1]] == ["celery"]


def test_watching_on_a_terminal_stays_in_place(project: Any) -> None:
    ours, theirs = pty.openpty()
    command = project.command("queues", "--watch", "0.05", app="proj")
    watching = subprocess.Popen(command, cwd=project.folder, env=project.environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = ""
    while shown.count("\x1b[2A\x1b[J") < 2:
        shown += os.read(ours, 4096).decode()
    watching.send_signal(signal.SIGINT)

    assert watching.wait(60) == 0
    os.close(ours)


def test_commands_for_people_have_a_form_for_programs(project: Any) -> None:
    worker = project.worker("-c", "1", "-l", "INFO")
    worker.until("ready")
    good = project.umbel("call", "proj.add", "-a", "[1, 2]").stdout.strip()
    bad = project.umbel("call", "proj.fail", "-a", '["no"]').stdout.strip()

    told = json.loads(project.umbel("result", good, "--timeout", "30", "--json").stdout)
    assert (told["id"], told["state"], told["result"], told["error"]) == (good, "SUCCESS", 3, None)
    failed = project.umbel("result", bad, "--timeout", "30", "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["error"] == {"type": "ValueError", "module": "builtins", "args": ["no"]}
    assert "reserve" in [node["name"] for node in json.loads(project.umbel("graph", "--json").stdout)]
    report = json.loads(project.umbel("report", "--json").stdout)
    assert report["app"] == "proj"
    assert {"kind": "pool", "driver": "prefork"}.items() <= report["drivers"][2].items()
    (entry,) = json.loads(project.umbel("plugins", "show", "command:queues", "--json").stdout)
    assert (entry["name"], entry["status"]) == ("queues", "ok")
