"""SQLite's locks belong to the process, and are easily lost: https://sqlite.org/howtocorrupt.html, section 2.

Whoever closes a database believes to be its last user if nobody else has a lock, and deletes the -wal file. Someone who
has lost his lock would go on writing to the deleted file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from umbel.model import Message, Record
from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.transport import SqliteTransport

PASS_BY = """
import sys
from umbel_sqlite.backend import SqliteBackend
backend = SqliteBackend(sys.argv[1])
print([record and record.state for record in backend.fetch(sys.argv[2:])])
backend.close()
"""


@pytest.fixture
def passer_by(url: str) -> Callable[..., str]:
    """Another process opens the database, looks for results, and closes it again."""

    def pass_by(*task_ids: str) -> str:
        command = [sys.executable, "-c", PASS_BY, url, *task_ids]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    return pass_by


def test_a_second_instance_in_a_process_takes_no_lock_from_the_first(
    transport: SqliteTransport, url: str, passer_by: Callable[..., str], file: Path
) -> None:
    transport.publish([Message("q", b"")])
    backend = SqliteBackend(url)
    backend.fetch([])
    backend.close()
    wal = file.with_name(f"{file.name}-wal").stat().st_ino
    passer_by()
    assert file.with_name(f"{file.name}-wal").stat().st_ino == wal


def test_what_a_forked_child_stores_is_kept_when_the_parent_and_others_come_and_go(
    backend: SqliteBackend, passer_by: Callable[..., str], url: str
) -> None:
    backend.store([Record("before the fork", "SUCCESS", b"")])
    to_child, to_parent = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            own = SqliteBackend(url)
            own.store([Record("child's own instance", "SUCCESS", b"")])
            os.write(to_parent[1], b"1")
            os.read(to_child[0], 1)
            own.store([Record("child's own instance, later", "SUCCESS", b"")])
            backend.store([Record("parent's instance", "SUCCESS", b"")])
        finally:
            os._exit(0)
    os.read(to_parent[0], 1)
    backend.close()
    passer_by()
    os.write(to_child[1], b"1")
    os.waitpid(child, 0)
    ids = ["before the fork", "child's own instance", "child's own instance, later", "parent's instance"]
    assert passer_by(*ids) == str(["SUCCESS"] * 4)


def test_a_process_that_forks_goes_on_working(transport: SqliteTransport) -> None:
    transport.publish([Message("q", b"1")])
    held = transport.reserve(["q"], 1, 0.0)
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    transport.publish([Message("q", b"2")])
    assert not transport.extend(held)
    assert [one.message.body for one in transport.reserve(["q"], 10, 0.0)] == [b"2"]


def test_a_child_that_outlives_its_parent_does_not_keep_the_parents_leases(
    run_python: Callable[..., subprocess.Popen[str]], transport: SqliteTransport, url: str
) -> None:
    transport.publish([Message("q", b"1")])
    parent = run_python(
        "import os, sys, time\n"
        "from umbel_sqlite.transport import SqliteTransport\n"
        "from umbel_sqlite.settings import SqliteSettings\n"
        "transport = SqliteTransport(sys.argv[1], SqliteSettings(lease_s=1000))\n"
        "assert transport.reserve(['q'], 1, 5.0)\n"
        "child = os.fork()\n"
        "if child:\n"
        "    print(child, flush=True)\n"
        "time.sleep(1000)\n",
        url,
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    try:
        parent.kill()
        parent.wait()
        assert [one.lost for one in transport.reserve(["q"], 1, 20.0)] == [1]
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_database_that_was_removed_is_made_anew(
    transport: SqliteTransport, file: Path, open_transport: Callable[..., SqliteTransport]
) -> None:
    transport.publish([Message("q", b"gone")])
    for path in file.parent.glob("umbel.db*"):
        if path.is_file():
            path.unlink()
    other = open_transport()
    other.publish([Message("q", b"new")])
    transport._database._check_at = 0.0  # the second between two looks
    assert [one.message.body for one in transport.reserve(["q"], 10, 5.0)] == [b"new"]
    transport.publish([Message("p", b"back")])
    assert [one.message.body for one in other.reserve(["p"], 10, 5.0)] == [b"back"]


def test_a_wal_file_that_was_deleted_by_others_is_noticed(
    backend: SqliteBackend, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend.store([Record("a", "SUCCESS", b"")])
    file.with_name(f"{file.name}-wal").unlink()
    backend._database._check_at = 0.0
    backend.store([Record("b", "SUCCESS", b"")])
    assert "removed or replaced" in caplog.text
    fresh = SqliteBackend(f"sqlite:///{file}")
    assert fresh.fetch(["b"])[0] is not None
    fresh.close()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # that it has threads is the point
def test_the_connection_is_private_to_the_process_whatever_happens_at_the_same_time(
    transport: SqliteTransport, look: Callable[[str], list[Any]]
) -> None:
    """Forks while another thread publishes."""
    done = threading.Event()

    def publish() -> None:
        while not done.is_set():
            transport.publish([Message("q", b"")])

    thread = threading.Thread(target=publish)
    thread.start()
    for _ in range(20):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    done.set()
    thread.join()
    assert look("PRAGMA integrity_check") == [("ok",)]
