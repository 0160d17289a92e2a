"""What a dead letter tells of its life, when Celery and several workers have had a hand in it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from umbel.model import Action, DeadLetter, Message, Settlement
from umbel_conformance.redis_server import RedisServer
from umbel_redis import histories
from umbel_redis.settings import RedisSettings
from umbel_redis.transport import RedisTransport

ME = os.getpid()


@pytest.fixture
def redis(redis_server: RedisServer, database: int) -> Callable[..., Any]:
    return lambda *command: redis_server.call(*command, database=database)


@pytest.fixture
def connect(url: str) -> Any:
    opened: list[RedisTransport] = []

    def open_one(**settings: Any) -> RedisTransport:
        opened.append(RedisTransport(url, RedisSettings(**settings)))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def lose(redis: Callable[..., Any], transport: RedisTransport, begins: bool = False) -> Any:
    """Let the message be lost once, by whoever takes it next; gives what is on the queue then."""
    (delivery,) = transport.reserve(["q"], 1, 5.0)
    if begins:
        transport.begun([delivery])
    redis("ZADD", "umbel.leases.q", 0, *redis("HKEYS", "unacked"))
    (again,) = transport.reserve(["q"], 1, 5.0)
    transport.settle([Settlement(again, Action.REQUEUE)])
    return json.loads(redis("LINDEX", "q", -1))


def bury(transport: RedisTransport, reason: str = "enough") -> DeadLetter:
    (delivery,) = transport.reserve(["q"], 1, 5.0)
    transport.settle([Settlement(delivery, Action.DEAD, reason=reason)])
    (letter,) = transport.admin().dead("q")
    return letter


def test_a_history_survives_that_celery_reads_the_envelope_and_writes_it_again(
    connect: Callable[..., RedisTransport], redis: Callable[..., Any]
) -> None:
    transport = connect()
    transport.publish([Message("q", b"x")])
    lose(redis, transport)
    for begins in (True, False, True):
        envelope = json.loads(redis("RPOP", "q"))
        redis("RPUSH", "q", json.dumps(envelope))
        lose(redis, transport, begins)
    letter = bury(transport)
    assert letter.lost == 3
    told = ["its worker was lost with it", *["its worker was lost while it ran"] * 2, "enough"]
    assert [one.what for one in letter.history] == told
    assert all(one.worker.endswith(f"/{ME}") for one in letter.history)
    assert letter.message.body == b"x"


def test_what_celery_lost_is_told_too(connect: Callable[..., RedisTransport], redis: Callable[..., Any]) -> None:
    transport = connect(visibility_timeout=100.0)
    transport.publish([Message("q", b"x")])
    lose(redis, transport)
    envelope = json.loads(redis("RPOP", "q"))
    redis("HSET", "unacked", "celery's tag", json.dumps([envelope, "", "q"]))
    redis("ZADD", "unacked_index", time.time() - 101, "celery's tag")
    letter = bury(transport)
    assert letter.lost == 2
    assert letter.history[1].worker == "celery's tag"
    assert "visibility_timeout" in letter.history[1].what


def test_a_worker_that_nobody_knows_is_named_by_its_token(
    connect: Callable[..., RedisTransport], redis: Callable[..., Any]
) -> None:
    transport = connect()
    transport.publish([Message("q", b"x")])
    transport.reserve(["q"], 1, 5.0)
    (tag,) = redis("HKEYS", "unacked")
    redis("DEL", "umbel.workers")
    redis("ZADD", "umbel.leases.q", 0, tag)
    assert bury(connect()).history[0].worker == tag.decode()[:9]


def test_workers_that_are_long_gone_are_forgotten(
    connect: Callable[..., RedisTransport], redis: Callable[..., Any]
) -> None:
    redis("ZADD", "umbel.workers", int((time.time() - 90000) * 1000), "u00000000 host/1")
    connect().reserve(["q"], 1, 0.0)
    (worker,) = redis("ZRANGE", "umbel.workers", 0, -1)
    assert worker.decode().endswith(histories.here())


def test_what_is_no_envelope_has_its_end_as_history(
    connect: Callable[..., RedisTransport], redis: Callable[..., Any]
) -> None:
    redis("LPUSH", "q", "no envelope")
    transport = connect()
    assert list(transport.reserve(["q"], 1, 0.0)) == []
    (letter,) = transport.admin().dead("q")
    assert [(one.at, one.what) for one in letter.history] == [(letter.died, letter.reason)]


def test_an_entry_is_read_as_it_was_written() -> None:
    texts = ["plain", 'comma, quote " backslash \\ percent %', "ünïcode \n\t", "", "a" * 400]
    history = ""
    for text in texts:
        history = histories.longer(history, histories.entry(1700000000.5, text, "host/1"))
    envelope = b'{"umbel-lost": 2, "umbel-history": "%b", "body": ""}' % history.encode()
    assert json.loads(envelope)["umbel-history"] == history
    assert [(one.at, one.worker, one.what) for one in histories.told(envelope)] == [
        (1700000000.5, "host/1", text) for text in texts
    ]


def test_a_longer_history_than_there_is_room_for_loses_its_oldest_entries() -> None:
    history = ""
    for number in range(500):
        history = histories.longer(history, histories.entry(number, f"number {number}", "host/1"))
    assert len(history) <= histories.MOST
    told = histories.told(histories.begun(b'{"body":""}', history))
    assert [one.what for one in told] == [f"number {number}" for number in range(500 - len(told), 500)]
    assert len(told) > 100
