"""The locks that keep processes from pulling the database from under each other."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from umbel import Umbel

pytestmark = [pytest.mark.needs("umbel-sqlite"), pytest.mark.faults]

COME_AND_GO = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
print(database.execute("select count(*) from message").fetchone()[0])
database.close()
"""


def test_who_comes_and_goes_does_not_take_the_log_away_from_who_stays(tmp_path: Path) -> None:
    # The last one who closes a database removes its log (https://sqlite.org/wal.html); that it is the last one, it
    # concludes from the others' locks. POSIX drops all locks of a process on a file when the process closes that file,
    # through whatever descriptor (https://sqlite.org/howtocorrupt.html, section 2.2), and what is written then is lost.
    path = tmp_path / "broker.db"
    app = Umbel("locks", broker=f"sqlite:///{path}", backend=f"sqlite:///{path}", set_as_current=False)
    app.send_task("one")
    assert app.AsyncResult("one").state == "PENDING"  # the backend opens the file beside the transport
    for number in (1, 2, 3):
        seen = subprocess.run([sys.executable, "-c", COME_AND_GO, str(path)], capture_output=True, text=True)
        assert seen.stdout.strip() == str(number), seen.stderr
        assert Path(f"{path}-wal").exists()
        app.send_task("another")
    app.close()
    assert sqlite3.connect(path).execute("select count(*) from message").fetchone() == (4,)
