"""Ending leases: what is done is deleted, the rest goes back or to the dead letters."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from umbel.model import Action, Settlement
from umbel_sqlite import deadletters, leases
from umbel_sqlite.leases import Tag
from umbel_sqlite.places import Place, drop, place


def settle(
    connection: sqlite3.Connection, settlements: Sequence[Settlement], now: float, max_dead_letters: int
) -> tuple[list[Settlement], set[str]]:
    """Returns the settlements of what was not held, and the queues in which somebody may have to look again."""
    valid, refused = _proved(connection, settlements)
    by_action: defaultdict[Action, list[Settlement]] = defaultdict(list)
    for settlement in valid:
        by_action[settlement.action].append(settlement)
    drop(connection, [settlement.delivery.tag.id for settlement in by_action[Action.ACK]])
    if dead := by_action[Action.DEAD]:
        deadletters.bury(connection, dead, now, max_dead_letters)
    changed = _requeue(connection, by_action[Action.REQUEUE], now) if by_action[Action.REQUEUE] else set()
    return refused, changed


def _proved(
    connection: sqlite3.Connection, settlements: Sequence[Settlement]
) -> tuple[list[Settlement], list[Settlement]]:
    """Ends the leases; tells the settlements that had one from those that had not, or came twice."""
    numbers = leases.numbers_by_owner(settlement.delivery.tag for settlement in settlements)
    ended = {owner: leases.end(connection, owner, mine) for owner, mine in numbers.items()}
    valid, refused = [], []
    for settlement in settlements:
        tag: Tag = settlement.delivery.tag
        if tag.number in ended[tag.owner]:
            ended[tag.owner].remove(tag.number)
            valid.append(settlement)
        else:
            refused.append(settlement)
    return valid, refused


def _requeue(connection: sqlite3.Connection, settlements: Sequence[Settlement], now: float) -> set[str]:
    """Back to where it was: the id is the message's place among those of its priority."""
    places: list[Place] = []
    for settlement in settlements:
        id_ = settlement.delivery.tag.id
        queue, rank = connection.execute("SELECT queue, rank FROM message WHERE id = ?", (id_,)).fetchone()
        places.append((id_, queue, rank, settlement.delivery.lost, settlement.due))
    return place(connection, places, now)
