"""Who holds which message until when: the SQL of the `lease` table."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from umbel.model import Delivery
from umbel_sqlite import histories
from umbel_sqlite.arrays import array

#: What is said of it, by whether it had begun.
_LOST = ("its worker was lost with it", "its worker was lost while it ran")


class Tag(NamedTuple):
    """What proves a hand-out. `number` is counted by the owner, so the pair of them was never given out before."""

    owner: int
    number: int
    id: int


_MINE = "WHERE owner = ? AND number IN (SELECT value FROM json_each(?))"
_GIVE_BACK = """
    INSERT INTO ready (queue, rank, id, lost)
    SELECT message.queue, message.rank, lease.id, lease.lost + (lease.begun OR lease.lost = 0)
    FROM lease CROSS JOIN message ON message.id = lease.id WHERE """
#: The first loss counts whether it had begun or not.
_BEFALLEN = "SELECT id, begun FROM lease WHERE (begun OR lost = 0) AND "


def lend(connection: sqlite3.Connection, hand_outs: Iterable[tuple[Tag, int]], until: float) -> None:
    """Note who got what; each with the number of its losses."""
    connection.executemany(
        "INSERT INTO lease (owner, number, id, until, lost) VALUES (?, ?, ?, ?, ?)",
        [(*tag, until, lost) for tag, lost in hand_outs],
    )


def end(connection: sqlite3.Connection, owner: int, numbers: Iterable[int]) -> set[int]:
    """End these leases; returns the numbers of those that the owner still had."""
    mine = array(numbers)
    held = _held(connection, owner, mine)
    connection.execute(f"DELETE FROM lease {_MINE}", (owner, mine))
    return held


def renew(connection: sqlite3.Connection, deliveries: Sequence[Delivery], until: float) -> list[Delivery]:
    """Move the end of these leases; returns what is no longer held."""
    numbers = numbers_by_owner(delivery.tag for delivery in deliveries)
    held = {owner: _renew(connection, owner, array(mine), until) for owner, mine in numbers.items()}
    return [one for one in deliveries if one.tag.number not in held[one.tag.owner]]


def begin(connection: sqlite3.Connection, deliveries: Iterable[Delivery]) -> None:
    """These run now: if their leases end, they are lost once more."""
    connection.executemany(
        "UPDATE lease SET begun = 1 WHERE owner = ? AND number = ?",
        [(one.tag.owner, one.tag.number) for one in deliveries],
    )


def numbers_by_owner(tags: Iterable[Tag]) -> dict[int, set[int]]:
    numbers: defaultdict[int, set[int]] = defaultdict(set)
    for tag in tags:
        numbers[tag.owner].add(tag.number)
    return numbers


def give_back(connection: sqlite3.Connection, owner: int, now: float) -> set[str]:
    """Put back all that the owner holds; returns the queues it goes to."""
    return _give_back(connection, owner, now, "lease.owner = ?", (owner,))


def give_back_lapsed(connection: sqlite3.Connection, now: float) -> set[str]:
    """Put back what nobody extended in time; returns the queues it goes to."""
    owners = connection.execute("SELECT DISTINCT owner FROM lease WHERE until <= ?", (now,)).fetchall()
    queues: set[str] = set()
    for (owner,) in owners:
        queues |= _give_back(connection, owner, now, "lease.owner = ? AND lease.until <= ?", (owner, now))
    return queues


def _renew(connection: sqlite3.Connection, owner: int, numbers: str, until: float) -> set[int]:
    connection.execute(f"UPDATE lease SET until = ? {_MINE}", (until, owner, numbers))
    return _held(connection, owner, numbers)


def _held(connection: sqlite3.Connection, owner: int, numbers: str) -> set[int]:
    return {number for (number,) in connection.execute(f"SELECT number FROM lease {_MINE}", (owner, numbers))}


def _give_back(
    connection: sqlite3.Connection, owner: int, now: float, which: str, values: tuple[float, ...]
) -> set[str]:
    queues: Sequence[tuple[str]] = connection.execute(
        f"SELECT DISTINCT message.queue FROM lease CROSS JOIN message ON message.id = lease.id WHERE {which}", values
    ).fetchall()
    if queues:
        (worker,) = connection.execute("SELECT name FROM peer WHERE id = ?", (owner,)).fetchone() or ("",)
        befallen = connection.execute(_BEFALLEN + which, values).fetchall()
        histories.note(connection, [(id_, _LOST[begun]) for id_, begun in befallen], now, worker)
        connection.execute(_GIVE_BACK + which, values)
        connection.execute(f"DELETE FROM lease WHERE {which}", values)
    return {queue for (queue,) in queues}
