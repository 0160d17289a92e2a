"""How much a worker may hold."""

from __future__ import annotations

import threading

from umbel.execution.plan import TaskPlan
from umbel.model import Delivery, Job, Message
from umbel.worker.ledger import MOST_HELD, Entry, Ledger

PLAN = TaskPlan("t", None, False, False, False, False, None, None, True, True, False)


def _entry(key: int) -> Entry:
    message = Message("q", b"")
    return Entry(Job(key, "t", str(key), message), Delivery(message, None), PLAN)


def test_the_limit_is_concurrency_times_multiplier() -> None:
    assert Ledger(2, 4, 0).limit() == 8
    assert Ledger(2, 0, 0).limit() == MOST_HELD, "a multiplier of 0 is no limit, as in Celery, but for a sane one"


def test_short_tasks_are_held_ahead_and_long_ones_are_not() -> None:
    ledger = Ledger(2, 4, 0.05)
    for _ in range(200):
        ledger.ran(0.0001)
    assert 900 <= ledger.limit() <= MOST_HELD
    for _ in range(200):
        ledger.ran(1.0)
    assert ledger.limit() == 8


def test_there_is_room_until_the_limit_is_reached() -> None:
    ledger = Ledger(1, 3, 0)
    assert ledger.wait_for_room(0) == 3
    ledger.add([_entry(1), _entry(2)])
    assert ledger.wait_for_room(0) == 1
    ledger.add([_entry(3)])
    assert ledger.wait_for_room(0) == 0
    ledger.remove([2])
    assert ledger.wait_for_room(0) == 1


def test_who_waits_for_room_is_woken_when_something_is_settled() -> None:
    ledger = Ledger(1, 1, 0)
    ledger.add([_entry(1)])
    rooms: list[int] = []
    waiter = threading.Thread(target=lambda: rooms.append(ledger.wait_for_room(30)))
    waiter.start()
    ledger.remove([1])
    waiter.join(10)

    assert rooms == [1]


def test_who_waits_for_much_room_is_woken_for_little_where_the_limit_has_fallen_meanwhile() -> None:
    ledger = Ledger(1, 1, 0.05)
    for _ in range(300):
        ledger.ran(0.00001)
    held = range(ledger.limit())
    ledger.add([_entry(n) for n in held])
    rooms: list[int] = []
    waiter = threading.Thread(target=lambda: rooms.append(ledger.wait_for_room(30)))
    waiter.start()
    while not ledger.is_awaited:
        pass
    for _ in range(300):
        ledger.ran(0.005)
    ledger.remove(held)
    waiter.join(10)

    assert rooms == [ledger.limit()]


def test_much_that_is_held_ahead_is_refilled_by_halves() -> None:
    ledger = Ledger(1, 1, 0.05)
    for _ in range(300):
        ledger.ran(0.00001)
    limit = ledger.limit()
    ledger.add([_entry(n) for n in range(limit)])
    ledger.remove(range(10))
    assert ledger.wait_for_room(0) == 0, "ten at a time would be a round trip for ten"
    ledger.remove(range(10, limit // 2 + 1))
    assert ledger.wait_for_room(0) > limit // 3


def test_only_what_the_broker_still_counts_as_ours_is_leased() -> None:
    ledger = Ledger(1, 4, 0)
    late, early = _entry(1), _entry(2)
    late.acked = early.acked = early.confirmed = True  # of the late one it is not known yet
    held = Delivery(Message("q", b""), None)
    ledger.add([late, early])
    ledger.hold(held)

    assert ledger.leased() == [late.delivery, held]
    ledger.unhold([held])
    assert ledger.leased() == [late.delivery]


def test_it_is_busy_until_every_job_is_over() -> None:
    ledger = Ledger(1, 4, 0)
    entry = _entry(1)
    ledger.add([entry])
    assert ledger.is_busy()
    entry.finished = True
    assert not ledger.is_busy()
