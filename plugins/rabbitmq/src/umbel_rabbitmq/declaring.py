"""Making queues, exchanges and bindings, once for each connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from umbel.exceptions import PermanentError
from umbel_rabbitmq.delays import Delays
from umbel_rabbitmq.link import Link
from umbel_rabbitmq.places import Binding, Exchange, Place, Places


class Declarer:
    """Used by the thread that has the link."""

    def __init__(self, places: Places, delays: Delays) -> None:
        self.places = places
        self._delays = delays
        self._opening = 0
        self._done: set[str] = set()
        self._delayed: set[str] = set()

    def declare(self, link: Link, queue: str) -> Place:
        """See to it that the queue is there, as it shall be. Blocks; raises `PermanentError` if it is otherwise."""
        self._begin(link)
        place = self.places[queue]
        if queue not in self._done:
            with link.calling():
                _declare(link.desk, place)
            self._done.add(queue)
        return place

    def delay(self, link: Link, queue: str) -> None:
        """See to it that what is delayed gets to the queue."""
        place = self.declare(link, queue)
        if queue not in self._delayed:
            with link.calling():
                self._delays.declare(link.desk, place)
            self._delayed.add(queue)

    def forget(self, queue: str) -> None:
        """It has gone: make it again when it is next named."""
        self._done.discard(queue)
        self._delayed.discard(queue)

    def knows(self, link: Link, queue: str) -> bool:
        """Whether the queue was declared on this connection."""
        self._begin(link)
        return queue in self._done

    @property
    def seen(self) -> set[str]:
        """The queues that were declared."""
        return set(self._done)

    def _begin(self, link: Link) -> None:
        if link.openings != self._opening:
            self._opening = link.openings
            self._done, self._delayed = set(), set()


def exists(link: Link, queue: str) -> bool:
    """Whether there is a queue of that name."""
    return depth(link, queue) is not None


def depth(link: Link, queue: str) -> int | None:
    """How many messages are ready in a queue; None if there is none."""
    with link.calling():
        try:
            return int(link.desk.queue_declare(queue, passive=True).message_count)
        except Exception as error:
            if type(error).__name__ == "NotFound":
                return None
            raise


def _declare(desk: Any, place: Place) -> None:
    if place.passive:
        return
    if not place.declared:
        # Whoever made it, in whatever way, meant it so: a fleet has one name for it, and many configurations.
        try:
            desk.queue_declare(place.name, passive=True)
        except Exception as error:
            if type(error).__name__ != "NotFound":
                raise
        else:
            _bind_all(desk, place, [one for one in place.bindings if one.exchange.type != "direct"])
            return
    desk.queue_declare(
        place.name,
        durable=place.durable,
        exclusive=place.exclusive,
        auto_delete=place.auto_delete,
        arguments=dict(place.arguments),
    )
    _bind_all(desk, place, place.bindings)


def _bind_all(desk: Any, place: Place, bindings: Sequence[Binding]) -> None:
    for binding in bindings:
        exchange = binding.exchange
        if not exchange.name:
            continue  # the default exchange has every queue
        try:
            _declare_exchange(desk, exchange)
        except Exception as error:
            if place.declared or type(error).__name__ not in ("PreconditionFailed", "AccessRefused"):
                raise
            continue  # a name that was only guessed
        desk.queue_bind(place.name, exchange.name, binding.routing_key, arguments=_table(binding.arguments))


def _declare_exchange(desk: Any, exchange: Exchange) -> None:
    if not exchange.passive:
        desk.exchange_declare(
            exchange.name,
            exchange.type,
            durable=exchange.durable,
            auto_delete=exchange.auto_delete,
            arguments=_table(exchange.arguments),
        )


def _table(arguments: Any) -> dict[str, Any] | None:
    return dict(arguments) if arguments else None


def check_name(queue: str) -> None:
    """Raises `PermanentError` for a name that no queue can have."""
    if not 0 < len(queue.encode()) <= 255:
        raise PermanentError(f"a queue's name has 1 to 255 bytes, found {len(queue.encode())}: {queue[:60]!r}")
