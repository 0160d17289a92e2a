"""Who holds which message until when: the SQL of the `lease` table."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from umbel.model import Delivery
from umbel_sqlite.arrays import array


class Tag(NamedTuple):
    """What proves a hand-out. `number` is counted by the owner, so the pair of them was never given out before."""

    owner: int
    number: int
    id: int


_MINE = "WHERE owner = ? AND number IN (SELECT value FROM json_each(?))"
_GIVE_BACK = """
    INSERT INTO ready (queue, rank, id, lost)
    SELECT message.queue, message.rank, lease.id, lease.lost
    FROM lease CROSS JOIN message ON message.id = lease.id WHERE """


def lend(connection: sqlite3.Connection, hand_outs: Iterable[tuple[Tag, int]], until: float) -> None:
    """Note who got what; each with the number of its losses, of which the first one counts whether it begins or not."""
    connection.executemany(
        "INSERT INTO lease (owner, number, id, until, lost) VALUES (?, ?, ?, ?, ?)",
        [(*tag, until, max(lost, 1)) for tag, lost in hand_outs],
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
        "UPDATE lease SET lost = ? WHERE owner = ? AND number = ?",
        [(one.lost + 1, one.tag.owner, one.tag.number) for one in deliveries],
    )


def numbers_by_owner(tags: Iterable[Tag]) -> dict[int, set[int]]:
    numbers: defaultdict[int, set[int]] = defaultdict(set)
    for tag in tags:
        numbers[tag.owner].add(tag.number)
    return numbers


def give_back(connection: sqlite3.Connection, owner: int) -> set[str]:
    """Put back all that the owner holds; returns the queues it goes to."""
    return _give_back(connection, "lease.owner = ?", owner)


def give_back_lapsed(connection: sqlite3.Connection, now: float) -> set[str]:
    """Put back what nobody extended in time; returns the queues it goes to."""
    return _give_back(connection, "lease.until <= ?", now)


def _renew(connection: sqlite3.Connection, owner: int, numbers: str, until: float) -> set[int]:
    connection.execute(f"UPDATE lease SET until = ? {_MINE}", (until, owner, numbers))
    return _held(connection, owner, numbers)


def _held(connection: sqlite3.Connection, owner: int, numbers: str) -> set[int]:
    return {number for (number,) in connection.execute(f"SELECT number FROM lease {_MINE}", (owner, numbers))}


def _give_back(connection: sqlite3.Connection, which: str, value: float) -> set[str]:
    queues: Sequence[tuple[str]] = connection.execute(
        f"SELECT DISTINCT message.queue FROM lease CROSS JOIN message ON message.id = lease.id WHERE {which}", (value,)
    ).fetchall()
    if queues:
        connection.execute(_GIVE_BACK + which, (value,))
        connection.execute(f"DELETE FROM lease WHERE {which}", (value,))
    return {queue for (queue,) in queues}
