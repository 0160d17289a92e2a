"""What stands in Redis, key by key, is what kombu writes and reads there."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel.model import Action, Message, Settlement
from umbel_redis.settings import RedisSettings
from umbel_redis.transport import RedisTransport

Connect = Callable[..., RedisTransport]
BODY = b'[[1, 2], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'
HEADERS = {"lang": "py", "task": "proj.add", "id": "3f1d", "eta": None, "retries": 0}


@pytest.fixture
def connect(url: str) -> Iterator[Connect]:
    opened: list[RedisTransport] = []

    def open_one(**settings: Any) -> RedisTransport:
        opened.append(RedisTransport(url, RedisSettings(poll_s=0.05, **settings)))
        return opened[-1]

    yield open_one
    for transport in opened:
        transport.close()


@pytest.fixture
def transport(connect: Connect) -> RedisTransport:
    return connect()


@pytest.fixture
def redis(redis_server: Any, database: int) -> Callable[..., Any]:
    """Commands to the database of this test."""
    return lambda *command: redis_server.call(*command, database=database)


def as_kombu_writes(body: bytes = BODY, **changes: Any) -> dict[str, Any]:
    """An envelope of kombu 5."""
    properties = {
        "correlation_id": "3f1d",
        "reply_to": "9a2b",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "celery"},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": "c2f1a9d0-8c2f-4c3b-9c59-0d5f3a1c2b7e",
    }
    envelope = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": HEADERS,
        "properties": properties,
    }
    return {**envelope, **changes}


def test_an_envelope_has_what_kombu_puts_there(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    message = Message("celery", BODY, dict(HEADERS), {"correlation_id": "3f1d", "reply_to": "9a2b"})
    transport.publish([message, message])
    envelope, other = map(json.loads, redis("LRANGE", "celery", 0, -1))
    expected = as_kombu_writes()
    assert envelope["properties"].pop("delivery_tag") != other["properties"]["delivery_tag"]
    del expected["properties"]["delivery_tag"]
    assert envelope == expected


def test_each_step_of_priority_has_its_list(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    transport.publish([Message("q", str(priority).encode(), priority=priority) for priority in range(10)])
    lengths = {key: redis("LLEN", key) for key in ("q", "q\x06\x163", "q\x06\x166", "q\x06\x169")}
    assert lengths == {"q": 3, "q\x06\x163": 3, "q\x06\x166": 3, "q\x06\x169": 1}


def test_steps_separator_and_prefix_are_as_they_are_set(connect: Connect, redis: Callable[..., Any]) -> None:
    transport = connect(priority_steps=[0, 5], sep=":", global_keyprefix="mine.", unacked_key="held")
    transport.publish([Message("q", b"1"), Message("q", b"2", priority=7)])
    assert (redis("LLEN", "mine.q"), redis("LLEN", "mine.q:5")) == (1, 1)
    assert [one.message.body for one in transport.reserve(["q"], 5, 1.0)] == [b"1", b"2"]
    assert redis("HLEN", "mine.held") == 2
    assert all(key.startswith(b"mine.") for key in redis("KEYS", "*"))


def test_what_is_held_is_in_unacked_as_celery_would_restore_it(
    transport: RedisTransport, redis: Callable[..., Any]
) -> None:
    transport.publish([Message("q", BODY, priority=3)])
    (envelope,) = redis("LRANGE", "q\x06\x163", 0, -1)
    before = time.time()
    (delivery,) = transport.reserve(["q"], 1, 1.0)
    ((tag, value),) = pairs(redis("HGETALL", "unacked"))
    assert json.loads(value) == [json.loads(envelope), "", "q"]
    ((listed, score),) = pairs(redis("ZRANGE", "unacked_index", 0, -1, "WITHSCORES"))
    assert listed == tag
    assert before - 1 < float(score) - transport.lease_s < time.time() + 1
    transport.settle([Settlement(delivery)])
    assert redis("EXISTS", "unacked", "unacked_index", "q", "q\x06\x163") == 0


def test_an_extended_lease_is_younger_for_celery_too(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    transport.publish([Message("q", BODY)])
    held = transport.reserve(["q"], 1, 1.0)
    (tag,) = redis("HKEYS", "unacked")
    redis("ZADD", "unacked_index", 1, tag)
    assert not transport.extend(held)
    assert float(redis("ZSCORE", "unacked_index", tag)) > time.time() - 60


def test_what_celery_restored_and_another_did_is_not_held_any_more(
    transport: RedisTransport, redis: Callable[..., Any]
) -> None:
    transport.publish([Message("q", BODY)])
    (delivery,) = transport.reserve(["q"], 1, 1.0)
    redis("DEL", "unacked", "unacked_index")
    settlement = Settlement(delivery, Action.REQUEUE)
    assert list(transport.settle([settlement])) == [settlement]


def test_what_a_worker_of_celery_held_for_too_long_comes_back(connect: Connect, redis: Callable[..., Any]) -> None:
    """To the queue that its exchange is bound to, marked as Celery marks it, and counted."""
    transport = connect(visibility_timeout=100.0)
    redis("SADD", "_kombu.binding.things", "thing\x06\x16\x06\x16q")
    envelope = as_kombu_writes(priority=3)
    redis("HSET", "unacked", "long", json.dumps([envelope, "things", "thing"]))
    redis("ZADD", "unacked_index", time.time() - 101, "long")
    redis("HSET", "unacked", "not yet", json.dumps([envelope, "", "q"]))
    redis("ZADD", "unacked_index", time.time() - 99, "not yet")
    (delivery,) = transport.reserve(["q"], 5, 5.0)
    assert delivery.message.body == BODY
    assert delivery.lost == 1
    assert delivery.message.headers["redelivered"] is True
    assert b"not yet" in redis("HKEYS", "unacked")
    assert not transport.settle([Settlement(delivery)])
    assert redis("HKEYS", "unacked") == [b"not yet"]


def test_celery_finds_what_is_held_here_only_when_the_lease_has_ended(
    connect: Connect, redis: Callable[..., Any]
) -> None:
    """However short the visibility timeout of its workers is: they look for what is older than that."""
    transport = connect(lease_s=30.0)
    transport.publish([Message("q", BODY), Message("q", BODY)])
    kept, left = transport.reserve(["q"], 2, 1.0)
    transport.lease_s = 60.0
    transport.extend([kept])

    def found_at(now: float) -> list[bytes]:
        return [*redis("ZRANGEBYSCORE", "unacked_index", 0, now)]

    now = time.time()
    assert found_at(now + 29) == []
    assert found_at(now + 31) == [left.tag.text.encode()]
    assert found_at(now + 59) == [left.tag.text.encode()]
    assert len(found_at(now + 61)) == 2


def test_a_count_of_losses_survives_celery(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    """Celery reads the envelope and writes it again, its own way, when it restores it."""
    redis("LPUSH", "q", json.dumps({"umbel-lost": 2, **as_kombu_writes()}))
    (delivery,) = transport.reserve(["q"], 1, 1.0)
    assert delivery.lost == 2
    transport.begun([delivery])
    redis("ZADD", "umbel.leases.q", 0, redis("HKEYS", "unacked")[0])
    (again,) = transport.reserve(["q"], 1, 5.0)
    assert again.lost == 3


def test_what_celery_held_is_counted_on_when_it_is_lost_here(connect: Connect, redis: Callable[..., Any]) -> None:
    transport = connect(visibility_timeout=100.0)
    envelope = {**as_kombu_writes(), "umbel-lost": 1, "umbel-begun": True}
    redis("HSET", "unacked", "long", json.dumps([envelope, "", "q"]))
    redis("ZADD", "unacked_index", time.time() - 101, "long")
    for lost, begins in ((2, False), (2, True), (3, False)):
        (delivery,) = transport.reserve(["q"], 1, 5.0)
        assert delivery.lost == lost
        transport.begun([delivery] if begins else [])
        redis("ZADD", "umbel.leases.q", 0, redis("HKEYS", "unacked")[0])


def test_a_delayed_message_waits_in_redis_and_celery_would_find_it(
    transport: RedisTransport, redis: Callable[..., Any]
) -> None:
    due = time.time() + 1000
    transport.publish([Message("q", BODY, priority=6, due=due)])
    ((tag, score),) = pairs(redis("ZRANGE", "umbel.delayed.q", 0, -1, "WITHSCORES"))
    assert float(score) == pytest.approx(due * 1000, abs=2)
    assert json.loads(redis("HGET", "unacked", tag))[1:] == ["", "q"]
    assert float(redis("ZSCORE", "unacked_index", tag)) == pytest.approx(due - 3600 + 60, abs=2)
    assert redis("EXISTS", "q", "q\x06\x166") == 0


@pytest.mark.parametrize("binding", ["_kombu.binding.celery.pidbox", "_kombu.binding.q"])
def test_where_only_workers_of_celery_listen_they_get_delayed_messages_at_once(
    transport: RedisTransport, redis: Callable[..., Any], binding: str
) -> None:
    redis("SADD", binding, "x")
    transport.publish([Message("q", BODY, due=time.time() + 1000)])
    assert redis("LLEN", "q") == 1
    assert list(transport.reserve(["q"], 1, 0.0)) == []
    assert transport.admin().depth("q").delayed == 1
    transport.publish([Message("q", BODY, due=time.time() + 1000)])
    assert redis("LLEN", "q") == 0, "an Umbel worker listens now"


def test_headers_come_through_as_they_are_even_if_only_json_can_say_them(transport: RedisTransport) -> None:
    headers = {"task": "t", "id": "1", "large": 2**80, "file": "half a character: \udcff", "name": "Müller", "x": [1.5]}
    transport.publish([Message("q", BODY, headers)])
    (delivery,) = transport.reserve(["q"], 1, 1.0)
    assert delivery.message.headers == headers
    assert delivery.message.body == BODY


def test_celery_node_is_understood(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    properties = {
        "correlationId": "3f1d",
        "replyTo": "9a2b",
        "body_encoding": "base64",
        "delivery_info": {"exchange": "celery", "priority": 0, "routing_key": "celery"},
        "delivery_mode": 2,
        "delivery_tag": "3f1d",
    }
    headers = {"lang": "js", "task": "proj.add", "id": "3f1d"}
    redis("LPUSH", "celery", json.dumps(as_kombu_writes(headers=headers, properties=properties)))
    (delivery,) = transport.reserve(["celery"], 1, 1.0)
    assert delivery.message.headers == headers
    assert delivery.message.properties == {"correlation_id": "3f1d", "reply_to": "9a2b", "delivery_mode": 2}


def test_tags_that_are_all_the_same_are_no_harm(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    """celery-ts writes `celery` into every message."""
    envelope = as_kombu_writes()
    envelope["properties"]["delivery_tag"] = "celery"
    redis("LPUSH", "celery", json.dumps(envelope), json.dumps(envelope))
    one, two = transport.reserve(["celery"], 2, 1.0)
    assert not transport.settle([Settlement(one)])
    assert redis("HLEN", "unacked") == 1
    assert not transport.settle([Settlement(two)])


def test_protocol_1_comes_through(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    body = b'{"task": "proj.add", "id": "3f1d", "args": [1, 2], "kwargs": {}}'
    redis("LPUSH", "celery", json.dumps(as_kombu_writes(body, headers={})))
    (delivery,) = transport.reserve(["celery"], 1, 1.0)
    assert (delivery.message.headers, delivery.message.body) == ({}, body)


def test_a_body_that_is_plain_text_is_read_too(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    envelope = as_kombu_writes()
    del envelope["properties"]["body_encoding"]
    redis("LPUSH", "celery", json.dumps({**envelope, "body": "[[], {}, {}]"}))
    redis("LPUSH", "celery", json.dumps({**envelope, "body": [["ä"], {}, {}]}))
    taken = transport.reserve(["celery"], 2, 1.0)
    assert [json.loads(one.message.body) for one in taken] == [[[], {}, {}], [["ä"], {}, {}]]


def test_the_least_that_may_come_is_a_body(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    redis("LPUSH", "celery\x06\x166", '{"body": "hello"}')
    (delivery,) = transport.reserve(["celery"], 1, 1.0)
    message = delivery.message
    assert (message.body, message.headers, message.priority) == (b"hello", {}, 6)
    assert (message.content_type, message.content_encoding) == ("application/json", "utf-8")


def test_the_queues_that_celery_has_bound_are_listed(transport: RedisTransport, redis: Callable[..., Any]) -> None:
    redis("SADD", "_kombu.binding.celery", "celery\x06\x16\x06\x16celery")
    redis("SADD", "_kombu.binding.celery.pidbox", "\x06\x16\x06\x16celery@host.celery.pidbox")
    redis("SADD", "_kombu.binding.reply.celery.pidbox", "9a2b\x06\x16\x06\x169a2b.reply.celery.pidbox")
    transport.publish([Message("mine", BODY)])
    assert list(transport.admin().queues()) == ["celery", "mine"]


def test_broadcasts_go_where_kombu_listens(transport: RedisTransport, redis: Callable[..., Any], database: int) -> None:
    listener = transport.fanout().subscribe("celeryev", ["worker.#"])
    assert redis("PUBLISH", f"/{database}.celeryev/worker.online", json.dumps(as_kombu_writes())) == 1
    assert redis("PUBLISH", f"/{database}.celeryev/task.sent", json.dumps(as_kombu_writes())) == 1
    (heard,) = listener.receive(5.0)
    assert (heard.routing_key, heard.body) == ("worker.online", BODY)
    assert redis("PUBSUB", "NUMPAT") >= 2
    listener.close()


def pairs(flat: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def test_what_is_handed_out_at_once_is_in_the_order_of_all_ten_priorities(transport: RedisTransport) -> None:
    """A list has three of them, and in it they stand in the order of publishing, as Celery's workers take them."""
    levels = [2, 8, 0, 7, 1, 9, 5, 0, 3, 4, 6, 1]
    for queue in ("q", "other"):
        transport.publish([Message(queue, str(place).encode(), priority=level) for place, level in enumerate(levels)])
    taken = list(transport.reserve(["q", "other"], 100, 1.0))
    assert len(taken) == 2 * len(levels)
    for queue in ("q", "other"):
        found = [(one.message.priority, int(one.message.body)) for one in taken if one.message.queue == queue]
        assert found == sorted((level, place) for place, level in enumerate(levels))


def test_with_ten_steps_the_order_is_exact_however_few_are_taken_at_once(connect: Connect) -> None:
    transport = connect(priority_steps=list(range(10)))
    levels = [2, 8, 0, 7, 1, 9, 5, 0, 3, 4, 6, 1]
    transport.publish([Message("q", str(place).encode(), priority=level) for place, level in enumerate(levels)])
    found = []
    while taken := transport.reserve(["q"], 1, 0.0):
        found += [(one.message.priority, int(one.message.body)) for one in taken]
    assert found == sorted((level, place) for place, level in enumerate(levels))
