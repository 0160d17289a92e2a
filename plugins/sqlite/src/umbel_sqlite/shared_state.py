"""Small facts on which all workers agree."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from umbel import clock
from umbel.contracts import SharedState
from umbel_sqlite import expiry
from umbel_sqlite.arrays import array
from umbel_sqlite.database import Database

_PUT = "INSERT OR REPLACE INTO fact (key, value, expires) VALUES (?, ?, ?)"
_GET = """
    SELECT key, value FROM fact
    WHERE key IN (SELECT value FROM json_each(?)) AND (expires IS NULL OR expires > ?)"""
_CLAIM = """
    INSERT INTO claim (key, owner, expires) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expires = excluded.expires
    WHERE claim.owner = excluded.owner OR claim.expires <= ?"""
_RELEASE = "DELETE FROM claim WHERE key = ? AND owner = ? AND expires > ?"
_COUNT = """
    INSERT INTO tally (key, members, expires) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE
    SET members = members + excluded.members, expires = coalesce(excluded.expires, expires)"""


class SqliteSharedState(SharedState):
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: str, value: bytes, ttl_s: float | None = None) -> None:
        self.put_all({key: value}, ttl_s)

    def put_all(self, values: Mapping[str, bytes], ttl_s: float | None = None) -> None:
        expires = _end(ttl_s)
        with self._database.writing() as connection:
            connection.executemany(_PUT, [(key, value, expires) for key, value in values.items()])

    def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        found: dict[str, bytes] = dict(self._database.query(_GET, (array(keys), clock.time())))
        return [found.get(key) for key in keys]

    def delete(self, keys: Sequence[str]) -> None:
        with self._database.writing() as connection:
            for key in keys:
                connection.execute("DELETE FROM fact WHERE key = ?", (key,))
                connection.execute("DELETE FROM claim WHERE key = ?", (key,))
                expiry.drop_tallies(connection, "key = ?", (key,))

    def claim(self, key: str, owner: str, ttl_s: float) -> bool:
        return self.claim_all([key], owner, ttl_s)[0]

    def claim_all(self, keys: Sequence[str], owner: str, ttl_s: float) -> Sequence[bool]:
        now = clock.time()
        with self._database.writing() as connection:
            return [connection.execute(_CLAIM, (key, owner, now + ttl_s, now)).rowcount > 0 for key in keys]

    def release(self, key: str, owner: str) -> bool:
        with self._database.writing() as connection:
            return connection.execute(_RELEASE, (key, owner, clock.time())).rowcount > 0

    def tally(self, key: str, member: str, value: bytes, ttl_s: float | None = None) -> int:
        return self.tally_all([(key, member, value)], ttl_s)[0]

    def tally_all(self, counts: Sequence[tuple[str, str, bytes]], ttl_s: float | None = None) -> Sequence[int]:
        with self._database.writing() as connection:
            return [_tally(connection, key, member, value, ttl_s) for key, member, value in counts]

    def tallied(self, key: str) -> dict[str, bytes]:
        return dict(
            self._database.query(
                "SELECT member, value FROM tally_member WHERE key = ? AND NOT EXISTS "
                "(SELECT 1 FROM tally WHERE tally.key = tally_member.key AND tally.expires <= ?)",
                (key, clock.time()),
            )
        )


def _tally(connection: sqlite3.Connection, key: str, member: str, value: bytes, ttl_s: float | None) -> int:
    expiry.drop_tallies(connection, "key = ? AND expires <= ?", (key, clock.time()))
    fresh = connection.execute(
        "INSERT OR IGNORE INTO tally_member (key, member, value) VALUES (?, ?, ?)", (key, member, value)
    ).rowcount
    return _count(connection, key, fresh, _end(ttl_s))


def _count(connection: sqlite3.Connection, key: str, fresh: int, expires: float | None) -> int:
    connection.execute(_COUNT, (key, fresh, expires))
    members: int = connection.execute("SELECT members FROM tally WHERE key = ?", (key,)).fetchone()[0]
    return members


def _end(ttl_s: float | None) -> float | None:
    return None if ttl_s is None else clock.time() + ttl_s
