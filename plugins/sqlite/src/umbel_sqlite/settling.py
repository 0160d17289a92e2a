"""Ending leases: what is done is deleted, the rest goes back or to the dead letters."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from umbel.model import Action, Settlement
from umbel_sqlite import deadletters, histories, leases
from umbel_sqlite.leases import Tag
from umbel_sqlite.places import drop, place


def settle(
    connection: sqlite3.Connection, settlements: Sequence[Settlement], now: float, max_dead_letters: int
) -> tuple[list[Settlement], set[str]]:
    """Returns the settlements of what was not held, and the queues in which somebody may have to look again."""
    valid, refused = _proved(connection, settlements)
    by_action: defaultdict[Action, list[Settlement]] = defaultdict(list)
    for settlement in valid:
        by_action[settlement.action].append(settlement)
    drop(connection, [settlement.delivery.tag.id for settlement in by_action[Action.ACK]])
    deaths = [(*_origin(connection, one), one.reason, one.delivery.lost) for one in by_action[Action.DEAD]]
    deadletters.bury(connection, deaths, now, max_dead_letters)
    lost = [one for one in by_action[Action.REQUEUE] if one.lost]
    befallen = [(one.delivery.tag.id, one.reason or "its process died under it") for one in lost]
    histories.note(connection, befallen, now, histories.here())
    # A message goes back to where it was: its id is its place among those of its priority.
    back = [(*_origin(connection, one), one.delivery.lost + one.lost, one.due) for one in by_action[Action.REQUEUE]]
    return refused, place(connection, back, now)


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


def _origin(connection: sqlite3.Connection, settlement: Settlement) -> tuple[int, str, int]:
    """The message's id, queue and rank."""
    origin: tuple[int, str, int] = connection.execute(
        "SELECT id, queue, rank FROM message WHERE id = ?", (settlement.delivery.tag.id,)
    ).fetchone()
    return origin
