"""The contract of a transport: it holds messages in queues and leases them to workers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NoReturn

from umbel.exceptions import UnsupportedError
from umbel.model.message import DeadLetter, Delivery, Depth, Message, Settlement


class Transport(ABC):
    """One broker connection, with everything a worker or a client asks of it.

    **Features** (`features` names those that the driver has):

    - `across_processes`: another process with the same URL sees the same queues
    - `durable`: what waits in a queue outlives every process; what is held does where there is `lease`
    - `ordered`: the messages of a queue are handed out in the order in which they were published
    - `delayed`: `Message.due` and `Settlement.due` are honoured by the broker
    - `priority`: `Message.priority` orders delivery within a queue; without it, priorities are taken and ignored
    - `lease`: what a dead process held comes back by itself within a few `lease_s`; without it, that is lost
    - `losses`: `Delivery.lost` and `begun` count; without it `lost` is 1 for all that came back from the dead
    - `transactional`: a `publish` that raises has published nothing
    - `dead_letters`: `Action.DEAD` keeps the message; `admin().dead/revive/discard/bury` work
    - `history`: a dead letter knows each loss that counted (`Delivery.lost`) and its end: when, in whose hands, and why
    - `pause`: `admin().pause/resume` work
    - `fanout`: `fanout()` works
    - `expires`: a message whose `expires` has passed is dropped by the broker

    **Threads.** Each method may be called from a thread of its own while others are under way (the kernel has threads
    that reserve, settle, extend and publish, one for each, and one that hears what the pool does and calls `begun`),
    but never twice at once, except `wake`, which anyone may call at any time. All calls may block unless it says
    otherwise. **Processes.** An instance is used by the process that made it, never by a forked child.

    **Errors.** `TemporaryError`: trying again may help (the kernel does, with back-off, on the same instance: a driver
    reconnects by itself inside the next call). `PermanentError`: it will not.
    """

    contract_version: ClassVar[int]
    features: ClassVar[frozenset[str]] = frozenset()
    #: An attrs class with the driver's own settings, or None. An instance is given to `__init__`.
    settings_class: ClassVar[type | None] = None
    #: Whether the URL that `__init__` gets may be several, joined by `;` (servers that know of one another).
    several_urls: ClassVar[bool] = False
    #: Which end of 0–9 is served first. AMQP serves the highest number first, Celery on Redis the lowest.
    first_priority: ClassVar[Literal["high", "low"]] = "high"
    #: Seconds after which an unextended lease is over; the kernel extends every third of it.
    lease_s: float = 10.0

    def __init__(self, url: str, settings: Any = None) -> None:
        """`url` is the user's, its scheme chose this driver. Must not block: connect in the first call."""
        self.url = url
        self.settings = settings

    @abstractmethod
    def publish(self, messages: Sequence[Message]) -> None:
        """Put messages on their queues, one after the other; a queue that does not exist is created.

        Returns when the broker has them all. Raises `TemporaryError` or `PermanentError` (headers that are not plain
        data, say); without the feature `transactional` some may have been published then (the kernel publishes the
        batch again).
        """

    @abstractmethod
    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        """Lease up to `limit` messages (at least 1) from `queues`; blocks up to `timeout_s` seconds for the first.
        Without queues it waits for nothing, until time runs out or `wake`.

        Returns what is there as soon as anything is (never waits for a batch to fill), or an empty sequence when time
        ran out or `wake` was called. With `priority` the most urgent message of a queue comes first, and equal ones,
        if `ordered`, as they were published; queues are served in turn, so that a full one starves none. A leased
        message is invisible to others until it is settled or its lease ends unextended.
        """

    @abstractmethod
    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        """End the leases. Returns those that this process no longer held (nothing was done for them).

        Settling one delivery twice is such a case, not an error.
        """

    def extend(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Renew the leases for another `lease_s` seconds. Returns those that are lost. Does nothing by default."""
        return ()

    def begun(self, deliveries: Sequence[Delivery]) -> None:
        """These deliveries, which came back before (`Delivery.lost` > 0), begin to run now.

        So that a message that kills its workers can be told from those that a dead worker merely held: the first loss
        counts for all of them, every other one only for what had begun. If the lease of one of these ends unsettled,
        `lost` grows by one; that of a suspect that did not begin ends without that. Called by the thread that hears
        what the pool does, before a task runs that the pool runs in place. Does nothing by default: a driver with the
        feature `losses` implements it. What is no longer held is passed over.
        """

    @abstractmethod
    def wake(self) -> None:
        """Make the `reserve` that is under way return now, or the next one if none is. Never blocks; from any thread or
        signal handler."""

    @abstractmethod
    def close(self) -> None:
        """Give up connections. What is still leased goes back to its queue if that can be done at once."""

    def admin(self) -> QueueAdmin:
        """The operator's view: depth, purge, dead letters, pause."""
        self._refuse("admin")

    def fanout(self) -> Fanout:
        """Broadcast to everyone who listens (feature `fanout`)."""
        self._refuse("fanout")

    def _refuse(self, feature: str) -> NoReturn:
        raise UnsupportedError(f"{type(self).__name__} ({self.url.split(':')[0]}) does not have {feature!r}")


class QueueAdmin(ABC):
    """What an operator may ask of a transport. Every method may block and raises as the transport does."""

    @abstractmethod
    def queues(self) -> Sequence[str]:
        """The names of the queues that exist, sorted; of those that the settings or this process have named, where the
        broker cannot list them."""

    @abstractmethod
    def depth(self, queue: str) -> Depth:
        """How many messages the queue holds. A queue that does not exist is empty."""

    @abstractmethod
    def purge(self, queue: str) -> int:
        """Drop every message that waits in the queue (ready, and delayed where `Depth` counts those; not reserved, not
        dead); returns how many."""

    def dead(self, queue: str, limit: int = 100) -> Sequence[DeadLetter]:
        """The dead letters of a queue, oldest first (feature `dead_letters`)."""
        raise UnsupportedError(f"{type(self).__name__} keeps no dead letters")

    def revive(self, keys: Sequence[str]) -> int:
        """Put dead letters back on their queues; returns how many were there (feature `dead_letters`).

        Nothing counts as lost any more; should they come here again, they still have the history of their first life.
        """
        raise UnsupportedError(f"{type(self).__name__} keeps no dead letters")

    def discard(self, keys: Sequence[str]) -> int:
        """Delete dead letters; returns how many were there (feature `dead_letters`)."""
        raise UnsupportedError(f"{type(self).__name__} keeps no dead letters")

    def bury(self, messages: Sequence[Message], reason: str) -> None:
        """Keep messages that are no longer leased among the dead letters of their queues (feature `dead_letters`).

        For a task that was acknowledged when it started and whose body then turned out to be unreadable.
        """
        raise UnsupportedError(f"{type(self).__name__} keeps no dead letters")

    def pause(self, queue: str) -> None:
        """Hand out nothing more from the queue until `resume`, restarts included (feature `pause`)."""
        raise UnsupportedError(f"{type(self).__name__} cannot pause a queue")

    def resume(self, queue: str) -> None:
        """Hand out again (feature `pause`)."""
        raise UnsupportedError(f"{type(self).__name__} cannot pause a queue")


class Fanout(ABC):
    """Messages that every listener gets; nobody who listens later does."""

    @abstractmethod
    def publish(self, exchange: str, messages: Sequence[Message]) -> None:
        """Send to all who are subscribed to `exchange` with a pattern that matches `Message.routing_key`."""

    @abstractmethod
    def subscribe(self, exchange: str, patterns: Sequence[str] = ("#",)) -> FanoutSubscription:
        """Listen. Patterns are AMQP topic patterns (`*` one word, `#` any number): amqp 0-9-1, section 3.1.3.3."""


class FanoutSubscription(ABC):
    """One listener."""

    @abstractmethod
    def receive(self, timeout_s: float) -> Sequence[Message]:
        """What has come; blocks up to `timeout_s` seconds for the first."""

    @abstractmethod
    def wake(self) -> None:
        """Make the `receive` that is under way return now, or the next one if none is. From any thread."""

    @abstractmethod
    def close(self) -> None:
        """Stop listening."""
