"""Answers to broadcasts reach who asked, in the way in which kombu's clients ask and answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from redis import Redis

from umbel.exceptions import TemporaryError
from umbel.model import Message
from umbel_conformance.redis_server import RedisServer
from umbel_redis.transport import RedisTransport

EXCHANGE = "reply.celery.pidbox"
#: Where kombu's virtual transport notes which queue hears which routing key of an exchange.
BINDING = f"_kombu.binding.{EXCHANGE}"


def answer(text: str, routing_key: str = "oid") -> Message:
    return Message("", text.encode(), {"ticket": "t"}, exchange=EXCHANGE, routing_key=routing_key)


@pytest.fixture
def redis(own_server: RedisServer) -> Iterator[Redis]:
    """Looks at the server from outside."""
    with Redis(port=own_server.port) as client:
        yield client


@pytest.fixture
def transport(own_server: RedisServer) -> Iterator[RedisTransport]:
    transport = RedisTransport(own_server.url(0))
    yield transport
    transport.close()


def test_an_answer_goes_to_who_asked_and_to_nobody_else(transport: RedisTransport, redis: Redis) -> None:
    mine, other = (transport.fanout().subscribe(EXCHANGE, [key]) for key in ("oid", "other"))
    transport.fanout().publish(EXCHANGE, [answer("1"), answer("2"), answer("3", "nobody")])
    heard: list[Message] = []
    while len(heard) < 2:
        heard += mine.receive(10.0)
    assert [message.body for message in heard] == [b"1", b"2"]
    assert heard[0].headers == {"ticket": "t"}
    assert list(other.receive(0.05)) == []
    mine.close()
    other.close()
    assert not redis.exists(BINDING)


def test_who_asks_is_bound_as_kombus_clients_are(transport: RedisTransport, redis: Redis) -> None:
    subscription = transport.fanout().subscribe(EXCHANGE, ["oid"])
    assert redis.smembers(BINDING) == {b"oid\x06\x16\x06\x16oid.reply.celery.pidbox"}
    subscription.close()
    subscription.close()


def test_an_answer_waits_for_one_of_kombus_clients_but_not_for_ever(transport: RedisTransport, redis: Redis) -> None:
    redis.sadd(BINDING, "theirs\x06\x16\x06\x16theirs.reply.celery.pidbox")
    transport.fanout().publish(EXCHANGE, [answer("hello", "theirs")])
    assert redis.llen("theirs.reply.celery.pidbox") == 1
    assert 0 < redis.ttl("theirs.reply.celery.pidbox") <= 300


def test_an_answer_that_came_before_anybody_waited_is_heard(transport: RedisTransport) -> None:
    subscription = transport.fanout().subscribe(EXCHANGE, ["oid"])
    transport.fanout().publish(EXCHANGE, [answer("early")])
    assert [message.body for message in subscription.receive(10.0)] == [b"early"]
    subscription.close()


def test_garbage_is_passed_over(transport: RedisTransport, redis: Redis) -> None:
    subscription = transport.fanout().subscribe(EXCHANGE, ["oid"])
    redis.lpush(f"oid.{EXCHANGE}", "garbage")
    transport.fanout().publish(EXCHANGE, [answer("good")])
    heard = list(subscription.receive(10.0))
    while not heard:
        heard += subscription.receive(10.0)
    assert [message.body for message in heard] == [b"good"]
    subscription.close()


def test_a_wait_is_ended_by_wake(transport: RedisTransport) -> None:
    subscription = transport.fanout().subscribe(EXCHANGE, ["oid"])
    subscription.wake()
    assert list(subscription.receive(60.0)) == []
    subscription.close()


def test_a_lost_connection_comes_back_with_its_binding(transport: RedisTransport, redis: Redis) -> None:
    subscription = transport.fanout().subscribe(EXCHANGE, ["oid"])
    redis.delete(BINDING)
    redis.client_kill_filter(skipme=True, _type="normal")
    heard: list[Message] = []
    while not redis.exists(BINDING):
        with suppress(TemporaryError):
            heard += subscription.receive(0.05)
    transport.fanout().publish(EXCHANGE, [answer("again")])
    while not heard:
        heard += subscription.receive(10.0)
    assert [message.body for message in heard] == [b"again"]
    subscription.close()
