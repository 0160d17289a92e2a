"""Queues, exchanges and bindings as `task_queues` says, and what the broker makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import amqp
import pytest

from umbel import clock
from umbel.model import Action, Delivery, Message, Settlement
from umbel_rabbitmq import delays
from umbel_rabbitmq.settings import RabbitmqSettings
from umbel_rabbitmq.transport import RabbitmqTransport

Connect = Callable[..., RabbitmqTransport]


@pytest.fixture
def connect(url: str) -> Iterator[Connect]:
    opened: list[RabbitmqTransport] = []

    def make(**options: Any) -> RabbitmqTransport:
        options.setdefault("native_delayed_delivery_queue_type", "classic")
        opened.append(RabbitmqTransport(url, RabbitmqSettings(**options)))
        return opened[-1]

    yield make
    for transport in opened:
        transport.close()


def take(transport: RabbitmqTransport, queue: str, count: int = 1) -> list[Delivery]:
    taken: list[Delivery] = []
    deadline = clock.monotonic() + 20.0
    while len(taken) < count and clock.monotonic() < deadline:
        taken += transport.reserve([queue], count - len(taken), 0.5)
    return taken


def desk(transport: RabbitmqTransport) -> Any:
    """py-amqp's own channel, to see for oneself."""
    transport._publisher.link.open()
    return transport._publisher.link.desk


def exchange(name: str, kind: str = "direct", **fields: Any) -> Any:
    """As kombu's Exchange looks from outside."""
    said = {"durable": True, "auto_delete": False, "arguments": None, "passive": False, "no_declare": False}
    return SimpleNamespace(name=name, type=kind, **{**said, **fields})


def queue(name: str, to: Any = None, routing_key: str = "", **fields: Any) -> Any:
    """As kombu's Queue looks from outside."""
    said: dict[str, Any] = dict.fromkeys(
        [
            "bindings",
            "queue_arguments",
            "binding_arguments",
            "consumer_arguments",
            "expires",
            "message_ttl",
            "max_length",
            "max_length_bytes",
            "max_priority",
        ]
    )
    said.update(durable=True, exclusive=False, auto_delete=False, no_declare=False)
    return SimpleNamespace(name=name, exchange=to, routing_key=routing_key, **{**said, **fields})


def test_a_queue_behind_a_topic_exchange_is_reached_through_it(connect: Connect) -> None:
    media = exchange("media", "topic")
    transport = connect(queues=[queue("video", media, "media.video.#"), queue("all", media, "media.#")])
    transport.reserve(["video", "all"], 1, 0.01)  # They are made where they are consumed from.
    transport.publish([Message("all", b"1", exchange="media", routing_key="media.video.hd")])
    transport.publish([Message("all", b"2", exchange="media", routing_key="media.sound")])
    assert [one.message.body for one in take(transport, "video")] == [b"1"]
    found = take(transport, "all", 2)
    assert [one.message.body for one in found] == [b"1", b"2"]
    assert (found[0].message.exchange, found[0].message.routing_key) == ("media", "media.video.hd")


def test_a_message_for_a_queue_goes_through_its_exchange_unless_that_is_direct(connect: Connect) -> None:
    transport = connect(
        queues=[queue("video", exchange("media", "topic"), "v"), queue("plain", exchange("plain"), "key")]
    )
    transport.publish([Message("video", b""), Message("plain", b"")])
    (video,), (plain,) = take(transport, "video"), take(transport, "plain")
    assert (video.message.exchange, video.message.routing_key) == ("media", "v")
    assert (plain.message.exchange, plain.message.routing_key) == ("", "plain")


def test_a_fanout_exchange_gives_each_queue_a_copy(connect: Connect) -> None:
    everyone = exchange("everyone", "fanout")
    transport = connect(queues=[queue("a", everyone), queue("b", everyone)])
    transport.reserve(["a", "b"], 1, 0.01)
    transport.publish([Message("a", b"hello")])
    assert [one.message.body for one in (*take(transport, "a"), *take(transport, "b"))] == [b"hello"] * 2


def test_a_headers_exchange_looks_at_headers(connect: Connect) -> None:
    by_format = exchange("by-format", "headers")
    said = {"x-match": "all", "format": "pdf"}
    transport = connect(queues=[queue("pdf", by_format, binding_arguments=said)])
    transport.publish([Message("pdf", b"yes", {"format": "pdf"})])
    assert [one.message.body for one in take(transport, "pdf")] == [b"yes"]


def test_a_queue_may_have_several_bindings(connect: Connect) -> None:
    bound = [
        SimpleNamespace(exchange=exchange("one", "topic"), routing_key="a.*", arguments=None),
        SimpleNamespace(exchange=exchange("two", "direct"), routing_key="b", arguments=None),
    ]
    transport = connect(queues=[queue("both", exchange(""), bindings=bound)])
    transport.reserve(["both"], 1, 0.01)
    transport.publish([Message("both", b"1", exchange="one", routing_key="a.x")])
    transport.publish([Message("both", b"2", exchange="two", routing_key="b")])
    assert [one.message.body for one in take(transport, "both", 2)] == [b"1", b"2"]


def test_kombus_own_objects_are_understood(connect: Connect) -> None:
    kombu = pytest.importorskip("kombu")
    media = kombu.Exchange("media", type="topic")
    said = kombu.Queue("video", media, routing_key="media.#", max_priority=5, message_ttl=60)
    many = kombu.Queue("many", [kombu.binding(media, "x.#"), kombu.binding(kombu.Exchange("two"), "y")])
    transport = connect(queues=[said, many, kombu.Queue("plain")])
    transport.publish([Message("video", b""), Message("plain", b"")])
    assert len(take(transport, "video")) == len(take(transport, "plain")) == 1
    assert transport._places["video"].arguments == {"x-max-priority": 5, "x-message-ttl": 60_000}
    assert [one.exchange.name for one in transport._places["many"].bindings] == ["", "media", "two"]
    transport.publish([Message("many", b"by its name")])
    transport.publish([Message("many", b"by its binding", exchange="media", routing_key="x.y")])
    assert [one.message.body for one in take(transport, "many", 2)] == [b"by its name", b"by its binding"]


def test_a_dict_of_queues_says_the_same(connect: Connect) -> None:
    said = {
        "exchange": "media",
        "exchange_type": "topic",
        "routing_key": "media.video",
        "queue_arguments": {"x-expires": 60000},
    }
    transport = connect(queues={"video": said})
    transport.publish([Message("video", b"")])
    assert [one.message.routing_key for one in take(transport, "video")] == ["media.video"]


def test_a_queue_that_nobody_has_described_is_made_as_celery_makes_it(connect: Connect) -> None:
    connect().publish([Message("jobs", b"")])
    other = connect()
    # 406 if it were otherwise.
    desk(other).queue_declare("jobs", durable=True, auto_delete=False)
    desk(other).exchange_declare("jobs", "direct", durable=True, auto_delete=False)
    other.publish([Message("x", b"by its exchange", exchange="jobs", routing_key="jobs")])
    assert [one.message.body for one in take(other, "jobs", 2)] == [b"", b"by its exchange"]


@pytest.fixture
def quorum(connect: Connect) -> RabbitmqTransport:
    return connect(default_queue_type="quorum", create_missing_queue_type="quorum")


def test_a_quorum_queue_is_consumed_from_with_a_window_that_grows_and_shrinks(quorum: RabbitmqTransport) -> None:
    """What is on its way to one that is cancelled comes back later, and as lost: so nothing may be on its way."""
    quorum.publish([Message("celery", str(number).encode()) for number in range(1000)])
    seen: list[Delivery] = []
    for limit in (1, 4, 100, 300, 2, 1, 2, 50, 240, 3, 297):
        held = take(quorum, "celery", limit)
        assert len(held) == limit
        assert list(quorum.settle([Settlement(one) for one in held])) == []
        seen += held
    assert [int(one.message.body) for one in seen] == list(range(1000))
    assert [one.message.body for one in seen if one.lost] == []


def test_a_quorum_queue_counts_what_came_back_without_a_word(quorum: RabbitmqTransport, connect: Connect) -> None:
    quorum.publish([Message("celery", b"poison")])
    lost = []
    for _ in range(14):
        victim = connect()
        (held,) = victim.reserve(["celery"], 1, 10.0)
        lost.append(held.lost)
        victim._consumer.link.hang_up()
    assert lost == [0, *[1] * 11, 2, 3], "ten are put down to those who merely held it"


def test_what_is_rejected_goes_to_the_dead_letter_exchange_of_the_queue(connect: Connect) -> None:
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "morgue"}
    transport = connect(queues={"q": {"queue_arguments": arguments}, "morgue": {}})
    transport.publish([Message("morgue", b"before"), Message("q", b"broken")])
    transport.settle([Settlement(one, Action.DEAD) for one in take(transport, "q")])
    found = take(transport, "morgue", 2)
    assert [one.message.body for one in found] == [b"before", b"broken"]
    assert found[1].message.headers["x-death"][0]["reason"] == "rejected"


def test_a_message_that_was_dead_can_be_published_again(connect: Connect) -> None:
    """With `x-death` as it came, the broker would drop it as going in circles."""
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q", "x-message-ttl": 1}
    transport = connect(queues={"waiting": {"queue_arguments": arguments}})
    transport.publish([Message("q", b"first")])
    transport.publish([Message("waiting", b"again")])
    transport.settle([Settlement(one) for one in take(transport, "q", 1)])
    for _ in range(3):
        (held,) = take(transport, "q")
        headers = held.message.headers
        assert headers["x-death"][0]["count"] == 1
        transport.publish([Message("waiting", b"again", headers)])
        transport.settle([Settlement(held)])


# Delays


@pytest.mark.parametrize("name", ["celery", "a.b", "b", "#", "*", "99 %", "fronta č. 1"])
def test_a_delayed_message_goes_to_its_own_queue_and_no_other(connect: Connect, name: str) -> None:
    names = ["celery", "a.b", "b", "#", "*", "99 %", "fronta č. 1"]
    transport = connect()
    due = clock.time() + 0.5
    for other in names:
        transport._publisher.link.open()
        transport._publisher.declarer.delay(transport._publisher.link, other)
    transport.publish([Message(name, b"later", due=due)])
    (held,) = take(transport, name)
    assert clock.time() >= due
    assert held.message.queue == name
    assert [one for one in names if transport.admin().depth(one).ready] == []


def test_the_way_of_a_delay_in_whole_seconds_rounded_up() -> None:
    bits, _, word = delays.routing_key(5.2, "a.b").rpartition(".")
    assert int(bits.replace(".", ""), 2) == 6
    assert (len(bits.split(".")), word) == (28, "umbel:a%2Eb")
    assert delays.routing_key(0.01, "q").count("1") == 1
    assert delays.routing_key(1e12, "q") == "1." * 28 + "umbel:q"


def test_delayed_messages_wait_in_quorum_queues_unless_told_otherwise(connect: Connect) -> None:
    transport = connect(native_delayed_delivery_queue_type="quorum")
    due = clock.time() + 1.0
    transport.publish([Message("celery", b"later", due=due)])
    assert [one.message.body for one in take(transport, "celery")] == [b"later"]
    arguments = {
        "x-queue-type": "quorum", "x-overflow": "reject-publish", "x-message-ttl": 8000,
        "x-dead-letter-exchange": "celery_delayed_2", "x-dead-letter-strategy": "at-least-once",
    }  # fmt: skip
    desk(transport).queue_declare("celery_delayed_3", durable=True, auto_delete=False, arguments=arguments)


def test_what_celerys_client_delays_for_a_topic_exchange_comes(connect: Connect) -> None:
    """Its key ends with that of the queue: `celery_delayed_27`, 28 digits, `media.video`."""
    transport = connect(queues=[queue("video", exchange("media", "topic"), "media.video")])
    transport.publish([Message("video", b"", due=clock.time() + 1.0)])  # so that the way is there
    key = ".".join(f"{1:028b}") + ".media.video"
    transport.publish([Message("video", b"by celery", exchange="celery_delayed_27", routing_key=key)])
    assert sorted(one.message.body for one in take(transport, "video", 2)) == [b"", b"by celery"]


@pytest.mark.parametrize("options", [{}, {"queues": ["celery"], "create_missing_queues": False}], ids=repr)
def test_a_workers_own_queue_is_where_celerys_clients_look_for_it(connect: Connect, options: dict[str, Any]) -> None:
    worker = connect(**options)
    assert not worker.reserve(["w1@host.dq2"], 1, 0.01)
    desk(worker).basic_publish(amqp.Message(b"from outside"), exchange="C.dq2", routing_key="w1@host")
    (found,) = take(worker, "w1@host.dq2")
    assert found.message.body == b"from outside"
