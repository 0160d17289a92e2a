"""Whatever happens to the server or to the way there: an error in time, and then it works again by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from umbel.exceptions import TemporaryError
from umbel.model import Delivery, Message, Settlement
from umbel_redis.settings import RedisSettings
from umbel_redis.transport import RedisTransport

StartServer = Callable[..., Any]
Connect = Callable[..., RedisTransport]
#: A time-out that the tests can wait for, in seconds.
SOON_S = 0.4
PATIENCE_S = 20.0


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[RedisTransport] = []

    def open_one(url: str, **settings: Any) -> RedisTransport:
        opened.append(RedisTransport(url, RedisSettings(socket_timeout=SOON_S, poll_s=0.2, **settings)))
        return opened[-1]

    yield open_one
    for transport in opened:
        transport.close()


def publish(transport: RedisTransport, *bodies: str) -> None:
    transport.publish([Message("q", body.encode()) for body in bodies])


class Consumer:
    """Reserves and acknowledges for ever, as a worker does."""

    def __init__(self, transport: RedisTransport) -> None:
        self.seen: list[str] = []
        self.errors: list[TemporaryError] = []
        self._transport = transport
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while not self._stopping:
            try:
                deliveries = self._transport.reserve(["q"], 10, 60.0)
                self._transport.settle([Settlement(one) for one in deliveries])
                self.seen += [one.message.body.decode() for one in deliveries]
            except TemporaryError as error:
                self.errors.append(error)
                pause.wait(0.05)

    def until(self, condition: Callable[[], bool]) -> None:
        until(condition, lambda: f"saw {self.seen}, and the errors {self.errors[-3:]}")

    def stop(self) -> None:
        self._stopping = True
        self._transport.wake()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


def until(condition: Callable[[], bool], what: Callable[[], str] = str) -> None:
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what()
        pause.wait(0.01)


@pytest.fixture
def consume() -> Iterator[Callable[[RedisTransport], Consumer]]:
    started: list[Consumer] = []

    def start(transport: RedisTransport) -> Consumer:
        started.append(Consumer(transport))
        return started[-1]

    yield start
    for consumer in started:
        consumer.stop()


Consume = Callable[[RedisTransport], Consumer]


def test_a_worker_that_waits_goes_on_when_the_server_was_killed_and_started_again(
    start_server: StartServer, connect: Connect, consume: Consume
) -> None:
    server = start_server("--appendonly", "yes", "--appendfsync", "always")
    client, consumer = connect(server.url()), consume(connect(server.url()))
    publish(client, "before")
    consumer.until(lambda: consumer.seen == ["before"])
    server.kill()
    consumer.until(lambda: bool(consumer.errors))
    server.start()
    publish(client, "after")
    consumer.until(lambda: consumer.seen == ["before", "after"])


def test_what_was_held_when_the_server_was_killed_is_still_held(start_server: StartServer, connect: Connect) -> None:
    server = start_server("--appendonly", "yes", "--appendfsync", "always")
    holder, other = connect(server.url()), connect(server.url())
    publish(holder, "one")
    held = holder.reserve(["q"], 1, 1.0)
    server.kill()
    server.start()
    assert not other.reserve(["q"], 1, 0.0)
    assert not holder.extend(held)
    assert not holder.settle([Settlement(one) for one in held])


def test_nothing_is_lost_with_a_client_that_did_not_notice_that_the_server_was_restarted(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    client = connect(server.url())
    publish(client, "gone with the server, which keeps nothing")
    server.kill()
    server.start()
    publish(client, "there")
    assert [one.message.body for one in client.reserve(["q"], 10, 0.0)] == [b"there"]


def test_a_server_that_is_down_is_an_error_and_no_hang(own_server: Any, connect: Connect) -> None:
    transport = connect(own_server.url())
    publish(transport, "one")
    held = transport.reserve(["q"], 1, 1.0)
    own_server.kill()
    for call in calls(transport, held):
        with pytest.raises(TemporaryError, match=rf"127.0.0.1:{own_server.port}"):
            call()


def test_a_server_that_does_not_answer_is_an_error_in_time(own_server: Any, connect: Connect) -> None:
    transport = connect(own_server.url())
    publish(transport, "one")
    held = transport.reserve(["q"], 1, 1.0)
    own_server.freeze()
    for call in calls(transport, held):
        with pytest.raises(TemporaryError, match=r"no answer|Timeout"):
            call()
    own_server.thaw()
    assert not transport.settle([Settlement(one) for one in held])


def calls(transport: RedisTransport, held: Sequence[Delivery]) -> list[Callable[[], object]]:
    return [
        lambda: publish(transport, "another"),
        lambda: publish(transport, "two", "more"),
        lambda: transport.reserve(["q"], 1, 0.0),
        lambda: transport.extend(held),
        lambda: transport.settle([Settlement(one) for one in held]),
        lambda: transport.admin().depth("q"),
        lambda: transport.fanout().publish("x", [Message("", b"")]),
        lambda: transport.fanout().subscribe("x"),
    ]


def test_a_worker_that_waits_finds_out_that_the_server_froze_and_goes_on_when_it_thaws(
    own_server: Any, connect: Connect, consume: Consume
) -> None:
    client, consumer = connect(own_server.url()), consume(connect(own_server.url()))
    publish(client, "before")
    consumer.until(lambda: consumer.seen == ["before"])
    own_server.freeze()
    consumer.until(lambda: bool(consumer.errors))
    own_server.thaw()
    publish(client, "after")
    consumer.until(lambda: consumer.seen == ["before", "after"])


def test_a_worker_goes_on_after_a_client_pause(own_server: Any, connect: Connect, consume: Consume) -> None:
    client, consumer = connect(own_server.url()), consume(connect(own_server.url()))
    own_server.call("CLIENT", "PAUSE", 1500, "ALL")
    with pytest.raises(TemporaryError):
        publish(client, "refused")
    consumer.until(lambda: bool(consumer.errors))
    until(lambda: works(lambda: publish(client, "after")))
    consumer.until(lambda: "after" in consumer.seen)


def works(call: Callable[[], object]) -> bool:
    try:
        call()
    except TemporaryError:
        return False
    return True


def test_dropped_connections_are_opened_again(own_server: Any, connect: Connect, consume: Consume) -> None:
    client, consumer = connect(own_server.url()), consume(connect(own_server.url()))
    for number in range(5):
        own_server.call("CLIENT", "KILL", "TYPE", "normal")
        publish(client, str(number))
        consumer.until(lambda: len(consumer.seen) == number + 1)  # noqa: B023
    assert consumer.seen == ["0", "1", "2", "3", "4"]


def test_a_server_that_became_read_only_is_an_error_until_it_can_write_again(
    own_server: Any, connect: Connect, consume: Consume
) -> None:
    client, consumer = connect(own_server.url()), consume(connect(own_server.url()))
    publish(client, "before")
    consumer.until(lambda: consumer.seen == ["before"])
    own_server.call("REPLICAOF", "127.0.0.1", 1)
    own_server.call("CONFIG", "SET", "replica-serve-stale-data", "yes")
    with pytest.raises(TemporaryError, match=r"READONLY.*replica"):
        publish(client, "refused")
    consumer.until(lambda: bool(consumer.errors))
    own_server.call("REPLICAOF", "NO", "ONE")
    publish(client, "after")
    consumer.until(lambda: consumer.seen == ["before", "after"])


def test_a_server_that_forgot_the_scripts_is_taught_them_again(own_server: Any, connect: Connect) -> None:
    transport = connect(own_server.url())
    for number in range(3):
        own_server.call("SCRIPT", "FLUSH")
        publish(transport, str(number))
        held = transport.reserve(["q"], 1, 1.0)
        assert [one.message.body for one in held] == [str(number).encode()]
        own_server.call("SCRIPT", "FLUSH")
        assert not transport.extend(held)
        assert not transport.settle([Settlement(one) for one in held])


def test_leases_do_not_end_while_the_server_is_away(own_server: Any, connect: Connect) -> None:
    """Who could not renew them because nobody could must not lose them; here a minute passes at once."""
    holder, other = connect(own_server.url(), lease_s=5.0), connect(own_server.url())
    publish(holder, "one")
    held = holder.reserve(["q"], 1, 1.0)
    own_server.call("HINCRBY", "umbel.clock", "server", -60_000)
    assert not other.reserve(["q"], 1, 0.3)
    assert not holder.settle([Settlement(one) for one in held])


def test_with_its_memory_full_a_server_takes_nothing_more_and_still_hands_out(
    own_server: Any, connect: Connect
) -> None:
    transport = connect(own_server.url())
    publish(transport, "one", "two")
    own_server.call("CONFIG", "SET", "maxmemory", 1)
    with pytest.raises(TemporaryError, match="memory is full"):
        publish(transport, "refused")
    one, two = transport.reserve(["q"], 2, 0.0)
    assert not transport.extend([one, two])
    assert not transport.settle([Settlement(one)])
    assert [each.message.body for each in (one, two)] == [b"one", b"two"]


def test_a_listener_goes_on_after_its_connection_was_dropped(own_server: Any, connect: Connect) -> None:
    transport = connect(own_server.url())
    listener = transport.fanout().subscribe("x")
    own_server.call("CLIENT", "KILL", "TYPE", "pubsub")
    until(lambda: not own_server.clients("pubsub"))
    until(lambda: works(lambda: listener.receive(0.0)))
    transport.fanout().publish("x", [Message("", b"after")])
    assert [one.body for one in listener.receive(PATIENCE_S)] == [b"after"]
    listener.close()


def test_after_a_failover_sentinel_names_the_new_master(
    start_server: StartServer, connect: Connect, consume: Consume
) -> None:
    master = start_server()
    replica = start_server(config=f"replicaof 127.0.0.1 {master.port}\n")
    sentinel = start_server(
        "--sentinel",
        config=f"sentinel monitor mine 127.0.0.1 {master.port} 1\n"
        "sentinel down-after-milliseconds mine 300\nsentinel failover-timeout mine 2000\n",
    )
    until(lambda: b"master_link_status:up" in replica.call("INFO", "replication"))
    until(lambda: bool(sentinel.call("SENTINEL", "REPLICAS", "mine")))
    url = f"sentinel://127.0.0.1:1/0;sentinel://127.0.0.1:{sentinel.port}"
    client, consumer = connect(url, master_name="mine"), consume(connect(url, master_name="mine"))
    publish(client, "before")
    consumer.until(lambda: consumer.seen == ["before"])
    master.kill()
    until(lambda: works(lambda: publish(client, "after")))
    consumer.until(lambda: "after" in consumer.seen)
    assert b"role:master" in replica.call("INFO", "replication")


def test_a_master_that_sentinel_does_not_know_is_an_error(start_server: StartServer, connect: Connect) -> None:
    sentinel = start_server("--sentinel")
    with pytest.raises(TemporaryError, match="knows no master 'mine'"):
        publish(connect(f"sentinel://127.0.0.1:{sentinel.port}?master_name=mine"), "nowhere")
