"""Flags and settings of `umbel worker` whose effect is seen from outside only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork")
WORKER = ("-c", "1", "-l", "INFO")
LOUD = """
import logging
from umbel import Umbel

app = Umbel("loud")
if {handler}:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("mine: %(message)s"))
    logging.getLogger().addHandler(handler)

@app.task
def shout():
    print("hello from the task")
"""


def result(project: Project, task: str, app: str = "proj", *arguments: str) -> str:
    task_id = project.umbel("call", task, *arguments, app=app).stdout.strip()
    return project.umbel("result", task_id, "--timeout", "30", app=app).stdout


def test_more_modules_are_imported(project: Project) -> None:
    for name in ("one", "two"):
        text = f"from proj import app\n\n@app.task(name='{name}.task')\ndef task():\n    return '{name}'\n"
        (project.folder / f"{name}.py").write_text(text)
    running = project.worker(*WORKER, "-I", "one,two")
    running.until(". one.task")
    running.until(". two.task")
    running.until("ready.")
    assert result(project, "two.task") == "two\n"


def test_queues_are_chosen_and_left_out(project: Project) -> None:
    running = project.worker(*WORKER, "-Q", "a,b,c", "-X", "b")
    assert running.until("[queues]").split() == ["[queues]", "a,", "c"]
    assert project.umbel("worker", "-Q", "a", "-X", "a").returncode == 1


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_what_a_task_prints_goes_to_the_log_with_the_level_that_the_settings_say(project: Project, pool: str) -> None:
    (project.folder / "loud.py").write_text(LOUD.format(handler=False))
    running = project.worker(*WORKER, "-P", pool, "--", "worker.redirect_stdouts_level=ERROR", app="loud")
    running.until("ready.")
    project.umbel("call", "loud.shout", app="loud")
    assert "ERROR/" in running.until("hello from the task")


def test_or_it_is_left_alone(project: Project) -> None:
    (project.folder / "loud.py").write_text(LOUD.format(handler=False))
    project.environment["PYTHONUNBUFFERED"] = "1"
    running = project.worker(*WORKER, "--", "worker.redirect_stdouts=false", app="loud")
    running.until("ready.")
    project.umbel("call", "loud.shout", app="loud")
    assert running.until("hello from the task") == "hello from the task\n"


@pytest.mark.parametrize(("hijack", "expected"), [("true", "MainProcess] celery@"), ("false", "mine: celery@")])
def test_the_root_logger_is_taken_over_unless_the_settings_say_otherwise(
    project: Project, hijack: str, expected: str
) -> None:
    (project.folder / "loud.py").write_text(LOUD.format(handler=True))
    running = project.worker(*WORKER, "--", f"worker.hijack_root_logger={hijack}", app="loud")
    assert expected in running.until("ready.")
