"""What is wrong is said, with what to do about it."""

from __future__ import annotations

from typing import Any

import pytest

from umbel import clock
from umbel.exceptions import ImproperlyConfigured, PermanentError, TemporaryError
from umbel.model import Message
from umbel_conformance.rabbitmq_server import RabbitmqServer
from umbel_rabbitmq.errors import RefusedError, UnroutableError
from umbel_rabbitmq.publishing import PAUSES_S
from umbel_rabbitmq.settings import RabbitmqSettings
from umbel_rabbitmq.transport import RabbitmqTransport

HELLO = Message("q", b"hello")


def publish(url: str, message: Message = HELLO, **options: Any) -> None:
    transport = RabbitmqTransport(url, RabbitmqSettings(**options))
    try:
        transport.publish([message])
    finally:
        transport.close()


def test_a_virtual_host_that_is_not_there(rabbitmq_server: RabbitmqServer) -> None:
    with pytest.raises(PermanentError, match=r"virtual host 'nowhere'.*add_vhost"):
        publish(rabbitmq_server.url("nowhere"))


def test_a_virtual_host_that_is_not_for_this_user(rabbitmq_server: RabbitmqServer) -> None:
    rabbitmq_server.evaluate('rpc:call(N, rabbit_vhost, add, [<<"theirs">>, <<"tests">>])')
    with pytest.raises(PermanentError, match="set_permissions"):
        publish(rabbitmq_server.url("theirs"))


def test_credentials_that_are_refused(rabbitmq_server: RabbitmqServer) -> None:
    with pytest.raises(PermanentError, match="user name or the password") as raised:
        publish(rabbitmq_server.url().replace("umbel:umbel", "umbel:s3cret"))
    assert "s3cret" not in str(raised.value)


def test_nobody_is_there() -> None:
    with pytest.raises(TemporaryError, match=r"RabbitMQ at 127\.0\.0\.1:1,"):
        publish("amqp://127.0.0.1:1")


def test_of_several_brokers_the_one_that_is_there_is_taken(url: str) -> None:
    transport = RabbitmqTransport(f"amqp://127.0.0.1:1//;{url}")
    transport.publish([HELLO])
    assert transport.admin().depth("q").ready == 1
    transport.close()


def test_of_several_brokers_none_is_there() -> None:
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1:1,.*127\.0\.0\.1:2,"):
        publish("amqp://127.0.0.1:1//;amqp://127.0.0.1:2//")


def test_a_queue_that_is_there_and_is_otherwise(url: str) -> None:
    publish(url)
    with pytest.raises(PermanentError, match=r"x-max-priority.*change them, or delete it"):
        publish(url, queues={"q": {"queue_arguments": {"x-max-priority": 5}}})


def test_a_queue_that_is_only_named_is_taken_as_it_is(url: str) -> None:
    publish(url, queues={"q": {"queue_arguments": {"x-max-priority": 5}}})
    publish(url)


def test_a_message_that_no_queue_would_get(url: str) -> None:
    with pytest.raises(
        UnroutableError, match=r"no queue is bound to exchange 'amq.topic' for routing key 'nobody.cares'"
    ):
        publish(url, Message("q", b"", exchange="amq.topic", routing_key="nobody.cares"))


def test_an_exchange_that_is_not_there(url: str) -> None:
    with pytest.raises(PermanentError, match=r"no exchange 'nowhere'.*declare it first"):
        publish(url, Message("q", b"", exchange="nowhere", routing_key="x"))


def test_the_others_of_a_batch_are_not_published_twice(url: str) -> None:
    transport = RabbitmqTransport(url)
    good = [Message("q", b"1"), Message("q", b"2")]
    bad = Message("q", b"", exchange="amq.topic", routing_key="nobody.cares")
    with pytest.raises(UnroutableError):
        transport.publish([good[0], bad, good[1]])
    transport.publish(good)  # as the kernel does: each caller's by themselves
    assert transport.admin().depth("q").ready == 2
    transport.close()


def test_of_a_long_batch_what_was_published_before_a_bad_message_is_not_published_again(url: str) -> None:
    transport = RabbitmqTransport(url)
    good = [Message("q", str(number).encode()) for number in range(450)]
    with pytest.raises(PermanentError, match="plain data"):
        transport.publish([*good, Message("q", b"", {"what": object()})])
    assert transport.admin().depth("q").ready == 400
    transport.publish(good)
    assert transport.admin().depth("q").ready == 450
    transport.close()


def test_a_queue_that_is_full(url: str) -> None:
    full = {"q": {"queue_arguments": {"x-max-length": 1, "x-overflow": "reject-publish"}}}
    publish(url, queues=full)
    with pytest.raises(RefusedError, match="'q' is full"):
        publish(url, queues=full)


QUORUM: dict[str, Any] = {"create_missing_queue_type": "quorum", "native_delayed_delivery_queue_type": "classic"}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """In seconds, those that publishing has made; they take no time."""
    made: list[float] = []
    monkeypatch.setattr(clock, "sleep", made.append)
    return made


def test_a_quorum_queue_that_is_full_is_not_asked_again(url: str, pauses: list[float]) -> None:
    said = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
    transport = RabbitmqTransport(url, RabbitmqSettings(queues={"q": {"queue_arguments": said}}, **QUORUM))
    with pytest.raises(RefusedError, match="'q' is full"):
        transport.publish([HELLO] * 1000)  # it may take some more than it shall
    transport.close()
    assert pauses == []


def test_a_quorum_queue_that_has_no_leader_yet_is_asked_again_until_it_has(
    rabbitmq_server: RabbitmqServer, vhost: str, url: str, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = f"quorum_queues, {{'{vhost}_q', N}}"
    publish(url, **QUORUM)
    assert rabbitmq_server.evaluate(f"rpc:call(N, ra, stop_server, [{leader}])") == "ok"

    def elect(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == 3:
            assert rabbitmq_server.evaluate(f"rpc:call(N, ra, restart_server, [{leader}])") == "ok"
            while "{ok," not in rabbitmq_server.evaluate(f"rpc:call(N, ra, members, [{{'{vhost}_q', N}}])"):
                pass

    monkeypatch.setattr(clock, "sleep", elect)
    publish(url, **QUORUM)
    transport = RabbitmqTransport(url, RabbitmqSettings(**QUORUM))
    arrived = list(transport.reserve(["q"], 5, 30.0))
    while len(arrived) < 2:
        arrived += transport.reserve(["q"], 5, 30.0)
    transport.close()
    assert pauses == list(PAUSES_S[:3])


def test_a_quorum_queue_that_gets_no_leader_is_given_up(
    rabbitmq_server: RabbitmqServer, vhost: str, url: str, pauses: list[float]
) -> None:
    publish(url, **QUORUM)
    rabbitmq_server.evaluate(f"rpc:call(N, ra, stop_server, [quorum_queues, {{'{vhost}_q', N}}])")
    with pytest.raises(RefusedError, match="no leader"):
        publish(url, **QUORUM)
    assert pauses == list(PAUSES_S)
    assert sum(pauses) < 5


def test_a_queue_that_is_in_no_list_where_that_matters(url: str) -> None:
    with pytest.raises(PermanentError, match="'q' is not in task_queues"):
        publish(url, queues={"other": {}}, create_missing_queues=False)


def test_a_name_that_is_too_long(url: str) -> None:
    with pytest.raises(PermanentError, match="1 to 255 bytes, found 300"):
        publish(url, Message("q" * 300, b""))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("amqp://host?unheard_of=1", "unheard_of"),
        ("amqp://host?heartbeat=often", "heartbeat='often'"),
        ("amqp://host:port", "amqp://user:password@host:port/vhost"),
        ("amqp://user:s3cret@host?heartbeat=-1", "heartbeat"),
    ],
)
def test_a_url_that_makes_no_sense(url: str, words: str) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        RabbitmqTransport(url)
    assert words in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "vhost"),
    [
        ("amqp://", "/"),
        ("amqp://host", "/"),
        ("amqp://host/", "/"),
        ("amqp://host//", "/"),
        ("amqp://host/%2F", "/"),
        ("amqp://host/mine", "mine"),
        ("amqp://host/%2Fmine", "/mine"),
        ("pyamqp://guest@host/mine", "mine"),
    ],
)
def test_the_virtual_host_of_a_url(url: str, vhost: str) -> None:
    assert RabbitmqTransport(url)._opener._locations[0].vhost == vhost


def test_tls_checks_certificates_unless_told_not_to() -> None:
    from umbel_rabbitmq.opening import _tls  # noqa: PLC0415

    assert _tls(None, "host")["server_hostname"] == "host"
    assert _tls(True, "host")["cert_reqs"].name == "CERT_REQUIRED"
    assert RabbitmqTransport("amqps://host")._opener._locations[0].port == 5671
