"""What no client of Celery's would send: it is kept, an operator hears of it, and the worker goes on."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel.exceptions import PermanentError
from umbel.model import Message, Settlement
from umbel_redis.settings import RedisSettings
from umbel_redis.transport import RedisTransport


@pytest.fixture
def transport(url: str) -> Iterator[RedisTransport]:
    # A busy machine takes its time for 64 MB.
    opened = RedisTransport(url, RedisSettings(poll_s=0.05, socket_timeout=30.0))
    yield opened
    opened.close()


@pytest.fixture
def redis(redis_server: Any, database: int) -> Callable[..., Any]:
    """Commands to the database of this test."""
    return lambda *command: redis_server.call(*command, database=database)


GOOD = json.dumps({"body": base64.b64encode(b"good").decode(), "properties": {"body_encoding": "base64"}})
BAD = {
    "no JSON": (b"hello", "not JSON"),
    "bytes": (b"\xff\xfe\x00", "not JSON"),
    "nothing": (b"", "not JSON"),
    "truncated": (GOOD[:-20].encode(), "not JSON"),
    "nested without end": (b"[" * 100_000, "not JSON"),
    "a number": (b"5", "expected an envelope, found int"),
    "no body": (b"{}", "no body"),
    "headers that are none": (b'{"body": "", "headers": [1]}', "headers and properties to be objects"),
    "no base64": (b'{"body": "%%%", "properties": {"body_encoding": "base64"}}', "not base64"),
}


@pytest.mark.parametrize(("envelope", "reason"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_kept_with_the_dead_letters_and_what_follows_is_handed_out(
    transport: RedisTransport,
    redis: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    envelope: bytes,
    reason: str,
) -> None:
    redis("LPUSH", "q", envelope, GOOD)
    (delivery,) = transport.reserve(["q"], 5, 5.0)
    assert delivery.message.body == b"good"
    (letter,) = transport.admin().dead("q")
    assert reason in letter.reason
    assert letter.message.body == envelope
    assert reason in caplog.text
    assert not transport.settle([Settlement(delivery)])
    assert redis("EXISTS", "unacked", "unacked_index", "umbel.leases.q") == 0


def test_a_bad_message_alone_does_not_end_a_wait(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    redis("LPUSH", "q", b"hello")
    assert list(transport.reserve(["q"], 5, 0.2)) == []
    assert len(transport.admin().dead("q")) == 1


def test_a_bad_message_can_be_looked_at_and_put_back_as_it_came(
    transport: RedisTransport, redis: Callable[..., Any]
) -> None:
    redis("LPUSH", "q", b"hello")
    transport.reserve(["q"], 5, 0.0)
    assert transport.admin().revive([transport.admin().dead("q")[0].key]) == 1
    assert redis("LRANGE", "q", 0, -1) == [b"hello"]


def test_a_body_of_64_mb_comes_through(transport: RedisTransport) -> None:
    body = bytes(range(256)) * (64 * 4096)
    transport.publish([Message("q", body), Message("q", b"after")])
    first = transport.reserve(["q"], 5, 5.0)
    assert first[0].message.body == body
    assert not transport.settle([Settlement(one) for one in first])


def test_large_bodies_are_not_all_handed_out_at_once(transport: RedisTransport) -> None:
    transport.publish([Message("q", b"x" * 100_000) for _ in range(400)])
    taken = len(transport.reserve(["q"], 400, 1.0))
    assert 0 < taken < 400


@pytest.mark.parametrize("command", [("SET", "q", "x"), ("HSET", "q", "x", "y"), ("SADD", "q", "x")])
def test_a_key_of_another_type_under_a_queues_name_keeps_no_other_queue_waiting(
    transport: RedisTransport,
    redis: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    command: tuple[str, ...],
) -> None:
    redis(*command)
    transport.publish([Message("other", b"1"), Message("q", b"2", priority=9)])
    with caplog.at_level(logging.ERROR):
        taken = [one.message.body for _ in range(3) for one in transport.reserve(["q", "other"], 5, 0.1)]
    assert sorted(taken) == [b"1", b"2"]
    assert caplog.text.count("WRONGTYPE") == 1
    with pytest.raises(PermanentError, match=r"WRONGTYPE.*another program"):
        transport.publish([Message("q", b"3")])
    redis("DEL", "q")
    transport.publish([Message("q", b"4")])
    assert [one.message.body for one in transport.reserve(["q", "other"], 5, 5.0)] == [b"4"]


def test_a_broadcast_that_cannot_be_read_is_dropped(
    transport: RedisTransport, redis: Callable[..., Any], database: int
) -> None:
    listener = transport.fanout().subscribe("x")
    redis("PUBLISH", f"/{database}.x", "hello")
    redis("PUBLISH", f"/{database}.x", GOOD)
    assert [one.body for one in listener.receive(5.0)] == [b"good"]
    listener.close()


def test_a_queue_may_have_any_name(transport: RedisTransport) -> None:
    names = ['q"uo\\te', "a/b", "a:b", "sp ace", "ünïcode", "{brace}", "%d", "new\nline"]
    transport.publish([Message(name, name.encode()) for name in names])
    for name in names:
        (delivery,) = transport.reserve([name], 5, 1.0)
        assert delivery.message.queue == name
        transport.admin().bury([delivery.message], "why not")
        assert not transport.settle([Settlement(delivery)])
        (letter,) = transport.admin().dead(name)
        assert transport.admin().discard([letter.key]) == 1
    assert set(transport.admin().queues()) == set(names)
