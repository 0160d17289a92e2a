"""`worker_soft_shutdown_timeout`: what runs has some time left, and goes back to its queue when that is over."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project, Running

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork")


def busy(project: Project, appears: Callable[[Path], None], timeout_s: float) -> tuple[Running, str]:
    running = project.worker("-c", "1", "-l", "INFO", "--", f"worker_soft_shutdown_timeout={timeout_s}")
    task_id = project.umbel("call", "proj.wait_for", "--args", '["go"]').stdout.strip()
    appears(project.folder / "go.started")
    return running, task_id


def done_by_another(project: Project, task_id: str) -> bool:
    (project.folder / "go").touch()
    project.worker("-c", "1")
    return project.umbel("result", task_id, "--timeout", "60").stdout == "go\n"


def test_a_task_that_ends_in_time_ends(project: Project, appears: Callable[[Path], None]) -> None:
    running, task_id = busy(project, appears, 600)
    running.signal(signal.SIGQUIT)
    running.until("soft shutdown")
    (project.folder / "go").touch()
    assert running.end() == 0
    assert project.umbel("result", task_id, "--timeout", "10").stdout == "go\n"


def test_a_task_that_does_not_is_done_by_another_worker(project: Project, appears: Callable[[Path], None]) -> None:
    running, task_id = busy(project, appears, 0.2)
    running.signal(signal.SIGQUIT)
    running.until("soft shutdown")
    running.until("cold shutdown")
    assert running.end() == 1
    assert done_by_another(project, task_id)


def test_one_more_signal_ends_the_wait(project: Project, appears: Callable[[Path], None]) -> None:
    running, task_id = busy(project, appears, 600)
    running.signal(signal.SIGTERM)
    running.until("warm shutdown")
    running.signal(signal.SIGTERM)  # Soft: nothing is to be seen of it.
    running.signal(signal.SIGQUIT)
    running.until("cold shutdown")
    assert running.end() == 1
    assert done_by_another(project, task_id)
