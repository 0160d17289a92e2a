"""What the tests of this plugin share."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.settings import SqliteSettings
from umbel_sqlite.transport import SqliteTransport

#: Everything that must be true of the tables at any moment: each statement finds what breaks a rule.
BREACHES = {
    "a message is in no place": """
        SELECT id FROM message WHERE id NOT IN (SELECT id FROM ready UNION SELECT id FROM delayed
        UNION SELECT id FROM lease UNION SELECT id FROM dead)""",
    "a message is in two places": """
        SELECT id FROM (SELECT id FROM ready UNION ALL SELECT id FROM delayed UNION ALL SELECT id FROM lease
        UNION ALL SELECT id FROM dead) GROUP BY id HAVING count(*) > 1""",
    "a place has no message": """
        SELECT id FROM (SELECT id FROM ready UNION ALL SELECT id FROM delayed UNION ALL SELECT id FROM lease
        UNION ALL SELECT id FROM dead) WHERE id NOT IN (SELECT id FROM message)""",
    "a place has another queue or rank than the message": """
        SELECT id FROM ready JOIN message USING (id)
        WHERE (ready.queue, ready.rank) != (message.queue, message.rank)""",
    "a tally has miscounted": """
        SELECT key FROM tally
        WHERE members != (SELECT count(*) FROM tally_member WHERE tally_member.key = tally.key)""",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "umbel.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def open_transport(url: str) -> Iterator[Callable[..., SqliteTransport]]:
    """Another transport on the file of this test; closed at its end."""
    opened: list[SqliteTransport] = []

    def open_one(**settings: Any) -> SqliteTransport:
        opened.append(SqliteTransport(url, SqliteSettings(**settings)))
        return opened[-1]

    yield open_one
    for transport in opened:
        transport.close()


@pytest.fixture
def transport(open_transport: Callable[..., SqliteTransport]) -> SqliteTransport:
    return open_transport()


@pytest.fixture
def backend(url: str) -> Iterator[SqliteBackend]:
    backend = SqliteBackend(url)
    yield backend
    backend.close()


@pytest.fixture
def look(file: Path) -> Iterator[Callable[[str], list[Any]]]:
    """Reads the tables through a connection of its own."""
    opened: list[sqlite3.Connection] = []

    def query(sql: str) -> list[Any]:
        if not opened:
            opened.append(sqlite3.connect(file, isolation_level=None))
        return opened[0].execute(sql).fetchall()

    yield query
    for connection in opened:
        connection.close()


@pytest.fixture
def assert_sound(look: Callable[[str], list[Any]]) -> Callable[[], None]:
    """Fails unless the file is whole and every rule of the tables holds."""

    def check() -> None:
        assert look("PRAGMA integrity_check") == [("ok",)]
        assert {name: found for name, sql in BREACHES.items() if (found := look(sql))} == {}

    return check


@pytest.fixture
def run_python() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a fresh interpreter with this code; gone at the end of the test."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()
