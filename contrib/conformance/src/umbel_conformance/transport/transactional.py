"""Publishing a batch as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import pytest

from umbel.contracts import Transport
from umbel.exceptions import DriverError
from umbel.model import Message
from umbel_conformance.capabilities import needs
from umbel_conformance.transport.bench import TransportBench, bodies, message, numbered


class Interrupted(Exception):
    """What the batch itself raises."""


class BrokenBatch(Sequence[Message]):
    """A batch that fails while it is read, as one does whose publisher is interrupted."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._messages = messages

    def __len__(self) -> int:
        return len(self._messages) + 1

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        if isinstance(index, int) and index >= len(self._messages):
            raise Interrupted
        return self._messages[index]


class Transactional(TransportBench):
    def unencodable(self) -> Message:
        """A message that no broker can take: what its headers hold is not plain data."""
        return message("unencodable", headers={"stream": (number for number in range(3))})

    def test_headers_that_are_not_plain_data_are_refused(self, transport: Transport) -> None:
        with pytest.raises(DriverError):
            transport.publish([self.unencodable()])
        self.assert_nothing_to_reserve(transport)

    def test_after_a_refusal_the_next_batch_is_published(self, transport: Transport) -> None:
        with pytest.raises(DriverError):
            transport.publish([self.unencodable()])
        transport.publish([message("good")])
        assert bodies(self.take(transport, 1)) == ["good"]

    @needs("transactional")
    def test_a_batch_with_one_bad_message_is_not_published_at_all(self, transport: Transport) -> None:
        with pytest.raises(DriverError):
            transport.publish([*numbered(3), self.unencodable(), *numbered(3, "other")])
        self.assert_nothing_to_reserve(transport, "q", "other")

    @needs("transactional")
    def test_a_batch_that_fails_while_it_is_read_is_not_published_at_all(self, transport: Transport) -> None:
        with pytest.raises(Interrupted):
            transport.publish(BrokenBatch(numbered(3)))
        self.assert_nothing_to_reserve(transport)
        transport.publish([message("good")])
        assert bodies(self.take(transport, 1)) == ["good"]
