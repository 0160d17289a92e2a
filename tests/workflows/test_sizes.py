"""Bytes and memory in proportion: what a workflow sends, and what its client holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from place import LIMIT_S, Place

from umbel import chain, chord, group
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


def test_a_wide_chord_takes_bytes_in_proportion(spied: Spied) -> None:
    spied.work()
    canvas = chord((spied.tasks.add.s(number, 0) for number in range(2000)), spied.tasks.total.s())
    assert canvas.apply_async().get(timeout=LIMIT_S) == sum(range(2000))
    assert spied.bytes / 2000 < 400
