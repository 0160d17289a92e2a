"""The server does as it is told, and the answer is lost: told again, that must not look like a lost lease."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from umbel.exceptions import TemporaryError
from umbel.model import Action, Delivery, Message, Settlement
from umbel_conformance.redis_server import RedisServer
from umbel_redis.settings import RedisSettings
from umbel_redis.transport import RedisTransport


class Relay:
    """Stands between a client and the server. It can take an answer and, instead of passing it on, hang up."""

    def __init__(self, port: int) -> None:
        self.swallows = False
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                for way in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._pass_on, args=way, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while (data := source.recv(1 << 16)) and not (is_answer and self.swallows):
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def relay(redis_server: RedisServer) -> Iterator[Relay]:
    made = Relay(redis_server.port)
    yield made
    made.close()


@pytest.fixture
def redis(redis_server: RedisServer, database: int) -> Callable[..., Any]:
    return lambda *command: redis_server.call(*command, database=database)


@pytest.fixture
def transport(relay: Relay, database: int) -> Iterator[RedisTransport]:
    made = RedisTransport(f"redis://127.0.0.1:{relay.port}/{database}", RedisSettings(socket_timeout=2.0))
    yield made
    made.close()


def taken(transport: RedisTransport, count: int) -> list[Delivery]:
    transport.publish([Message("q", b"x") for _ in range(count)])
    return list(transport.reserve(["q"], count, 5.0))


def swallowed(relay: Relay, call: Callable[[], object]) -> None:
    relay.swallows = True
    with pytest.raises(TemporaryError):
        call()
    relay.swallows = False


@pytest.mark.parametrize("action", Action)
def test_what_was_settled_though_the_answer_was_lost_is_no_lost_lease(
    relay: Relay, transport: RedisTransport, redis: Callable[..., Any], action: Action
) -> None:
    first, *settlements = (Settlement(one, action) for one in taken(transport, 4))
    transport.settle([first])  # so that the server knows the script
    held = redis("ZCARD", "umbel.leases.q")
    swallowed(relay, lambda: transport.settle(settlements))
    assert (held, redis("ZCARD", "umbel.leases.q")) == (3, 0), "the server did not do it, so nothing is tested"
    assert list(transport.settle(settlements)) == []
    assert list(transport.settle(settlements)) == settlements, "that was settled twice, and not for want of an answer"


def test_one_that_was_taken_away_meanwhile_is_a_lost_lease_all_the_same(
    relay: Relay, transport: RedisTransport, redis: Callable[..., Any], url: str
) -> None:
    first, kept, lost = (Settlement(one) for one in taken(transport, 3))
    transport.settle([first])
    redis("ZADD", "umbel.leases.q", 0, lost.delivery.tag.text)
    other = RedisTransport(url)
    assert [one.lost for one in other.reserve(["q"], 1, 5.0)] == [1]
    swallowed(relay, lambda: transport.settle([kept, lost]))
    assert redis("ZSCORE", "umbel.leases.q", kept.delivery.tag.text) is None
    assert list(transport.settle([kept, lost])) == [lost]
    other.close()
