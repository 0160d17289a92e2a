"""`umbel worker --autoscale`, with real pools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork", "umbel-autoscale")
POOLS = ("prefork", *(pytest.param(p, marks=pytest.mark.needs(f"umbel-{p}")) for p in ("threads", "asyncio")))
FLAGS = ("--autoscale", "1,3", "-l", "INFO", "--", "autoscale_keepalive_s=0.5")


@pytest.mark.parametrize("pool", POOLS)
def test_a_pool_grows_with_what_waits_and_shrinks_again(
    project: Project, appears: Callable[[Path], None], pool: str
) -> None:
    running = project.worker("-P", pool, *FLAGS)
    names = [f"go{number}" for number in range(3)]
    for name in names:
        project.umbel("call", "proj.wait_for", "--args", f'["{name}"]')
    for name in names:  # More than one runs at once, though the worker began with a place for one.
        appears(project.folder / f"{name}.started")
    for name in names:
        (project.folder / name).touch()
    running.until("The pool runs 1 tasks at once instead of ")


def test_a_pool_that_cannot_change_its_size_is_refused(project: Project) -> None:
    refused = project.umbel("worker", "-P", "solo", "--autoscale", "10,3")
    assert refused.returncode == 1
    assert "the pool 'solo' cannot change its size" in refused.stderr


def test_limits_that_cannot_be_are_refused(project: Project) -> None:
    refused = project.umbel("worker", "--autoscale", "ten")
    assert refused.returncode == 1
    assert "autoscale_limits (--autoscale): expected MAX,MIN such as 10,3, found 'ten'" in refused.stderr


@pytest.mark.needs("umbel-control")
def test_remote_control_changes_the_limits_and_not_the_size(project: Project) -> None:
    running = project.worker("--autoscale", "1,3", "-l", "INFO")
    running.until("ready.")
    assert "autoscaled" in project.umbel("control", "pool_grow", "2").stdout
    assert "autoscale now max=5 min=2" in project.umbel("control", "autoscale", "5", "2").stdout
    running.until("The pool runs 2 tasks at once instead of 1")
