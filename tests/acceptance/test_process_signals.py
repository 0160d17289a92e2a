"""The signals of a worker whose tasks run in processes, and those of its log."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork")

SIGNALS = """
import os
from umbel import Umbel, signals

app = Umbel("telling")

def note(*words):
    file = os.open("signals", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, (" ".join(map(str, words)) + "\\n").encode())
    os.close(file)

@signals.worker_before_create_process.connect
def before(**_):
    note("before_create")

@signals.worker_process_init.connect
def began(sender, **_):
    note("process_init", sender)

@signals.worker_process_shutdown.connect
def ends(sender, pid, exitcode, **_):
    note("process_shutdown", sender, pid == os.getpid(), exitcode)

@signals.after_setup_logger.connect
def logger(logger, loglevel, logfile, format, colorize, **_):
    note("logger", logger.name, logfile)

@signals.after_setup_task_logger.connect
def task_logger(logger, loglevel, logfile, format, colorize, **_):
    note("task_logger", logger.name, logfile)

@app.task
def work():
    return 3
"""


def test_every_process_tells_before_it_is_made_when_it_begins_and_when_it_ends(project: Project) -> None:
    (project.folder / "telling.py").write_text(SIGNALS)
    running = project.worker("-P", "prefork", "-c", "1", "-n", "w@h", "-l", "INFO", app="telling")
    running.until("ready")
    assert project.python("from telling import work; print(work.delay().get(timeout=60))") == "3\n"
    running.signal(signal.SIGTERM)
    assert running.end() == 0
    heard = (project.folder / "signals").read_text().splitlines()
    assert heard == [
        "logger root None",
        "task_logger umbel.task None",
        "before_create",
        "process_init w@h",
        "process_shutdown w@h True 0",
    ]
