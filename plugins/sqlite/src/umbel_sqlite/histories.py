"""What befell messages, told with a dead letter: who lost one when, or gave it up, and why.

It is in the message's own row, so that whatever moves or drops the message need not think of it.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Iterable
from typing import Any

from umbel.model import Death
from umbel_sqlite.arrays import array

#: The oldest part of a longer history is forgotten.
MOST_DEATHS = 50


def here() -> str:
    """This process, as histories name it."""
    return f"{socket.gethostname()}/{os.getpid()}"


def note(connection: sqlite3.Connection, befallen: Iterable[tuple[int, str]], now: float, worker: str) -> None:
    """Something befell these messages in the hands of `worker`: ids, each with what it was."""
    deaths = {id_: [now, worker, what] for id_, what in befallen}
    if deaths:
        rows = connection.execute(
            "SELECT id, history FROM message WHERE id IN (SELECT value FROM json_each(?))", (array(deaths),)
        ).fetchall()
        connection.executemany(
            "UPDATE message SET history = ? WHERE id = ?",
            [(_text([*_list(history), deaths[id_]]), id_) for id_, history in rows],
        )


def told(history: str | None) -> tuple[Death, ...]:
    """The history of a message, from its row."""
    return tuple(Death(*one) for one in _list(history))


def _list(history: str | None) -> list[Any]:
    return list(json.loads(history)) if history else []


def _text(history: list[Any]) -> str:
    return json.dumps(history[-MOST_DEATHS:], ensure_ascii=False)
