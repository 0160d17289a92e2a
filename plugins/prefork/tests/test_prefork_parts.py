"""The parts of the pool that need no process."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator

import pytest

from umbel.model import Action, Job, Message, Outcome
from umbel_prefork.backlog import BATCH_BYTES, BATCH_MOST, BATCH_S, Backlog
from umbel_prefork.census import TINY_S, Ticket
from umbel_prefork.channel import Channel, frame
from umbel_prefork.claims import Claimant, Claims
from umbel_prefork.codec import decode_job, decode_outcome, encode_job, encode_outcome
from umbel_prefork.deadlines import NEVER, Deadlines
from umbel_prefork.exits import describe


def tickets(count: int, task: str, size: int = 100) -> list[Ticket]:
    return [Ticket(Job(key, task, str(key), Message("q", b"")), b"x" * size) for key in range(count)]


def backlog(*lines: list[Ticket], **runtimes_s: float) -> Backlog:
    made = Backlog()
    for line in lines:
        made.add(line)
    for task, runtime_s in runtimes_s.items():
        made.learn(task, runtime_s)
    return made


# How many jobs a child gets


def test_a_task_that_has_never_run_is_given_out_alone() -> None:
    batch, _ = backlog(tickets(10, "new")).take(BATCH_MOST)
    assert len(batch) == 1


def test_tiny_tasks_are_given_out_in_batches() -> None:
    batch, pace_s = backlog(tickets(1000, "tiny"), tiny=0.0).take(BATCH_MOST)
    assert len(batch) == BATCH_MOST
    assert pace_s < TINY_S


def test_a_batch_is_worth_only_so_much_time() -> None:
    batch, pace_s = backlog(tickets(1000, "tiny"), tiny=0.0005).take(BATCH_MOST)
    assert len(batch) * 0.0005 <= BATCH_S
    assert pace_s == pytest.approx(0.0005)


def test_a_batch_has_only_so_many_bytes_but_a_huge_job_goes_out_alone() -> None:
    line = backlog(tickets(3, "tiny", BATCH_BYTES * 2), tickets(9, "tiny", BATCH_BYTES // 3), tiny=0.0)
    assert [len(line.take(BATCH_MOST)[0]) for _ in range(6)] == [1, 1, 1, 3, 3, 3]


def test_a_batch_ends_before_a_task_that_takes_longer() -> None:
    line = backlog(tickets(5, "tiny"), tickets(5, "long"), tickets(5, "tiny"), tiny=0.0, long=1.0)
    assert [len(line.take(BATCH_MOST)[0]) for _ in range(7)] == [5, 1, 1, 1, 1, 1, 5]


def test_a_task_that_was_tiny_once_and_is_not_any_more_is_given_out_alone() -> None:
    line = backlog(tickets(10, "task"), task=0.0001)
    line.learn("task", 1.0)
    assert not line.next_is_tiny()


def test_what_is_put_back_is_next_and_in_order() -> None:
    line = backlog(tickets(10, "tiny"), tiny=0.0)
    batch, _ = line.take(4)
    line.put_back(batch)
    assert [ticket.job.key for ticket in line.clear()] == list(range(10))


# Frames


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    raw = theirs.dup()
    near, far = Channel(ours, blocking=False), Channel(theirs, blocking=True)
    yield near, far, raw
    for end in (near, far, raw):
        end.close()


def test_frames_arrive_whole_however_they_are_cut(ends: tuple[Channel, Channel, socket.socket]) -> None:
    near, _, raw = ends
    dice = random.Random(1)
    sent = [(number, bytes([number % 256]) * dice.choice([0, 1, 50, 5000])) for number in range(200)]
    stream = b"".join(frame(number, payload) for number, payload in sent)
    arrived = []
    while stream:
        size = dice.randint(1, 700)
        raw.sendall(stream[:size])
        stream = stream[size:]
        arrived += near.receive()
    assert arrived == sent
    assert near.receive() == []
    assert near.end is None


def test_what_does_not_fit_into_the_socket_goes_out_later(ends: tuple[Channel, Channel, socket.socket]) -> None:
    near, far, _ = ends
    near.send(frame(1, b"x" * 5_000_000))
    near.send(frame(2, b"y"))
    assert near.unsent
    arrived = []
    while len(arrived) < 2:
        near.flush()
        arrived += far.receive()
    assert not near.unsent
    assert [(number, len(payload)) for number, payload in arrived] == [(1, 5_000_000), (2, 1)]


def test_garbage_ends_the_channel_but_not_what_came_before(ends: tuple[Channel, Channel, socket.socket]) -> None:
    near, _, raw = ends
    raw.sendall(frame(1, b"good") + b"garbage, and then some more of it" + frame(2, b"late"))
    assert near.receive() == [(1, b"good")]
    assert "garbage" in str(near.end)


def test_the_last_words_of_a_sender_that_died_are_heard(ends: tuple[Channel, Channel, socket.socket]) -> None:
    near, far, raw = ends
    far.send(frame(1, b"x" * 100_000) + frame(2, b"y"))
    far.close()
    raw.close()
    assert [number for number, _ in near.drain()] == [1, 2]
    near.send(frame(3, b"nobody hears this"))
    assert not near.unsent


# Claims


def test_a_job_is_claimed_once_or_withdrawn_once() -> None:
    claims = Claims()
    claimant = Claimant(claims.read)
    claimed: list[int] = []
    withdrawn: set[int] = set()

    def claim(numbers: range) -> None:
        claimed.extend(number for number in numbers if claimant.claim(number))

    try:
        for start in range(1, 20_000, 100):
            claims.offer(range(start, start + 100))
            taker = threading.Thread(target=claim, args=(range(start, start + 100),))
            taker.start()
            withdrawn |= claims.withdraw()
            taker.join()
            withdrawn |= claims.withdraw()
    finally:
        claims.close()
    assert not withdrawn & set(claimed)
    assert withdrawn | set(claimed) == set(range(1, 20_001))


def test_a_job_behind_one_that_was_withdrawn_can_be_claimed() -> None:
    claims = Claims()
    claimant = Claimant(claims.read)
    claims.offer([1, 2])
    assert claims.withdraw() == {1, 2}
    claims.offer([3])
    assert [claimant.claim(number) for number in (1, 2, 3)] == [False, False, True]
    claims.close()


# The rest


def test_a_job_and_its_outcome_cross_over_as_they_are() -> None:
    message = Message("q", b"\x00\xff", {"a": [1, None]}, {"b": {"c": "ž"}}, priority=3, due=1.5, routing_key="r")
    job = Job(7, "task", "id", message, 1.0, 0.5, {"redelivered": True})
    assert repr(decode_job(encode_job(job))) == repr(job)
    for action in Action:
        outcome = Outcome("FAILURE", b"\x00", 0.1, action, 2.0, "why", "text", "trace", True, True)
        assert repr(decode_outcome(encode_outcome(outcome))) == repr(outcome)
    assert decode_outcome(encode_outcome(None)) is None


def test_nothing_is_due_before_the_first_deadline() -> None:
    deadlines = Deadlines()
    assert not deadlines.begin_round(now=1e9)
    for moment in (30.0, 10.0, 20.0):
        deadlines.note(moment)
    assert not deadlines.begin_round(now=9.9)
    assert deadlines.within(60.0, now=4.0) == 6.0
    assert deadlines.within(5.0, now=4.0) == 5.0
    assert deadlines.begin_round(now=10.0)
    assert deadlines.next == NEVER


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exitcode 0"), (-9, "signal 9 (SIGKILL)"), (-250, "signal 250"), (None, "exit status unknown")],
)
def test_the_end_of_a_process_in_words(status: int | None, words: str) -> None:
    assert describe(status) == words
