"""What is particular to the memory drivers; what every driver does is in the conformance classes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from umbel import clock
from umbel.exceptions import PermanentError
from umbel.model import Message, Record
from umbel_memory.backend import MemoryBackend, stores
from umbel_memory.plugin import umbel_backend, umbel_transport
from umbel_memory.settings import MemorySettings
from umbel_memory.transport import MemoryTransport, brokers


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    yield
    brokers.forget()
    stores.forget()


def test_transports_of_one_name_share_a_broker_and_others_do_not() -> None:
    MemoryTransport("memory://one").publish([Message("q", b"hello")])
    assert [len(MemoryTransport(f"memory://{name}").reserve(["q"], 1, 0)) for name in ("two", "one")] == [0, 1]


def test_backends_of_one_name_share_a_store_and_others_do_not() -> None:
    MemoryBackend("memory://one").store([Record("a", "SUCCESS", b"{}")])
    kept = [MemoryBackend(f"memory://{name}").fetch(["a"])[0] for name in ("two", "one")]
    assert [record is not None for record in kept] == [False, True]


def test_a_broker_lives_on_without_connections_until_it_is_forgotten() -> None:
    first = MemoryTransport("memory://one")
    first.publish([Message("q", b"hello")])
    first.close()
    assert MemoryTransport("memory://one").admin().depth("q").ready == 1
    brokers.forget()
    assert MemoryTransport("memory://one").admin().depth("q").ready == 0


def test_a_day_of_delay_passes_when_the_test_says_so() -> None:
    with clock.manual() as now:
        transport = MemoryTransport("memory://")
        transport.publish([Message("q", b"tomorrow", due=clock.time() + 86_400)])
        now.advance(86_399)
        assert transport.reserve(["q"], 1, 0) == []
        now.advance(1)
        assert len(transport.reserve(["q"], 1, 0)) == 1


def test_everyone_who_waits_on_one_broker_sees_time_pass() -> None:
    with clock.manual() as now:
        waiting = [threading.Thread(target=MemoryTransport("memory://").reserve, args=(["q"], 1, s)) for s in (5, 9)]
        for thread in waiting:
            thread.start()
        while any(thread.is_alive() for thread in waiting):
            now.advance(1)
            waiting[-1].join(0.001)


def test_the_lease_is_a_setting() -> None:
    assert MemoryTransport("memory://").lease_s == 10.0
    assert MemoryTransport("memory://", MemorySettings(lease_s=2.5)).lease_s == 2.5
    with pytest.raises(ValueError, match="lease_s"):
        MemorySettings(lease_s=0)


def test_what_is_not_plain_data_is_refused_with_the_queue_and_a_way_out() -> None:
    message = Message("orders", b"", headers={"when": object()})
    with pytest.raises(PermanentError, match=r"headers of a message for queue 'orders'.*into the body"):
        MemoryTransport("memory://").publish([message])


def test_a_lost_message_takes_its_old_place_in_the_line() -> None:
    with clock.manual() as now:
        transport = MemoryTransport("memory://")
        transport.publish([Message("q", b"first"), Message("q", b"second")])
        transport.reserve(["q"], 1, 0)
        now.advance(transport.lease_s)
        assert [one.message.body for one in transport.reserve(["q"], 2, 0)] == [b"first", b"second"]


def test_the_hooks_give_the_drivers() -> None:
    assert umbel_transport() is MemoryTransport
    assert umbel_backend() is MemoryBackend
