"""`umbel worker --reload`, with real processes."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork")
WORKER = ("-A", "proj", "worker", "--reload", "-l", "INFO", "-c", "1")
POOLS = ("prefork", "solo", *(pytest.param(p, marks=pytest.mark.needs(f"umbel-{p}")) for p in ("threads", "asyncio")))


@pytest.mark.parametrize("pool", POOLS)
def test_a_changed_file_starts_the_worker_anew_and_is_named(project: Project, pool: str) -> None:
    worker = project.worker(*WORKER, "-P", pool)
    worker.until("ready.")
    assert project.ask() == "1"
    project.write("business", "ANSWER = 2\n")
    worker.until("--reload: business.py has changed")
    worker.until("warm shutdown")
    worker.until("ready.")
    assert project.ask() == "2"
    worker.process.send_signal(signal.SIGTERM)
    assert worker.ends() == 0


def test_a_file_that_only_a_task_imports_counts_too(project: Project) -> None:
    worker = project.worker(*WORKER)
    worker.until("ready.")
    assert project.ask("late") == "1"
    project.write("imported_late", "ANSWER = 2\n")
    worker.until("--reload: imported_late.py has changed")
    worker.until("ready.")
    assert project.ask("late") == "2"


def test_a_file_that_nobody_imports_does_not_count(project: Project) -> None:
    project.write("bystander", "")
    worker = project.worker(*WORKER)
    worker.until("ready.")
    project.write("bystander", "changed = True\n")
    project.write("business", "ANSWER = 2\n")
    assert "bystander" not in worker.until("changed")


def test_a_syntax_error_is_shown_and_the_next_change_is_waited_for(project: Project) -> None:
    worker = project.worker(*WORKER)
    worker.until("ready.")
    project.write("business", "ANSWER = = 2\n")
    worker.until("SyntaxError")
    worker.until("waiting for a change")
    project.write("business", "ANSWER = 2\n")
    worker.until("--reload: business.py has changed: the worker starts again")
    worker.until("ready.")
    assert project.ask() == "2"


def test_a_worker_that_never_started_starts_when_the_missing_file_is_there(project: Project) -> None:
    (project.folder / "business.py").unlink()
    worker = project.worker(*WORKER)
    worker.until("waiting for a change")
    project.write("business", "ANSWER = 3\n")
    worker.until("--reload: business.py has changed")
    worker.until("ready.")
    assert project.ask() == "3"


def test_an_interrupt_while_a_change_is_waited_for_ends_it(project: Project) -> None:
    project.write("business", "1 / 0\n")
    worker = project.worker(*WORKER)
    worker.until("waiting for a change")
    worker.process.send_signal(signal.SIGINT)
    assert worker.ends() == 1


def test_an_interrupt_is_passed_on_once_and_ends_the_worker_warmly(project: Project) -> None:
    worker = project.worker(*WORKER)
    worker.until("ready.")
    worker.process.send_signal(signal.SIGINT)
    assert worker.ends() == 0
    assert "warm shutdown (SIGINT)" in worker.output
    assert "cold" not in worker.output


def test_hup_starts_a_new_worker(project: Project) -> None:
    worker = project.worker(*WORKER)
    worker.until("ready.")
    worker.process.send_signal(signal.SIGHUP)
    worker.until("ready.")


def test_a_worker_whose_supervisor_was_killed_ends(project: Project) -> None:
    worker = project.worker(*WORKER)
    worker.until("ready.")
    worker.process.kill()
    worker.ends()
    assert "warm shutdown (its supervisor (--reload) is gone)" in worker.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [((*WORKER, "--detach"), "leave --detach out"), ((*WORKER, "--concurrency", "many"), "not a valid integer")],
)
def test_a_command_line_that_cannot_be_is_refused_at_once(
    project: Project, arguments: tuple[str, ...], says: str
) -> None:
    worker = project.worker(*arguments)
    assert worker.ends() == 2
    assert says in worker.output
    assert "waiting" not in worker.output


def test_a_folder_to_work_in_is_gone_to_once(project: Project) -> None:
    inner = project.folder / "inner"
    inner.mkdir()
    (inner / "business.py").write_text("ANSWER = 7\n")
    worker = project.worker("--workdir", "inner", *WORKER)
    worker.until("ready.")


def test_a_program_that_runs_its_own_worker_is_run_again(project: Project) -> None:
    program = "from umbel import Umbel\nUmbel('proj').worker_main(['worker', '--reload', '-l', 'INFO', '-c', '1'])\n"
    project.write("proj", program)
    worker = project.start("proj.py")
    worker.until("ready.")
    project.write("proj", f"{program}\n")
    worker.until("--reload: proj.py has changed")
    worker.until("ready.")
