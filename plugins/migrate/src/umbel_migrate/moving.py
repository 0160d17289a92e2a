"""The move itself: a message leaves its broker when the other one has confirmed that it has it, and not before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define

from umbel import clock
from umbel.contracts import Transport
from umbel.exceptions import OperationalError
from umbel.model import Action, Delivery, Message, Settlement
from umbel.wire.times import header_moment
from umbel_migrate.choice import Choice

#: Seconds that the source is asked for more before it counts as empty.
_WAIT_S = 1.0


@define
class Tally:
    moved: int = 0
    #: What the filters leave where it was.
    left: int = 0


@define(eq=False)
class Move:
    """From `source` to `destination`. Its owner opens and closes both."""

    source: Transport
    destination: Transport
    choice: Choice
    batch: int = 100
    #: Stop after so many; None: move them all.
    limit: int | None = None

    def run(self, queues: Sequence[str], progress: Callable[[int], None]) -> Tally:
        """Blocks until the queues have nothing more that is to be moved, or the limit is reached.

        What is not chosen is held until the end and then put back: given back at once it would come again at once.
        Raises `DriverError`; what is held then goes back when the source is closed.
        """
        tally, left = Tally(), list[Delivery]()
        renewed = clock.monotonic()
        try:
            while room := self._room(tally):
                held = self.source.reserve(queues, room, _WAIT_S)
                if not held:
                    break
                chosen = [one for one in held if self.choice.takes(one.message)]
                left += [one for one in held if not self.choice.takes(one.message)]
                if chosen:
                    self._pass_on(chosen)
                    tally.moved += len(chosen)
                    progress(len(chosen))
                if left and clock.monotonic() - renewed > self.source.lease_s / 3:
                    renewed = clock.monotonic()
                    lost = {id(one) for one in self.source.extend(left)}
                    left = [one for one in left if id(one) not in lost]
        finally:
            tally.left = len(left)
            self._give_back(left)
        return tally

    def _room(self, tally: Tally) -> int:
        return self.batch if self.limit is None else min(self.batch, self.limit - tally.moved)

    def _pass_on(self, held: Sequence[Delivery]) -> None:
        self.destination.publish([self._copy(one.message) for one in held])
        # From here on they are there twice, until this has been done too.
        self.source.settle([Settlement(one) for one in held])

    def _copy(self, message: Message) -> Message:
        """As it was, but for what the other broker does with its time."""
        due = message.due if message.due is not None else header_moment(message.headers.get("eta") or "")
        return Message(
            message.queue,
            message.body,
            message.headers,
            message.properties,
            message.content_type,
            message.content_encoding,
            self._priority(message.priority),
            due if "delayed" in self.destination.features else None,
            message.expires,
            message.exchange,
            message.routing_key,
        )

    def _priority(self, priority: int) -> int:
        """The most urgent stays that: one broker serves 9 first, the other 0."""
        ends = {self.source.first_priority, self.destination.first_priority}
        ranked = {"priority"} <= self.source.features and {"priority"} <= self.destination.features
        return 9 - priority if ranked and len(ends) == 2 else priority

    def _give_back(self, left: Sequence[Delivery]) -> None:
        if left:
            try:
                self.source.settle([Settlement(one, Action.REQUEUE) for one in left])
            except OperationalError:
                return  # They come back when the source is closed, or their leases end.
