"""A worker that waits is handed what an Umbel client publishes, by the call that publishes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel.model import Delivery, Message, Settlement
from umbel_conformance.patience import Background
from umbel_conformance.redis_server import RedisServer
from umbel_redis.publishing import LARGEST_HANDED
from umbel_redis.settings import RedisSettings
from umbel_redis.transport import RedisTransport

OFFERS, LISTS = "umbel.offers.celery", ("celery", "celery\x06\x163", "celery\x06\x166", "celery\x06\x169")
Connect = Callable[..., RedisTransport]
#: Seconds: longer than any test waits, so that what comes has not been found by looking.
FOR_EVER = 60.0
SOON = 10.0


@pytest.fixture
def connect(url: str) -> Iterator[Connect]:
    opened: list[RedisTransport] = []

    def open_one(url: str = url, **settings: Any) -> RedisTransport:
        opened.append(RedisTransport(url, RedisSettings(poll_s=FOR_EVER, **settings)))
        return opened[-1]

    yield open_one
    for transport in opened:
        transport.close()


@pytest.fixture
def redis(redis_server: Any, database: int) -> Callable[..., Any]:
    return lambda *command: redis_server.call(*command, database=database)


@pytest.fixture
def client(connect: Connect, redis: Callable[..., Any]) -> RedisTransport:
    """It has published before, and found its queue empty: so it looks for offers."""
    transport = connect()
    transport.publish([message("first")])
    redis("DEL", "celery")
    return transport


@pytest.fixture
def waits(redis: Callable[..., Any]) -> Callable[..., Background[Any]]:
    """Has a worker wait for messages; returns when it has made its offer."""

    def begin(worker: RedisTransport, limit: int = 5, timeout_s: float = FOR_EVER) -> Background[Any]:
        before = redis("LLEN", OFFERS)
        call = Background(lambda: worker.reserve(("celery",), limit, timeout_s))
        while redis("LLEN", OFFERS) == before and not call.done:
            pass
        return call

    return begin


def message(body: str, priority: int = 0) -> Message:
    return Message("celery", body.encode(), {"id": body, "task": "t"}, {}, priority=priority)


def bodies(deliveries: list[Delivery]) -> list[bytes]:
    return [delivery.message.body for delivery in deliveries]


def test_what_is_published_goes_to_the_worker_that_waits(
    connect: Connect, client: RedisTransport, waits: Callable[..., Background[Any]], redis: Callable[..., Any]
) -> None:
    worker = connect()
    waiting = waits(worker)

    client.publish([message("now", priority=6)])

    (delivery,) = waiting.result(SOON)
    assert (delivery.message.body, delivery.message.priority, delivery.lost) == (b"now", 6, 0)
    # It was never in its list: nobody has ever taken anything from there for this worker.
    assert redis("EXISTS", OFFERS, *LISTS) == 0
    assert client.admin().depth("celery").reserved == 1
    assert not worker.settle([Settlement(delivery)])
    assert redis("EXISTS", "unacked", "unacked_index", "umbel.leases.celery") == 0


def test_one_message_after_the_other_is_handed_over(
    connect: Connect, client: RedisTransport, waits: Callable[..., Background[Any]]
) -> None:
    worker = connect()
    for number in range(20):
        waiting = waits(worker)
        client.publish([message(str(number))])
        deliveries = waiting.result(SOON)
        assert bodies(deliveries) == [str(number).encode()]
        assert not worker.settle([Settlement(deliveries[0])])


def test_what_was_handed_to_a_worker_that_dies_comes_back(
    connect: Connect, client: RedisTransport, waits: Callable[..., Background[Any]]
) -> None:
    waiting = waits(connect(lease_s=0.2))
    client.publish([message("orphan")])
    waiting.result(SOON)  # and it is never heard of again

    heirs = RedisTransport(client.url, RedisSettings(poll_s=0.05))
    try:
        (delivery,) = heirs.reserve(("celery",), 1, SOON)
    finally:
        heirs.close()

    assert (delivery.message.body, delivery.lost) == (b"orphan", 1)


def test_the_worker_that_has_waited_longest_is_first(
    connect: Connect, client: RedisTransport, waits: Callable[..., Background[Any]]
) -> None:
    calls = [waits(connect()) for _ in range(3)]

    for number in range(3):
        client.publish([message(str(number))])

    assert [bodies(call.result(SOON)) for call in calls] == [[b"0"], [b"1"], [b"2"]]


def test_the_offer_of_a_dead_worker_is_passed_over(
    connect: Connect, client: RedisTransport, waits: Callable[..., Background[Any]], redis: Callable[..., Any]
) -> None:
    redis("LPUSH", OFFERS, "umbel.handed.nobody udead00000001 10000")
    waiting = waits(connect())

    client.publish([message("now")])

    assert bodies(waiting.result(SOON)) == [b"now"]
    assert redis("HKEYS", "unacked") == redis("ZRANGE", "umbel.leases.celery", 0, -1)
    assert redis("LLEN", OFFERS) == 0


def test_where_only_the_dead_have_offered_it_waits_in_its_list(
    client: RedisTransport, redis: Callable[..., Any]
) -> None:
    redis("LPUSH", OFFERS, "umbel.handed.nobody udead00000001 10000")

    client.publish([message("later")])

    assert redis("LLEN", "celery") == 1
    assert redis("EXISTS", OFFERS, "unacked", "unacked_index", "umbel.leases.celery") == 0


def test_a_worker_that_waits_no_longer_has_no_offer_standing(
    connect: Connect, client: RedisTransport, waits: Callable[..., Background[Any]], redis: Callable[..., Any]
) -> None:
    worker = connect()
    assert not waits(worker, timeout_s=0.2).result(SOON)
    assert redis("LLEN", OFFERS) == 0

    waiting = waits(worker)
    worker.wake()
    assert not waiting.result(SOON)
    assert redis("LLEN", OFFERS) == 0

    client.publish([message("later")])
    assert redis("LLEN", "celery") == 1


def test_what_celery_publishes_ends_the_wait_too(
    connect: Connect, waits: Callable[..., Background[Any]], redis: Callable[..., Any], client: RedisTransport
) -> None:
    waiting = waits(connect())

    redis("LPUSH", "celery", b'{"body": "W10=", "properties": {"body_encoding": "base64"}}')

    assert bodies(waiting.result(SOON)) == [b"[]"]
    assert redis("LLEN", OFFERS) == 0


def test_no_more_is_taken_than_was_asked_for(
    connect: Connect, client: RedisTransport, waits: Callable[..., Background[Any]], redis: Callable[..., Any]
) -> None:
    worker = connect()
    for _ in range(20):  # Which of the two it hears of first, chance decides.
        waiting = waits(worker, limit=1)
        client.publish([message("handed")])
        redis("LPUSH", "celery", b'{"body": "W10=", "properties": {"body_encoding": "base64"}}')

        first, second = waiting.result(SOON), worker.reserve(("celery",), 1, SOON)

        assert sorted(bodies([*first, *second])) == [b"[]", b"handed"]
        assert not worker.settle([Settlement(delivery) for delivery in (*first, *second)])


def test_nothing_is_handed_over_past_what_waits(
    connect: Connect, client: RedisTransport, waits: Callable[..., Background[Any]], redis: Callable[..., Any]
) -> None:
    redis("SADD", "umbel.paused", "celery")
    waits(connect())

    client.publish([message("paused")])
    assert redis("LLEN", "celery") == 1

    redis("SREM", "umbel.paused", "celery")
    client.publish([message("behind")])
    assert redis("LLEN", "celery") + client.admin().depth("celery").reserved == 2


def test_a_large_message_is_not_handed_over(
    connect: Connect, client: RedisTransport, waits: Callable[..., Background[Any]], redis: Callable[..., Any]
) -> None:
    waiting = waits(connect())
    large = "x" * LARGEST_HANDED

    client.publish([message(large)])

    (delivery,) = waiting.result(SOON)
    assert delivery.message.body == large.encode()
    assert delivery.tag.text.endswith(":1")
    assert redis("LLEN", OFFERS) == 0


def test_a_worker_that_may_not_listen_takes_messages_from_their_lists(
    own_server: RedisServer, connect: Connect
) -> None:
    own_server.call("ACL", "SETUSER", "deaf", "on", ">pass", "~*", "+@all", "resetchannels")
    worker = connect(own_server.url().replace("redis://", "redis://deaf:pass@"))
    client = connect(own_server.url())
    for number in range(3):
        waiting = Background(lambda: worker.reserve(("celery",), 5, FOR_EVER))
        client.publish([message(str(number))])
        deliveries = waiting.result(SOON)
        assert bodies(deliveries) == [str(number).encode()]
        worker.settle([Settlement(deliveries[0])])
    assert own_server.call("EXISTS", OFFERS) == 0
