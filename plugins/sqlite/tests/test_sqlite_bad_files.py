"""What a person sees whose database cannot be used: what, where, what to do; and the file is as it was."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from umbel.exceptions import PermanentError, TemporaryError
from umbel.model import Action, Message, Record, Settlement
from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.settings import SqliteSettings
from umbel_sqlite.transport import SqliteTransport


def refused(path: Path) -> str:
    """The error of a first use, which names the file."""
    transport = SqliteTransport(f"sqlite:///{path}")
    with pytest.raises(PermanentError) as caught:
        transport.publish([Message("q", b"")])
    transport.close()
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_new_database_and_its_folder_are_private(tmp_path: Path) -> None:
    file = tmp_path / "new" / "deep" / "x.db"
    old = os.umask(0)
    try:
        transport = SqliteTransport(f"sqlite:///{file}")
        transport.publish([Message("q", b"")])
        transport.reserve(["q"], 1, 0.0)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
        transport.close()
    finally:
        os.umask(old)
    assert modes == {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600, "x.db-wake": 0o700}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "name a file inside it" in refused(tmp_path)


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "a file where a folder is needed" in refused(tmp_path / "file" / "x.db")
    assert "a file where a folder is needed" in refused(tmp_path / "file" / "sub" / "x.db")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("these are my notes, and not a database\n" * 100)
    assert "not an SQLite database" in (text := refused(file))
    assert "Nothing was deleted" in text
    assert file.read_text().startswith("these are my notes")


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "theirs.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE message (theirs)")
    connection.close()
    assert "belongs to another program" in refused(file)
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("message",)]
    connection.close()


def test_a_later_version_of_the_tables_is_refused_with_what_to_install(file: Path, url: str) -> None:
    transport = SqliteTransport(url)
    transport.publish([Message("q", b"")])
    transport.close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    text = refused(file)
    assert "version 99" in text
    assert "pip install --upgrade umbel-sqlite" in text


@pytest.mark.skipif(sqlite3.sqlite_version_info < (3, 35), reason="this SQLite cannot drop a column")
def test_tables_of_the_version_before_are_brought_up_to_date(file: Path, url: str) -> None:
    transport = SqliteTransport(url)
    transport.publish([Message("q", b"old")])
    transport.close()
    with sqlite3.connect(file) as connection:
        for table, column in (("message", "history"), ("lease", "begun"), ("peer", "name")):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    transport = SqliteTransport(url)
    (held,) = transport.reserve(["q"], 1, 0.0)
    assert held.message.body == b"old"
    transport.settle([Settlement(held, Action.DEAD, reason="late")])
    assert [one.what for one in transport.admin().dead("q")[0].history] == ["late"]
    transport.close()


def test_a_truncated_database_is_refused_and_left_alone(file: Path, url: str) -> None:
    transport = SqliteTransport(url)
    transport.publish([Message("q", b"x" * 1000) for _ in range(100)])
    transport.close()
    size = file.stat().st_size
    os.truncate(file, size // 2)
    text = refused(file)
    assert "damaged" in text
    assert "Nothing was deleted" in text
    assert ".recover" in text
    assert file.stat().st_size == size // 2


def test_damage_in_the_middle_is_an_error_that_says_what_to_do(file: Path, url: str) -> None:
    backend = SqliteBackend(url)
    backend.store([Record(str(number), "SUCCESS", b"x" * 1000) for number in range(100)])
    backend.close()
    with open(file, "r+b") as damaged:
        for page in range(4, file.stat().st_size // 4096):
            damaged.seek(page * 4096)
            damaged.write(b"\xff" * 4096)
    broken = SqliteBackend(url)
    with pytest.raises(PermanentError, match=r"damaged.*\.recover"):
        broken.fetch([str(number) for number in range(100)])
    broken.close()


def test_a_lock_that_is_never_given_up_is_a_temporary_error_and_then_it_works(file: Path, url: str) -> None:
    transport = SqliteTransport(url, SqliteSettings(busy_timeout_s=0.1))
    transport.publish([Message("q", b"1")])
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TemporaryError, match="sqlite_busy_timeout_s"):
        transport.publish([Message("q", b"2")])
    other.execute("ROLLBACK")
    other.close()
    transport.publish([Message("q", b"3")])
    assert [one.message.body for one in transport.reserve(["q"], 10, 0.0)] == [b"1", b"3"]
    transport.close()


def test_an_sqlite_that_is_too_old_is_refused_with_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 25, 3))
    transport = SqliteTransport(f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(PermanentError, match=r"needs 3\.26\.0 or later"):
        transport.publish([Message("q", b"")])
    transport.close()


def test_a_message_that_is_no_plain_data_is_refused_by_name_and_nothing_is_published(
    transport: SqliteTransport,
) -> None:
    messages = [Message("q", b"good"), Message("q", b"bad", {"task": "proj.add", "when": object()})]
    with pytest.raises(PermanentError, match=r"proj\.add.*plain data"):
        transport.publish(messages)
    assert transport.admin().depth("q").ready == 0


def test_text_that_is_no_unicode_is_refused_and_the_next_call_works(transport: SqliteTransport) -> None:
    with pytest.raises(PermanentError, match="surrogates"):
        transport.publish([Message("\udc80", b"")])
    transport.publish([Message("q", b"")])


def test_after_closing_there_is_an_error_and_no_new_connection(url: str) -> None:
    transport = SqliteTransport(url)
    transport.publish([Message("q", b"")])
    transport.close()
    with pytest.raises(PermanentError, match="closed"):
        transport.publish([Message("q", b"")])
    assert list(transport.reserve(["q"], 1, 5.0)) == []


AS_NOBODY = """
import os, sys
from umbel.exceptions import PermanentError
from umbel.model import Message
from umbel_sqlite.transport import SqliteTransport
if os.getuid() == 0:  # after the imports: nobody may not be allowed to read those
    os.setgid(65534), os.setuid(65534)
try:
    SqliteTransport(sys.argv[1]).publish([Message("q", b"")])
except PermanentError as error:
    print(error)
"""


def as_nobody(path: Path) -> str:
    """The error that a user without rights gets."""
    command = [sys.executable, "-c", AS_NOBODY, f"sqlite:///{path}"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder that only its owner may write to, and everybody can get to."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o555)
    return mine


def test_a_folder_without_rights_is_an_error_that_says_so(foreign: Path) -> None:
    if (error := as_nobody(foreign / "x.db")) == "":
        pytest.skip("this user may write everywhere")
    assert f"{foreign}/x.db cannot be opened" in error
    assert "must be able to write" in error


def test_a_file_without_rights_is_an_error_that_says_so(foreign: Path) -> None:
    foreign.chmod(0o755)
    file = foreign / "x.db"
    transport = SqliteTransport(f"sqlite:///{file}")
    transport.publish([Message("q", b"")])
    transport.close()
    file.chmod(0o444)
    foreign.chmod(0o555)
    if (error := as_nobody(file)) == "":
        pytest.skip("this user may write everywhere")
    assert str(file) in error
    assert "this user" in error
