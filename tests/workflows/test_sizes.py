"""Bytes and memory in proportion: what a workflow sends, and what its client holds."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from canvases import define
from place import LIMIT_S, Place

from umbel import Umbel, chain, chord, group
from umbel.model import Message

pytestmark = pytest.mark.needs("umbel-canvas", "umbel-threads", "umbel-memory")


class Spied(Place):
    """Counts what is published and what is stored beside results."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.messages = self.bytes = 0
        transport, state = self.app.transport, self.app.backend.shared()  # type: ignore[union-attr]
        publish, put = transport.publish, type(state).put

        def published(messages: Sequence[Message]) -> None:
            self.messages += len(messages)
            self.bytes += sum(len(message.body) for message in messages)
            publish(messages)

        def stored(state: Any, key: str, value: bytes, ttl_s: float | None = None) -> None:
            self.bytes += len(value)
            put(state, key, value, ttl_s)

        transport.publish = published  # type: ignore[method-assign]
        self._undo = (type(state), put)
        type(state).put = stored  # type: ignore[method-assign]

    def close(self) -> None:
        self._undo[0].put = self._undo[1]  # type: ignore[method-assign]
        super().close()


@pytest.fixture
def spied(request: pytest.FixtureRequest) -> Iterator[Spied]:
    made = Spied(f"memory://{request.node.name}")
    yield made
    made.close()


def test_a_generator_is_read_while_the_group_is_sent(spied: Spied) -> None:
    ahead = []

    def calls() -> Iterator[Any]:
        for number in range(3000):
            ahead.append(number - spied.messages)
            yield spied.tasks.add.s(number, 1)

    result = group(calls()).apply_async()
    assert (spied.messages, len(result)) == (3000, 3000)
    assert max(ahead) <= 1000
    spied.work()
    assert sum(result.get(timeout=LIMIT_S)) == sum(range(1, 3001))


@pytest.mark.parametrize("steps", [50, 200, 800])
def test_a_chain_takes_bytes_in_proportion(spied: Spied, steps: int) -> None:
    spied.work()
    assert chain(*(spied.tasks.add.s(1) for _ in range(steps))).apply_async((0,)).get(timeout=LIMIT_S) == steps
    assert spied.bytes / steps < 4000


@pytest.mark.parametrize("depth", [2, 6, 12])
def test_nested_chords_take_bytes_in_proportion(spied: Spied, depth: int) -> None:
    spied.work()
    canvas = spied.tasks.same.s()
    for _ in range(depth):
        canvas = chord([spied.tasks.add.si(1, 1) for _ in range(10)], canvas)
    assert canvas.apply_async().get(timeout=LIMIT_S) == [[2] * 10]
    assert spied.bytes / (depth * 11) < 6000


@pytest.mark.parametrize("depth", [2, 6, 12])
def test_chords_within_headers_take_bytes_in_proportion(spied: Spied, depth: int) -> None:
    """Each call of the innermost one is counted for it, that for the next one, and so on."""
    spied.work()
    canvas = spied.tasks.add.si(1, 1)
    for _ in range(depth):
        canvas = chord([canvas, *(spied.tasks.add.si(1, 1) for _ in range(9))], spied.tasks.total.s())
    assert canvas.apply_async().get(timeout=LIMIT_S) == 2 + 18 * depth
    assert spied.bytes / (depth * 11) < 6000


@pytest.mark.parametrize(
    ("small", "large"),
    [(2_000, 10_000), pytest.param(10_000, 100_000, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
)
def test_the_memory_of_a_client_does_not_grow_with_its_group(small: int, large: int) -> None:
    """Of a group of 100,000 the client keeps an id and a number; an id for each would be 85 bytes."""

    def peak(size: int) -> int:
        app = Umbel("w", broker=f"memory://nowhere{size}", backend="memory://", set_as_current=False)
        tasks = define(app)
        app.transport.publish = lambda messages: None  # type: ignore[method-assign]
        group(tasks.add.s(1, 1) for _ in range(1000)).apply_async()  # all is imported and made
        tracemalloc.start()
        try:
            result = group(tasks.add.s(number, 1) for number in range(size)).apply_async()
            assert len(result) == size
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            app.close()

    assert peak(large) - peak(small) < 20 * (large - small)


def test_a_wide_chord_takes_bytes_in_proportion(spied: Spied) -> None:
    spied.work()
    canvas = chord((spied.tasks.add.s(number, 0) for number in range(2000)), spied.tasks.total.s())
    assert canvas.apply_async().get(timeout=LIMIT_S) == sum(range(2000))
    assert spied.bytes / 2000 < 400


@pytest.mark.needs("umbel-redis")
def test_nested_chords_take_few_bytes_on_redis(tmp_path: Path) -> None:
    """Of messages, results and counting together. What Celery sends of the same is 23,000 a call."""
    server_module = pytest.importorskip("umbel_conformance.redis_server")
    server = server_module.RedisServer(tmp_path).start()
    place = Place(server.url())

    def received() -> int:
        (line,) = [line for line in server.call("INFO", "stats").split() if line.startswith(b"total_net_input_bytes:")]
        return int(line.partition(b":")[2])

    try:
        place.work()
        place.tasks.add.delay(1, 1).get(timeout=LIMIT_S)
        before = received()
        canvas = place.tasks.same.s()
        for _ in range(6):
            canvas = chord([place.tasks.add.si(1, 1) for _ in range(10)], canvas)
        assert canvas.apply_async().get(timeout=LIMIT_S) == [[2] * 10]
        assert (received() - before) / 61 < 2500
    finally:
        place.close()
        server.kill()
