from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project, Running

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork")
WORKER = ("-c", "1", "-l", "INFO")


def test_the_banner_says_which_driver_of_which_distribution_and_version_serves_each_kind(project: Project) -> None:
    running = project.worker(*WORKER)
    running.until("ready")
    lines = [line.split() for line in running.output.splitlines()]
    for kind, driver, distribution in (
        ("transport", "sqlite", "umbel-sqlite"),
        ("backend", "sqlite", "umbel-sqlite"),
        ("pool", "prefork", "umbel-prefork"),
    ):
        assert [kind, driver, distribution, version(distribution)] in [line[:4] for line in lines]
    assert ". proj.add" in running.output


def test_a_task_is_called_and_its_result_printed(project: Project) -> None:
    project.worker(*WORKER)
    task_id = project.umbel("call", "proj.add", "--args", "[2, 3]").stdout.strip()
    assert project.umbel("result", task_id).stdout == "5\n"


def test_the_result_of_a_failed_task_is_its_error_and_exit_code_1(project: Project) -> None:
    project.worker(*WORKER)
    task_id = project.umbel("call", "proj.fail", "--kwargs", '{"why": "because"}').stdout.strip()
    failed = project.umbel("result", task_id)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "FAILURE: ValueError: because" in failed.stderr
    assert "raise ValueError(why)" in project.umbel("result", task_id, "--traceback").stdout


def test_a_result_that_does_not_come_is_an_error_after_the_time_that_was_given(project: Project) -> None:
    waited = project.umbel("result", "no-such-id", "--timeout", "0.01")
    assert waited.returncode == 1
    assert "has no result after 0.01 s; its state is PENDING" in waited.stderr


def test_arguments_that_do_not_fit_are_refused_at_the_call(project: Project) -> None:
    refused = project.umbel("call", "proj.add", "--args", "[1]")
    assert refused.returncode == 1
    assert "missing a required argument: 'y'" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_task_of_another_app_is_sent_with_a_hint(project: Project) -> None:
    sent = project.umbel("call", "proj.ad", "--args", "[1, 2]")
    assert sent.returncode == 0
    assert "did you mean proj.add?" in sent.stderr


def test_sigterm_lets_the_running_task_end(project: Project, appears: Callable[[Path], None]) -> None:
    running, task_id = busy(project, appears)
    running.signal(signal.SIGTERM)
    running.until("warm shutdown")
    (project.folder / "go").touch()
    assert running.end() == 0
    assert project.umbel("result", task_id, "--timeout", "10").stdout == "go\n"


def test_hup_lets_the_running_task_end_and_starts_the_worker_anew(
    project: Project, appears: Callable[[Path], None]
) -> None:
    running, task_id = busy(project, appears, "--pidfile", "pid")
    running.signal(signal.SIGHUP)
    running.until("warm shutdown (SIGHUP)")
    (project.folder / "go").touch()
    running.until("ready.")
    assert (project.folder / "pid").read_text().strip() == str(running.process.pid)
    assert project.umbel("result", task_id, "--timeout", "10").stdout == "go\n"
    running.signal(signal.SIGTERM)
    assert running.end() == 0


def test_hup_of_a_worker_with_a_folder_of_its_own_starts_it_there_again(project: Project) -> None:
    (project.folder / "inner").mkdir()
    project.environment["UMBEL_WORKDIR"] = "inner"
    running = project.worker(*WORKER)
    running.until("ready.")
    running.signal(signal.SIGHUP)
    running.until("ready.")


def test_a_second_sigterm_ends_at_once_and_the_task_is_done_by_another_worker(
    project: Project, appears: Callable[[Path], None]
) -> None:
    running, task_id = busy(project, appears)
    running.signal(signal.SIGTERM)
    running.until("warm shutdown")
    running.signal(signal.SIGTERM)
    assert running.end() == 1
    assert "cold shutdown" in running.output
    (project.folder / "go").touch()
    project.worker(*WORKER)
    assert project.umbel("result", task_id, "--timeout", "30").stdout == "go\n"


def test_flags_that_switch_off_what_is_not_there_are_accepted(project: Project) -> None:
    running = project.worker(
        *WORKER,
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "-O",
        "fair",
        "--pool-start-method",
        "fork",
    )
    running.until("ready")


@pytest.mark.parametrize(
    ("flags", "feature"),
    [
        (["-E"], "events"),
        (["-B"], "beat"),
        (["--heartbeat-interval", "5"], "heartbeat"),
    ],
)
def test_flags_that_ask_for_what_is_not_there_say_what_would_bring_it(
    project: Project, flags: list[str], feature: str
) -> None:
    refused = project.umbel("worker", *flags)
    assert refused.returncode == 1
    assert f"asks for '{feature}'" in refused.stderr
    assert f"pip install umbel-{feature}" in refused.stderr


@pytest.mark.needs("umbel-memory")
def test_a_broker_that_nobody_else_can_see_is_a_warning(project: Project) -> None:
    project.environment["UMBEL_BROKER_URL"] = "memory://here"
    warning = "memory (the environment variable UMBEL_BROKER_URL) is seen by this process alone"
    assert warning in project.umbel("call", "proj.add", "--args", "[1, 2]").stderr
    project.worker(*WORKER).until(warning)


def test_settings_after_two_dashes_count(project: Project) -> None:
    running = project.worker(*WORKER, "--", "worker.prefetch_multiplier=many")
    assert running.end() == 1
    assert "worker_prefetch_multiplier" in running.output


def test_purge_empties_the_queues_once_it_is_sure(project: Project) -> None:
    for _ in range(3):
        project.umbel("call", "proj.add", "--args", "[1, 2]")
    project.umbel("call", "proj.add", "--args", "[1, 2]", "--countdown", "3600")
    refused = project.umbel("purge", input="n\n")
    assert (refused.returncode, refused.stdout) == (1, "Delete 4 messages in 1 queue: celery? [y/N]: ")
    assert project.umbel("purge", "--force", "-X", "celery").returncode == 1
    assert project.umbel("purge", input="y\n").stdout.endswith("Purged 4 messages from 1 queue.\n")
    assert project.umbel("purge", "--force").stdout == "No messages purged from 1 queue.\n"


def test_what_no_worker_can_handle_is_listed_shown_retried_and_deleted(project: Project) -> None:
    project.worker(*WORKER).until("ready")
    sent = project.umbel("call", "proj.unknown", "--args", '["ü"]').stdout.strip()
    letter = dead_letter(project)
    assert (letter["task"], letter["id"], letter["queue"]) == ("proj.unknown", sent, "celery")
    shown = json.loads(project.umbel("dead", "show", letter["key"], "--json").stdout)
    assert [one["what"] for one in shown["history"]] == [letter["reason"]]
    assert shown["history"][0]["worker"].startswith(f"{socket.gethostname()}/")
    assert shown["headers"]["task"] == "proj.unknown"
    assert shown["body"][0] == ["ü"]
    assert "args:    ('ü',)\n" in project.umbel("dead", "show", letter["key"]).stdout
    assert project.umbel("dead", "retry", letter["key"]).stdout == "retried 1 of 1\n"
    letter = dead_letter(project)
    assert project.umbel("dead", "delete", letter["key"], input="n\n").returncode == 1
    assert project.umbel("dead", "delete", "--all", "--force").stdout == "deleted 1 of 1\n"
    assert json.loads(project.umbel("dead", "list", "--json").stdout) == []
    assert project.umbel("dead", "retry", letter["key"]).returncode == 1
    assert "KEYS" in project.umbel("dead", "retry").stderr


def test_the_report_has_versions_and_drivers_and_no_passwords(project: Project) -> None:
    (project.folder / "secret.py").write_text(
        "from umbel import Umbel\napp = Umbel('secret', broker='nowhere://me:hush@host', task_default_queue='mine')\n"
    )
    report = project.umbel("report", app="secret")
    assert report.returncode == 0
    assert "umbel-prefork" in report.stdout
    assert "task_default_queue: 'mine'" in report.stdout
    assert "hush" not in report.stdout + report.stderr


def test_the_graph_of_a_worker_is_drawn(project: Project) -> None:
    assert "reserve" in project.umbel("graph").stdout
    assert project.umbel("graph", "bootsteps", "--format", "dot").stdout.startswith("digraph")
    assert project.umbel("graph", "--format", "mermaid").stdout.startswith("flowchart")


def test_a_detached_worker_has_a_pid_file_and_a_log_and_ends_on_sigterm(
    project: Project, appears: Callable[[Path], None]
) -> None:
    pidfile, logfile = project.folder / "w1.pid", project.folder / "w1.log"
    flags = (*WORKER, "-n", "w1@%h", "--detach", "--pidfile", "%n.pid", "--logfile", "%n.log")
    assert project.umbel("worker", *flags).returncode == 0
    appears(pidfile)
    pid = int(pidfile.read_text())
    try:
        task_id = project.umbel("call", "proj.add", "--args", "[2, 3]").stdout.strip()
        assert project.umbel("result", task_id, "--timeout", "30").stdout == "5\n"
        assert "ready" in logfile.read_text()
        second = project.umbel("worker", "--pidfile", str(pidfile))
        assert second.returncode == 73
        assert f"process {pid} holds it" in second.stderr
    finally:
        os.kill(pid, signal.SIGTERM)
    while pidfile.exists():
        os.sched_yield()
    assert "warm shutdown" in logfile.read_text()


def test_a_pid_file_that_a_dead_process_left_is_taken_over(project: Project) -> None:
    stale = project.folder / "stale.pid"
    stale.write_text("999999999\n")
    running = project.worker(*WORKER, "--pidfile", str(stale))
    running.until("ready")
    assert int(stale.read_text()) == running.process.pid


def test_an_unknown_user_is_refused(project: Project) -> None:
    refused = project.umbel("worker", "--uid", "no-such-user")
    assert refused.returncode == 1
    assert "no-such-user" in refused.stderr
    assert "Traceback" not in refused.stderr


def busy(project: Project, appears: Callable[[Path], None], *flags: str) -> tuple[Running, str]:
    """A worker in the middle of a task that ends when the file `go` is there."""
    running = project.worker(*WORKER, *flags)
    task_id = project.umbel("call", "proj.wait_for", "--args", '["go"]').stdout.strip()
    appears(project.folder / "go.started")
    return running, task_id


def dead_letter(project: Project) -> dict[str, str]:
    """The one dead letter, once there is one."""
    for _ in range(100):
        letters: list[dict[str, str]] = json.loads(project.umbel("dead", "list", "--json").stdout)
        if letters:
            return letters[0]
    raise AssertionError("no dead letter came")
