"""Dropping what has expired, in steps so small that nobody waits for them."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

#: Seconds between two steps that a backend takes while it stores.
EVERY_S = 1.0
#: How many rows of a table go in one step.
AT_ONCE = 500


class Step(NamedTuple):
    #: How many result records went.
    records: int
    #: Whether there may be more to drop.
    more: bool


def expire(connection: sqlite3.Connection, now: float) -> Step:
    """One step."""
    records = _drop(connection, "result", "seq", now)
    facts = _drop(connection, "fact", "key", now)
    claims = _drop(connection, "claim", "key", now)
    tallies = drop_tallies(connection, "expires <= ?", (now,))
    return Step(records, max(records, facts, claims, tallies) >= AT_ONCE)


def drop_tallies(connection: sqlite3.Connection, which: str, parameters: tuple[object, ...]) -> int:
    """Drop the tallies for which the condition holds, with their members; returns how many."""
    keys = connection.execute(f"SELECT key FROM tally WHERE {which} LIMIT {AT_ONCE}", parameters).fetchall()
    connection.executemany("DELETE FROM tally WHERE key = ?", keys)
    connection.executemany("DELETE FROM tally_member WHERE key = ?", keys)
    return len(keys)


def _drop(connection: sqlite3.Connection, table: str, key: str, now: float) -> int:
    return connection.execute(
        f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE expires <= ? LIMIT {AT_ONCE})", (now,)
    ).rowcount
