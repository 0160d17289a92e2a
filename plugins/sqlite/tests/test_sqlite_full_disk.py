"""A disk without room: what was not taken raises, what was taken stays, and with room everything goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from umbel.exceptions import TemporaryError
from umbel.model import Message
from umbel_sqlite.transport import SqliteTransport

FILL = """
import resource, sys
from umbel.exceptions import TemporaryError
from umbel.model import Message
from umbel_sqlite import checkpoint
from umbel_sqlite.transport import SqliteTransport

# A file can be as long as the -wal file at which it is emptied, and half as long again: the first checkpoints work, and
# then the database has no room for what one moves into it.
checkpoint.LIMIT = 2**20
transport = SqliteTransport(sys.argv[1])
transport.publish([Message("q", b"")])
resource.setrlimit(resource.RLIMIT_FSIZE, (checkpoint.LIMIT * 3 // 2, resource.RLIM_INFINITY))
taken = 1
try:
    while True:
        transport.publish([Message("q", b"x" * 50_000)])
        taken += 1
except TemporaryError as error:
    print(taken, error, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
def test_on_a_full_disk_a_publish_that_returned_is_kept_and_one_that_raised_is_not(
    run_python: Callable[..., subprocess.Popen[str]], transport: SqliteTransport, url: str, file: Path
) -> None:
    filling = run_python(FILL, url)
    assert filling.stdout
    taken, error = filling.stdout.readline().split(" ", 1)
    assert int(taken) > 10
    assert str(file) in error
    assert transport.admin().depth("q").ready == int(taken)


def test_when_there_is_room_again_everything_goes_on(transport: SqliteTransport) -> None:
    transport.publish([Message("q", b"before")])
    transport._database.query("PRAGMA max_page_count = 60")
    with pytest.raises(TemporaryError, match="free some"):
        transport.publish([Message("q", b"small"), Message("q", b"x" * 1_000_000)])
    transport.publish([Message("q", b"x" * 1_000_000), Message("q", b"after")])
    assert [one.message.body[:6] for one in transport.reserve(["q"], 10, 0.0)] == [b"before", b"xxxxxx", b"after"]
