"""Signals of the operating system that a worker knows beside TERM."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project, Running

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork")
WORKER = ("-c", "1", "-l", "INFO")


def busy(project: Project, appears: Callable[[Path], None]) -> Running:
    """A worker in the middle of a task that ends when the file `go` is there."""
    running = project.worker(*WORKER)
    project.umbel("call", "proj.wait_for", "--args", '["go"]')
    appears(project.folder / "go.started")
    return running


@pytest.mark.needs("umbel-redis", "umbel-conformance")
def test_the_third_signal_ends_the_process_whatever_it_is_doing(
    project: Project, appears: Callable[[Path], None], tmp_path: Path
) -> None:
    from umbel_conformance.redis_server import RedisServer  # noqa: PLC0415  (it needs hiredis)

    server = RedisServer(tmp_path / "redis").start()
    project.environment["UMBEL_BROKER_URL"] = server.url()
    running = busy(project, appears)
    server.freeze()  # so that the worker cannot give back what it has, and waits
    running.signal(signal.SIGTERM)
    running.until("warm shutdown")
    running.signal(signal.SIGTERM)
    running.until("cold shutdown")
    running.signal(signal.SIGTERM)
    assert running.end() == 128 + signal.SIGTERM
    server.kill()


def test_term_may_be_the_cold_kind(project: Project, appears: Callable[[Path], None]) -> None:
    project.environment["REMAP_SIGTERM"] = "SIGQUIT"
    running = busy(project, appears)
    running.signal(signal.SIGTERM)
    running.until("cold shutdown")
    assert running.end() == 1


def test_usr1_writes_the_stacks_of_all_threads_and_the_worker_goes_on(project: Project) -> None:
    running = project.worker(*WORKER)
    running.until("ready.")
    running.signal(signal.SIGUSR1)
    running.until("most recent call first")
    running.until("umbel/worker/worker.py")
    running.signal(signal.SIGTERM)
    assert running.end() == 0
