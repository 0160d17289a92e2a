"""Processes wake each other, prove each other dead, and manage without sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from umbel.model import Message, Record
from umbel_sqlite import bell, mailbox
from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.mailbox import Mailbox
from umbel_sqlite.settings import SqliteSettings
from umbel_sqlite.transport import SqliteTransport

#: Longer than any test: who does not hear a ring, or waits for a lease to end, does so for ever.
FOR_EVER_S = 1000.0

HOLD = """
import sys
from umbel_sqlite.settings import SqliteSettings
from umbel_sqlite.transport import SqliteTransport
transport = SqliteTransport(sys.argv[1], SqliteSettings(lease_s=1000.0))
print(len(transport.reserve(["q"], 10, 10.0)), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def box(file: Path) -> Any:
    box = Mailbox(str(file))
    box.open()
    yield box
    box.close()


def test_a_ring_ends_a_wait(box: Mailbox) -> None:
    ringing = threading.Timer(0.05, lambda: bell.ring(box.path or ""))
    ringing.start()
    box.wait(FOR_EVER_S)
    ringing.join()
    assert not box.was_woken()


def test_rings_before_a_wait_are_not_lost_and_count_once(box: Mailbox) -> None:
    for _ in range(3):
        assert bell.ring(box.path or "") is bell.Ring.DONE
    box.wait(FOR_EVER_S)
    before = time.monotonic()
    box.wait(0.05)
    assert time.monotonic() - before >= 0.05


def test_ringing_never_blocks_however_full_the_mailbox_is(box: Mailbox) -> None:
    assert {bell.ring(box.path or "") for _ in range(2000)} == {bell.Ring.DONE}
    box.wait(FOR_EVER_S)


def test_waking_before_the_wait_ends_it_and_says_so_once(box: Mailbox) -> None:
    box.wake()
    box.wait(FOR_EVER_S)
    assert box.was_woken()
    assert not box.was_woken()


def test_a_socket_whose_process_is_gone_proves_it_dead_and_a_missing_file_proves_nothing(file: Path) -> None:
    path = str(file.with_name("socket"))
    dying = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    dying.bind(path)
    assert not bell.is_dead(path)
    dying.close()
    assert bell.is_dead(path)
    assert bell.ring(path) is bell.Ring.DEAD
    bell.remove(path)
    assert not bell.is_dead(path)
    assert bell.ring(path) is bell.Ring.UNKNOWN


def test_a_closed_mailbox_leaves_nothing_behind(file: Path) -> None:
    box = Mailbox(str(file))
    box.open()
    box.close()
    box.close()
    assert list((file.parent / "umbel.db-wake").iterdir()) == []


def test_what_killed_processes_left_is_removed_and_the_living_are_spared(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = file.parent / "umbel.db-wake"
    living, killed = Mailbox(str(file)), Mailbox(str(file))
    living.open()
    killed.open()
    killed.leave_to_the_parent()  # the socket is closed and its file stays, as after kill -9
    assert len(list(folder.iterdir())) == 2
    monkeypatch.setattr(mailbox, "SWEEP_AFTER_S", -1.0)
    newcomer = Mailbox(str(file))
    newcomer.open()
    assert sorted(map(str, folder.iterdir())) == sorted([str(living.path), str(newcomer.path)])
    living.close()
    newcomer.close()


def test_a_path_that_is_too_long_for_a_socket_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "t"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    file = tmp_path / ("long" * 20) / ("longer" * 10) / "x.db"
    transport = SqliteTransport(f"sqlite:///{file}", SqliteSettings(poll_s=FOR_EVER_S))
    waiting = threading.Thread(target=transport.reserve, args=(["q"], 1, FOR_EVER_S))
    waiting.start()
    publisher = SqliteTransport(f"sqlite:///{file}")
    publisher.publish([Message("q", b"")])
    waiting.join(20.0)
    assert not waiting.is_alive()
    (folder,) = elsewhere.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    killed = Mailbox(str(file))
    killed.open()
    killed.leave_to_the_parent()  # the socket is closed and its file stays, as after kill -9
    assert len(list(elsewhere.iterdir())) == 2
    monkeypatch.setattr(mailbox, "SWEEP_AFTER_S", -1.0)
    publisher.reserve(["p"], 1, 0.0)
    assert len(list(elsewhere.iterdir())) == 2
    transport.close()
    publisher.close()
    assert list(elsewhere.iterdir()) == []


def test_without_sockets_everything_works_by_looking_often(
    monkeypatch: pytest.MonkeyPatch, transport: SqliteTransport, backend: SqliteBackend
) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    taken: list[Any] = []
    waiting = threading.Thread(target=lambda: taken.extend(transport.reserve(["q"], 1, FOR_EVER_S)))
    waiting.start()
    transport.publish([Message("q", b"hello")])
    waiting.join(20.0)
    assert [one.message.body for one in taken] == [b"hello"]
    subscription = backend.subscribe()
    subscription.add(["a"])
    storing = threading.Timer(0.05, backend.store, [[Record("a", "SUCCESS", b"")]])
    storing.start()
    assert [one.task_id for one in subscription.receive(FOR_EVER_S)] == ["a"]
    storing.join()


def test_a_lost_ring_costs_a_look_and_no_message(
    monkeypatch: pytest.MonkeyPatch, open_transport: Callable[..., SqliteTransport]
) -> None:
    waiter = open_transport(poll_s=0.1)
    taken: list[Any] = []
    waiting = threading.Thread(target=lambda: taken.extend(waiter.reserve(["q"], 1, FOR_EVER_S)))
    waiting.start()
    monkeypatch.setattr(bell, "ring", lambda path: bell.Ring.DONE)
    open_transport().publish([Message("q", b"hello")])
    waiting.join(20.0)
    assert [one.message.body for one in taken] == [b"hello"]


def test_what_a_killed_process_held_comes_back_long_before_its_lease_ends(
    run_python: Callable[..., subprocess.Popen[str]], transport: SqliteTransport, url: str
) -> None:
    transport.publish([Message("q", b"1"), Message("q", b"2", priority=9)])
    holder = run_python(HOLD, url)
    assert holder.stdout
    assert holder.stdout.readline() == "2\n"
    holder.kill()
    holder.wait()
    assert [(one.message.body, one.lost) for one in transport.reserve(["q"], 10, 20.0)] == [(b"2", 1), (b"1", 1)]


def test_who_publishes_after_a_death_wakes_those_who_live_for_what_the_dead_held(
    run_python: Callable[..., subprocess.Popen[str]], open_transport: Callable[..., SqliteTransport], url: str
) -> None:
    publisher, survivor = open_transport(), open_transport(poll_s=FOR_EVER_S)
    publisher.publish([Message("q", b"held")])
    holder = run_python(HOLD, url)
    assert holder.stdout
    assert holder.stdout.readline() == "1\n"
    holder.kill()
    holder.wait()
    publisher.publish([Message("q", b"new", priority=-1)])
    assert [one.message.body for one in survivor.reserve(["q"], 10, 20.0)] == [b"held", b"new"]


def test_a_process_that_cannot_be_seen_is_not_taken_for_dead(
    transport: SqliteTransport, open_transport: Callable[..., SqliteTransport], file: Path
) -> None:
    holder = open_transport(lease_s=FOR_EVER_S)
    holder.publish([Message("q", b"held")])
    held = holder.reserve(["q"], 1, 0.0)
    for path in (file.parent / "umbel.db-wake").iterdir():
        path.unlink()
    assert list(transport.reserve(["q"], 1, 0.0)) == []
    assert not holder.extend(held)


def test_a_stopped_process_is_not_taken_for_dead(
    run_python: Callable[..., subprocess.Popen[str]], transport: SqliteTransport, url: str
) -> None:
    transport.publish([Message("q", b"held")])
    holder = run_python(HOLD, url)
    assert holder.stdout
    assert holder.stdout.readline() == "1\n"
    os.kill(holder.pid, 19)
    assert list(transport.reserve(["q"], 1, 0.0)) == []


def test_only_workers_of_the_queue_are_woken(
    open_transport: Callable[..., SqliteTransport], look: Callable[[str], list[Any]]
) -> None:
    one, two = open_transport(), open_transport()
    one.reserve(["a", "b"], 1, 0.0)
    two.reserve(["b", "c"], 1, 0.0)
    listening = "SELECT topic, count(*) FROM listening GROUP BY topic ORDER BY topic"
    assert look(listening) == [("queue:a", 1), ("queue:b", 2), ("queue:c", 1)]
    two.reserve(["c"], 1, 0.0)
    assert look(listening) == [("queue:a", 1), ("queue:b", 1), ("queue:c", 1)]
    one.close()
    assert look(listening) == [("queue:c", 1)]


def test_who_waits_for_no_result_any_more_is_not_woken_for_ever(
    backend: SqliteBackend, look: Callable[[str], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("umbel_sqlite.subscription.LINGER_S", 0.0)
    subscription = backend.subscribe()
    subscription.add(["a"])
    subscription.receive(0.0)
    assert look("SELECT topic FROM listening") in ([("results",)], [])
    backend.store([Record("a", "SUCCESS", b"")])
    assert [one.task_id for one in subscription.receive(20.0)] == ["a"]
    subscription.receive(0.0)
    assert look("SELECT topic FROM listening") == []
    subscription.add(["b"])
    backend.store([Record("b", "SUCCESS", b"")])
    assert [one.task_id for one in subscription.receive(20.0)] == ["b"]
