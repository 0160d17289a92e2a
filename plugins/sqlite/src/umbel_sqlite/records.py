"""Result records in their table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from umbel.model import Record
from umbel_sqlite.arrays import array
from umbel_sqlite.database import Database

# Replacing a row gives it a new seq, which is how listeners see that it changed.
_STORE = """
    WITH new (task_id, state, payload, expires, now) AS (VALUES (?, ?, ?, ?, ?))
    INSERT OR REPLACE INTO result (task_id, state, payload, expires)
    SELECT task_id, state, payload, expires FROM new
    WHERE state = 'SUCCESS' OR NOT EXISTS (
        SELECT 1 FROM result AS old WHERE old.task_id = new.task_id AND old.state = 'SUCCESS'
        AND (old.expires IS NULL OR old.expires > new.now))"""
_FETCH = """
    SELECT task_id, state, payload, expires FROM result
    WHERE task_id IN (SELECT value FROM json_each(?)) AND (expires IS NULL OR expires > ?)"""


def store(connection: sqlite3.Connection, records: Sequence[Record], now: float) -> None:
    """Keep the records; a success that is there stays."""
    connection.executemany(
        _STORE,
        [(one.task_id, one.state, one.payload, None if one.ttl_s is None else now + one.ttl_s, now) for one in records],
    )


def fetch(database: Database, task_ids: Iterable[str], now: float) -> dict[str, Record]:
    """The records of these tasks that there are, by id."""
    rows = database.query(_FETCH, (array(task_ids), now))
    return {
        task_id: Record(task_id, state, payload, None if expires is None else expires - now)
        for task_id, state, payload, expires in rows
    }


def forget(connection: sqlite3.Connection, task_ids: Iterable[str]) -> None:
    """Drop records."""
    connection.execute("DELETE FROM result WHERE task_id IN (SELECT value FROM json_each(?))", (array(task_ids),))
