"""What happens to a broker and to the way there, in the middle of work: nothing is lost, and it goes on by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from umbel.exceptions import TemporaryError
from umbel.model import Message, Settlement
from umbel_conformance.proxy import Proxy
from umbel_conformance.rabbitmq_server import RabbitmqServer
from umbel_rabbitmq.errors import BlockedError
from umbel_rabbitmq.settings import RabbitmqSettings
from umbel_rabbitmq.transport import RabbitmqTransport

#: Bounds a test that has failed already.
LIMIT_S = 60.0
#: How many calls of a worker may fail before one works: the driver makes no pauses of its own, so one call finds out
#: that the connection is gone, and a second one may meet the end of what went wrong. The kernel lets two seconds pass
#: between two calls, or less, so it consumes again within the five that are promised.
CALLS = 2
#: The same on the clock: one second is enough where nothing else runs, and this on a machine that is busy.
AGAIN_S = 20.0


@pytest.fixture(scope="module")
def own_server(start_server: Callable[..., RabbitmqServer]) -> RabbitmqServer:
    """One that these tests may do anything to; it closes a channel that does not acknowledge within four seconds."""
    return start_server("consumer_timeout = 4000", "-rabbit channel_tick_interval 1000")


@pytest.fixture
def proxy(own_server: RabbitmqServer) -> Iterator[Proxy]:
    made = Proxy(own_server.port)
    yield made
    made.close()


@pytest.fixture
def connect(own_server: RabbitmqServer, proxy: Proxy) -> Iterator[Callable[..., RabbitmqTransport]]:
    """A transport behind the proxy, or not; all on one virtual host."""
    vhost, opened = own_server.new_vhost(), list[RabbitmqTransport]()

    def make(direct: bool = False, ports: Sequence[int] = (), **options: object) -> RabbitmqTransport:
        settings = RabbitmqSettings(**{"socket_timeout": 5.0, "heartbeat": 2.0, **options})  # type: ignore[arg-type]
        ports = ports or (own_server.port if direct else proxy.port,)
        opened.append(RabbitmqTransport(";".join(own_server.url(vhost, port) for port in ports), settings))
        return opened[-1]

    yield make
    for transport in opened:
        transport.close()


def numbered(count: int, start: int = 0) -> list[Message]:
    return [Message("q", str(number).encode()) for number in range(start, start + count)]


class Worker:
    """Takes and acknowledges on a thread of its own, as the kernel does, until told to stop."""

    def __init__(self, transport: RabbitmqTransport) -> None:
        self.transport = transport
        self.done: list[int] = []
        self.troubles: list[TemporaryError] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping:
            try:
                held = self.transport.reserve(["q"], 50, 1.0)
                refused = {id(one.delivery) for one in self.transport.settle([Settlement(one) for one in held])}
                self.done += [int(one.message.body) for one in held if id(one) not in refused]
            except TemporaryError as error:
                self.troubles.append(error)
                time.sleep(0.1)

    def until(self, condition: Callable[[], bool], what: str) -> float:
        """Seconds that it took."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() < began + LIMIT_S, f"no {what}; done: {len(self.done)}; {self.troubles[-3:]}"
            time.sleep(0.01)
        return time.monotonic() - began

    def until_it_works_again(self, condition: Callable[[], bool], what: str, failed: int, times: int = 1) -> None:
        """`failed` of its calls had failed when what went wrong was over, which it did so many `times`."""
        took_s = self.until(condition, what)
        assert len(self.troubles) - failed <= CALLS * times, self.troubles[failed:]
        assert took_s < AGAIN_S

    def stop(self) -> None:
        self._stopping = True
        self.transport.wake()
        self._thread.join(LIMIT_S)


@pytest.fixture
def work(connect: Callable[..., RabbitmqTransport]) -> Iterator[Callable[..., Worker]]:
    workers: list[Worker] = []

    def start(**options: object) -> Worker:
        workers.append(Worker(connect(**options)))
        return workers[-1]

    yield start
    for worker in workers:
        worker.stop()


def publish_all(transport: RabbitmqTransport, messages: list[Message]) -> int:
    """As the kernel does: again and again. Returns how often that was."""
    for attempt in range(1000):
        try:
            transport.publish(messages)
        except TemporaryError:
            time.sleep(0.05)
        else:
            return attempt
    raise AssertionError("it was never published")


def publish_until_it_fails(transport: RabbitmqTransport) -> None:
    while True:
        transport.publish(numbered(1, 1))


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_broker_that_comes_back_has_all_that_was_confirmed_and_is_consumed_from_again(
    own_server: RabbitmqServer, connect: Callable[..., RabbitmqTransport], work: Callable[..., Worker], end: str
) -> None:
    publisher = connect(direct=True)
    publisher.publish(numbered(500))
    worker = work(direct=True)
    worker.until(lambda: len(worker.done) > 50, "work before")
    getattr(own_server, end)()
    own_server.start()
    failed = len(worker.troubles)
    publish_all(publisher, numbered(500, 500))
    worker.until_it_works_again(lambda: bool(set(worker.done) & set(range(500, 1000))), "work after", failed)
    worker.until(lambda: set(worker.done) == set(range(1000)), "end of the work")


def test_a_connection_that_is_cut_is_replaced(
    proxy: Proxy, connect: Callable[..., RabbitmqTransport], work: Callable[..., Worker]
) -> None:
    worker, publisher = work(), connect()
    for start in range(0, 1000, 100):
        publish_all(publisher, numbered(100, start))
        worker.until(lambda: len(worker.done) > start // 2, "work")  # noqa: B023
        proxy.cut()
    worker.until_it_works_again(lambda: set(worker.done) == set(range(1000)), "end of the work", 0, times=10)


def test_when_one_of_several_brokers_is_out_of_reach_the_next_one_is_taken(
    own_server: RabbitmqServer, proxy: Proxy, connect: Callable[..., RabbitmqTransport], work: Callable[..., Worker]
) -> None:
    ports = [proxy.port, own_server.port]
    worker, publisher = work(ports=ports), connect(ports=ports)
    publisher.publish(numbered(100))
    worker.until(lambda: len(worker.done) > 10, "work before")
    failed = len(worker.troubles)
    proxy.close()
    publish_all(publisher, numbered(100, 100))
    worker.until_it_works_again(lambda: set(worker.done) == set(range(200)), "work after", failed)


@pytest.mark.parametrize("after", [10, 3_000, 30_000])
def test_a_publish_that_is_cut_in_the_middle_is_made_good(
    proxy: Proxy, connect: Callable[..., RabbitmqTransport], work: Callable[..., Worker], after: int
) -> None:
    publisher = connect()
    publisher.publish(numbered(1))
    proxy.cut_after(after)
    assert publish_all(publisher, numbered(399, 1)) > 0, "nothing was cut"
    worker = work(direct=True)
    worker.until(lambda: set(worker.done) == set(range(400)), "all that was confirmed")


@pytest.mark.parametrize("after", [5, 50, 500])
def test_acknowledgements_that_are_cut_in_the_middle_bring_messages_back(
    proxy: Proxy, connect: Callable[..., RabbitmqTransport], after: int
) -> None:
    connect(direct=True).publish(numbered(100))
    victim = connect()
    held = victim.reserve(["q"], 100, 5.0)
    while len(held) < 100:
        held = [*held, *victim.reserve(["q"], 100 - len(held), 5.0)]
    proxy.cut_after(after)
    # Every second one, so that each is acknowledged by itself.
    victim.settle([Settlement(one) for one in held[::2]])
    proxy.cut()
    other, seen = Worker(connect(direct=True)), {int(one.message.body) for one in held[::2]}
    other.until(lambda: seen | set(other.done) == set(range(100)), "what was not acknowledged")
    other.stop()


def test_a_network_that_is_silent_is_found_out_and_what_was_held_goes_to_another(
    proxy: Proxy, connect: Callable[..., RabbitmqTransport], work: Callable[..., Worker]
) -> None:
    connect(direct=True).publish(numbered(10))
    victim = connect(heartbeat=1.0)
    held = victim.reserve(["q"], 5, 5.0)
    proxy.freeze()
    other = work(direct=True)
    other.until(lambda: set(other.done) == set(range(10)), "what the silent one had held")
    other.until(lambda: len(victim.extend(held)) == len(held), "the silent one to know")
    proxy.thaw()


def test_a_memory_alarm_blocks_who_publishes_and_nobody_else(
    own_server: RabbitmqServer, connect: Callable[..., RabbitmqTransport], work: Callable[..., Worker]
) -> None:
    publisher, worker = connect(direct=True, confirm_timeout=1.0), work(direct=True)
    publisher.publish(numbered(1))
    own_server.raise_alarm()
    try:
        with pytest.raises(BlockedError, match="short of memory"):
            publish_until_it_fails(publisher)
        worker.until(lambda: 0 in worker.done, "what was there before")
    finally:
        own_server.clear_alarm()
    publish_all(publisher, numbered(5, 2))
    worker.until(lambda: set(range(2, 7)) <= set(worker.done), "what came after")


def test_who_waits_out_an_alarm_has_published(
    own_server: RabbitmqServer, connect: Callable[..., RabbitmqTransport]
) -> None:
    publisher = connect(direct=True, confirm_timeout=30.0)
    publisher.publish(numbered(1))
    own_server.raise_alarm()
    published = threading.Thread(target=lambda: publisher.publish(numbered(10, 1)), daemon=True)
    published.start()
    published.join(0.5)
    assert published.is_alive()
    own_server.clear_alarm()
    published.join(LIMIT_S)
    assert publisher.admin().depth("q").ready == 11


def test_a_queue_that_is_deleted_under_its_consumer_is_made_again(
    connect: Callable[..., RabbitmqTransport], work: Callable[..., Worker]
) -> None:
    publisher, worker = connect(direct=True), work(direct=True)
    publisher.publish(numbered(1))
    worker.until(lambda: worker.done == [0], "work before")
    link = publisher._publisher.link
    with link.calling():
        link.desk.queue_delete("q")
    failed = len(worker.troubles)
    publisher.publish(numbered(1, 1))
    worker.until_it_works_again(lambda: 1 in worker.done, "work after", failed)


def test_a_channel_that_the_broker_closes_is_replaced(
    connect: Callable[..., RabbitmqTransport], work: Callable[..., Worker]
) -> None:
    publisher, worker = connect(direct=True), work(direct=True)
    publisher.publish(numbered(10))
    worker.until(lambda: len(worker.done) == 10, "work before")
    # PRECONDITION_FAILED (406): this delivery was never made.
    from umbel_rabbitmq import frames  # noqa: PLC0415

    failed = len(worker.troubles)
    worker.transport._consumer.link.write(frames.ack(4711))
    publisher.publish(numbered(10, 10))
    worker.until_it_works_again(lambda: set(worker.done) == set(range(20)), "work after", failed)
    assert any("unknown delivery tag" in str(error) for error in worker.troubles)


def test_what_runs_for_longer_than_the_consumer_timeout_is_not_delivered_again(
    connect: Callable[..., RabbitmqTransport],
) -> None:
    """The broker of these tests closes a channel on which something was not acknowledged for four seconds."""
    transport, other = connect(direct=True, consumer_timeout=4.0), connect(direct=True)
    transport.publish(numbered(3))
    held = [*transport.reserve(["q"], 3, 5.0)]
    while len(held) < 3:
        held += transport.reserve(["q"], 3 - len(held), 5.0)
    for _ in range(40):
        time.sleep(0.25)
        assert list(transport.extend(held)) == []
        assert list(other.reserve(["q"], 1, 0.0)) == []
    assert list(transport.settle([Settlement(one) for one in held[:2]])) == []
    assert list(transport.settle([Settlement(one) for one in held[:2]])) != []
    transport.close()
    back = list(other.reserve(["q"], 5, 30.0))
    assert [(one.message.body, one.lost) for one in back] == [(b"2", 1)], "what was held anew was lost with its holder"


def test_an_operator_who_closes_connections_disturbs_nobody_for_long(
    own_server: RabbitmqServer, connect: Callable[..., RabbitmqTransport], work: Callable[..., Worker]
) -> None:
    publisher, worker = connect(direct=True), work(direct=True)
    publish_all(publisher, numbered(10))
    worker.until(lambda: len(worker.done) == 10, "work before")
    failed = len(worker.troubles)
    own_server.close_connections(publisher._opener._locations[0].vhost)
    publish_all(publisher, numbered(10, 10))
    worker.until_it_works_again(lambda: set(worker.done) == set(range(20)), "work after", failed)
