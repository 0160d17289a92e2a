"""The queues: what the operator can ask for, and that no step reads what it need not."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from umbel import clock
from umbel.model import Action, Delivery, Message, Settlement
from umbel_sqlite.peers import FORGET_AFTER_S, SIGN_OF_LIFE_S
from umbel_sqlite.reserving import PROMOTED_AT_ONCE
from umbel_sqlite.transport import SqliteTransport

OpenTransport = Callable[..., SqliteTransport]


def dead(transport: SqliteTransport, *bodies: str) -> None:
    transport.publish([Message("q", body.encode()) for body in bodies])
    held = transport.reserve(["q"], len(bodies), 0.0)
    transport.settle([Settlement(one, Action.DEAD, reason="broken") for one in held])


def test_a_queue_keeps_so_many_dead_letters_and_the_oldest_go_first(
    open_transport: OpenTransport, look: Callable[[str], list[Any]], assert_sound: Callable[[], None]
) -> None:
    transport = open_transport(max_dead_letters=3)
    dead(transport, "1", "2")
    dead(transport, "3", "4", "5")
    assert [letter.message.body for letter in transport.admin().dead("q")] == [b"3", b"4", b"5"]
    assert look("SELECT count(*) FROM message") == [(3,)]
    assert_sound()


def test_the_key_of_a_dead_letter_never_comes_to_mean_another(transport: SqliteTransport) -> None:
    dead(transport, "1")
    (letter,) = transport.admin().dead("q")
    assert transport.admin().discard([letter.key]) == 1
    dead(transport, "2")
    assert transport.admin().revive([letter.key]) == 0
    assert transport.admin().discard([letter.key, "no number", "-1", str(2**70)]) == 0


def test_a_message_that_is_due_but_not_asked_for_counts_as_ready(transport: SqliteTransport) -> None:
    with clock.manual() as now:
        transport.publish([Message("q", b"", due=now.time() + 10), Message("q", b"", due=now.time() + 20)])
        assert (transport.admin().depth("q").ready, transport.admin().depth("q").delayed) == (0, 2)
        now.advance(15)
        assert (transport.admin().depth("q").ready, transport.admin().depth("q").delayed) == (1, 1)


def test_many_that_are_due_at_once_all_come_in_the_order_of_their_priority(transport: SqliteTransport) -> None:
    count = PROMOTED_AT_ONCE * 2 + 10
    with clock.manual() as now:
        transport.publish([Message("q", str(number).encode(), due=now.time() + 1) for number in range(count)])
        now.advance(1)
        taken: list[Delivery] = []
        while got := transport.reserve(["q"], 700, 0.0):
            taken += got
    assert [one.message.body for one in taken] == [str(number).encode() for number in range(count)]


def test_a_waiting_reserve_hears_of_an_earlier_due_time(open_transport: OpenTransport) -> None:
    transport = open_transport(poll_s=1000.0)
    transport._reclaimer._again = float("inf")  # no other reason to look
    transport.publish([Message("q", b"late", due=clock.time() + 1000.0)])
    taken: list[Delivery] = []
    waiting = threading.Thread(target=lambda: taken.extend(transport.reserve(["q"], 1, 1000.0)))
    waiting.start()
    open_transport().publish([Message("q", b"soon", due=clock.time() + 0.2)])
    waiting.join(20.0)
    assert [one.message.body for one in taken] == [b"soon"]


def test_of_what_one_process_holds_only_that_comes_back_which_it_did_not_extend(open_transport: OpenTransport) -> None:
    with clock.manual() as now:
        holder, other = open_transport(lease_s=10.0), open_transport()
        holder.publish([Message("q", b"kept"), Message("q", b"forgotten")])
        kept, forgotten = holder.reserve(["q"], 2, 0.0)
        now.advance(6)
        assert not holder.extend([kept])
        now.advance(6)
        assert [(one.message.body, one.lost) for one in other.reserve(["q"], 10, 0.0)] == [(b"forgotten", 1)]
        assert list(holder.extend([kept, forgotten])) == [forgotten]


def test_purging_in_steps_leaves_nothing_that_waited(
    transport: SqliteTransport, monkeypatch: pytest.MonkeyPatch, assert_sound: Callable[[], None]
) -> None:
    monkeypatch.setattr("umbel_sqlite.admin.PURGED_AT_ONCE", 3)
    later = clock.time() + 1000.0
    transport.publish(
        [Message("q", b"", due=later if number % 2 else None, priority=number % 4) for number in range(20)]
    )
    transport.publish([Message("other", b"")])
    transport.reserve(["q"], 1, 0.0)
    assert transport.admin().purge("q") == 19
    depth = transport.admin().depth("q")
    assert (depth.ready, depth.delayed, depth.reserved) == (0, 0, 1)
    assert transport.admin().depth("other").ready == 1
    assert_sound()


def test_expired_messages_are_dropped_without_hiding_those_behind_them(
    transport: SqliteTransport, look: Callable[[str], list[Any]]
) -> None:
    with clock.manual() as now:
        transport.publish([Message("q", b"expired", expires=now.time() + 1) for _ in range(50)])
        transport.publish([Message("q", b"good")])
        now.advance(2)
        assert [one.message.body for one in transport.reserve(["q"], 5, 0.0)] == [b"good"]
    assert look("SELECT count(*) FROM message") == [(1,)]


def test_one_that_was_silent_for_long_is_forgotten_and_comes_back_when_it_speaks(
    open_transport: OpenTransport, look: Callable[[str], list[Any]]
) -> None:
    with clock.manual() as now:
        silent, other = open_transport(), open_transport()
        silent.reserve(["q"], 1, 0.0)
        other.reserve(["p"], 1, 0.0)
        now.advance(FORGET_AFTER_S + 1)
        other.reserve(["p"], 1, 0.0)
        assert look("SELECT topic FROM listening") == [("queue:p",)]
        now.advance(SIGN_OF_LIFE_S)
        silent.reserve(["q"], 1, 0.0)
        assert look("SELECT topic FROM listening ORDER BY topic") == [("queue:p",), ("queue:q",)]


class Plans:
    """Collects how SQLite means to run what is asked of it."""

    def __init__(self, transport: SqliteTransport, look: Callable[[str], list[Any]]) -> None:
        self._look = look
        self.statements: list[str] = []
        with transport._database.writing() as connection:
            connection.set_trace_callback(self.statements.append)

    def scans(self) -> set[str]:
        """The tables that are read from end to end, or sorted (those of the peers are short)."""
        found = set()
        for statement in self.statements:
            if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)", statement):
                for *_, step in self._look(f"EXPLAIN QUERY PLAN {statement}"):
                    if re.match(r"SCAN (message|ready|delayed|lease|dead|queue)|USE TEMP B-TREE", step):
                        found.add(f"{step}: {' '.join(statement.split())}")
        return found


def test_no_step_of_a_message_depends_on_how_many_others_there_are(
    transport: SqliteTransport, look: Callable[[str], list[Any]]
) -> None:
    later = clock.time() + 1000.0
    transport.publish([Message("q", b"") for _ in range(500)])
    transport.publish([Message("q", b"", due=later) for _ in range(500)])
    transport.reserve(["q", "p"], 1, 0.0)
    transport._reclaimer._again = float("inf")
    plans = Plans(transport, look)
    transport.publish([Message("q", b""), Message("q", b"", due=later)])
    held = list(transport.reserve(["q", "p"], 10, 0.0))
    assert len(held) == 10
    transport.extend(held)
    transport.settle([Settlement(one, action) for one, action in zip(held, [*Action] * 4, strict=False)])
    transport.settle([Settlement(one, Action.REQUEUE, due=later) for one in transport.reserve(["q"], 1, 0.0)])
    assert len(plans.statements) > 20
    # A priority of a queue is a stretch of the table; the oldest delayed one is its first row.
    assert plans.scans() == set()
