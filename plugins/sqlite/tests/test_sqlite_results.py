"""Results and broadcasts: what the suites of the kit do not ask of every driver."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from umbel import clock
from umbel.model import Message, Record
from umbel_sqlite import expiry
from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.transport import SqliteTransport


def records(*task_ids: str, ttl_s: float | None = None) -> list[Record]:
    return [Record(task_id, "SUCCESS", b"", ttl_s) for task_id in task_ids]


def remove(file: Path) -> None:
    for path in file.parent.glob(f"{file.name}*"):
        if path.is_file():
            path.unlink()


def test_cleanup_drops_everything_that_expired_in_small_steps(
    backend: SqliteBackend, monkeypatch: pytest.MonkeyPatch, look: Callable[[str], list[Any]]
) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 3)
    with clock.manual() as now:
        backend.store(records(*map(str, range(20)), ttl_s=10.0))
        backend.store(records("stays", ttl_s=1000.0))
        for number in range(7):
            backend.shared().put(f"fact {number}", b"", 10.0)
            backend.shared().claim(f"lock {number}", "me", 10.0)
            backend.shared().tally(f"chord {number}", "member", b"", 10.0)
        now.advance(20.0)
        assert backend.cleanup() == 20
    for table in ("fact", "claim", "tally", "tally_member"):
        assert look(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert look("SELECT task_id FROM result") == [("stays",)]


def test_what_expired_goes_while_others_are_stored(backend: SqliteBackend, look: Callable[[str], list[Any]]) -> None:
    with clock.manual() as now:
        backend.store(records("old", ttl_s=10.0))
        now.advance(20.0)
        backend.store(records("new", ttl_s=10.0))
    assert look("SELECT task_id FROM result") == [("new",)]


def test_more_news_than_one_look_shows_are_all_heard_of(backend: SqliteBackend) -> None:
    subscription = backend.subscribe()
    mine = [f"mine {number}" for number in range(3000)]
    subscription.add(mine)
    assert list(subscription.receive(0.0)) == []
    for start in range(0, 3000, 500):
        backend.store(records(*mine[start : start + 500], *(f"theirs {start + one}" for one in range(500))))
    heard: list[Record] = []
    while got := subscription.receive(0.0):
        heard += got
    assert sorted(one.task_id for one in heard) == sorted(mine)


def test_a_listener_hears_of_results_in_a_database_that_was_made_anew(
    backend: SqliteBackend, file: Path, url: str
) -> None:
    backend.store(records(*map(str, range(50))))
    subscription = backend.subscribe()
    subscription.add(["a"])
    assert list(subscription.receive(0.0)) == []
    remove(file)
    other = SqliteBackend(url)
    other.store(records("a"))
    backend._database._check_at = 0.0  # the second between two looks
    assert [one.task_id for one in subscription.receive(20.0)] == ["a"]
    other.close()


def test_closing_a_subscription_ends_its_wait(backend: SqliteBackend) -> None:
    subscription = backend.subscribe()
    subscription.add(["a"])
    heard: list[Any] = []
    waiting = threading.Thread(target=lambda: heard.append(subscription.receive(1000.0)))
    waiting.start()
    subscription.close()
    waiting.join(20.0)
    assert not waiting.is_alive()
    assert list(heard[0]) == []


def test_a_result_of_many_is_found_without_reading_the_others(
    backend: SqliteBackend, look: Callable[[str], list[Any]]
) -> None:
    backend.store(records(*map(str, range(500)), ttl_s=10.0))
    statements: list[str] = []
    with backend._database.writing() as connection:
        connection.set_trace_callback(statements.append)
    backend._expire_at = 0.0
    backend.store(records("500", ttl_s=10.0))
    backend.fetch(["1", "2"])
    backend.forget(["3"])
    subscription = backend.subscribe()
    subscription.add(["4", "501"])
    subscription.receive(0.0)
    subscription.receive(0.0)
    backend.shared().tally("chord", "a", b"", 10.0)
    asked = [one for one in statements if one.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))]
    plans = {step: one for one in asked for *_, step in look(f"EXPLAIN QUERY PLAN {one}")}
    assert len(plans) > 5
    assert {one for step, one in plans.items() if step.startswith(("SCAN result", "SCAN tally", "SCAN fact"))} == set()


def test_broadcasts_are_kept_for_the_window_and_no_longer(
    open_transport: Callable[..., SqliteTransport], look: Callable[[str], list[Any]]
) -> None:
    transport = open_transport(fanout_window_s=60.0)
    with clock.manual() as now:
        slow = transport.fanout().subscribe("news")
        transport.fanout().publish("news", [Message("", b"1"), Message("", b"2")])
        now.advance(50.0)
        transport.fanout().publish("news", [Message("", b"3")])
        now.advance(20.0)
        transport.fanout().publish("news", [Message("", b"4")])
        assert [one.body for one in slow.receive(0.0)] == [b"3", b"4"]
        slow.close()


def test_a_broadcast_to_nobody_is_not_written_down(
    transport: SqliteTransport, look: Callable[[str], list[Any]]
) -> None:
    transport.fanout().publish("news", [Message("", b"1")])
    assert look("SELECT count(*) FROM fanout") == [(0,)]


def test_a_listener_hears_broadcasts_in_a_database_that_was_made_anew(transport: SqliteTransport, file: Path) -> None:
    subscription = transport.fanout().subscribe("news")
    transport.fanout().publish("news", [Message("", str(number).encode()) for number in range(5)])
    assert len(subscription.receive(0.0)) == 5
    remove(file)
    transport._database._check_at = 0.0
    for _ in range(2):  # it finds the new one, and makes itself known there
        assert list(subscription.receive(0.0)) == []
    transport.fanout().publish("news", [Message("", b"new")])
    assert [one.body for one in subscription.receive(20.0)] == [b"new"]
    subscription.close()
