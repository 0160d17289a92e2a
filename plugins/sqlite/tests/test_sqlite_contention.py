"""Many processes at one file: nobody is refused, and the -wal file stays short."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

from umbel.model import Message
from umbel_sqlite import checkpoint
from umbel_sqlite.transport import SqliteTransport

FIRST_USER = """
import sys
from umbel.model import Message
from umbel_sqlite.transport import SqliteTransport
transport = SqliteTransport(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
transport.publish([Message("q", b"")])
print("published", flush=True)
transport.close()
"""

WRITER = """
import sys
from umbel.model import Message
from umbel_sqlite import checkpoint
from umbel_sqlite.transport import SqliteTransport
checkpoint.LIMIT = 2**20
transport = SqliteTransport(sys.argv[1])
for number in range(1500):
    transport.publish([Message("q", b"x" * 10_000)])
print("done", flush=True)
sys.stdin.read()
"""


def test_many_processes_may_be_the_first_to_open_a_database(
    run_python: Callable[..., subprocess.Popen[str]], url: str, transport: SqliteTransport
) -> None:
    processes = [run_python(FIRST_USER, url) for _ in range(6)]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.stdout.readline() for process in processes if process.stdout] == ["published\n"] * 6
    assert transport.admin().depth("q").ready == 6


def test_the_wal_file_stays_short_while_several_write_without_a_pause(
    run_python: Callable[..., subprocess.Popen[str]], url: str, file: Path
) -> None:
    writers = [run_python(WRITER, url) for _ in range(2)]
    assert [writer.stdout.readline() for writer in writers if writer.stdout] == ["done\n"] * 2
    # Nearly 40 MB went through it.
    assert file.with_name(f"{file.name}-wal").stat().st_size < 12 * 2**20


def test_a_reader_that_does_not_let_go_delays_the_checkpoint_and_nothing_else(
    transport: SqliteTransport, file: Path
) -> None:
    transport.publish([Message("q", b"")])
    reader = sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM message").fetchall()
    for _ in range(3):
        transport.publish([Message("q", b"x" * checkpoint.LIMIT)])
    wal = file.with_name(f"{file.name}-wal")
    assert wal.stat().st_size > checkpoint.LIMIT
    reader.execute("ROLLBACK")
    reader.close()
    for _ in range(2):
        transport.publish([Message("q", b"x" * checkpoint.LIMIT)])
    assert wal.stat().st_size < 2 * checkpoint.LIMIT
