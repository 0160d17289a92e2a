"""A message on its way, and what is decided about it on arrival."""

from __future__ import annotations

from enum import Enum
from typing import Any

from attrs import Factory, define, frozen


@define(slots=True, eq=False)
class Message:
    """One task (or control, or event) message. Headers decide, the body travels as bytes.

    `headers` and `properties` hold plain data only (str, int, float, bool, None, list, dict) and are Celery's
    message protocol 2: https://docs.celeryq.dev/en/stable/internals/protocol.html
    """

    queue: str
    body: bytes
    headers: dict[str, Any] = Factory(dict)
    properties: dict[str, Any] = Factory(dict)
    content_type: str = "application/json"
    content_encoding: str = "utf-8"
    #: 0 to 9. Which end is served first is the driver's `Transport.first_priority`.
    priority: int = 0
    #: Seconds since the epoch before which the message must not be delivered; None: at once.
    due: float | None = None
    #: Seconds since the epoch after which the transport may drop the message; None: never.
    expires: float | None = None
    exchange: str = ""
    routing_key: str = ""


@define(slots=True, eq=False)
class Delivery:
    """A message that was leased to this process. `tag` is the driver's own handle; nobody else looks into it."""

    message: Message
    tag: Any
    #: How often the message came back from somebody who did not settle it (0 at first). Who has it once is a suspect:
    #: from then on it counts only if it really ran (`Transport.begun`).
    lost: int = 0

    @property
    def redelivered(self) -> bool:
        return self.lost > 0


class Action(Enum):
    """What becomes of a delivery."""

    #: Done: the message is gone.
    ACK = "ack"
    #: Back to its queue, in front if the driver can; `Settlement.due` delays it.
    REQUEUE = "requeue"
    #: To the dead letters, where an operator can see it; dropped by drivers that have none.
    DEAD = "dead"


@define(slots=True, eq=False)
class Settlement:
    """The end of a lease."""

    delivery: Delivery
    action: Action = Action.ACK
    #: With REQUEUE: not before this time (seconds since the epoch).
    due: float | None = None
    #: With DEAD, or if it was lost: why, for the operator.
    reason: str = ""
    #: With REQUEUE: the process that ran it died, so `Delivery.lost` grows by one.
    lost: bool = False


@frozen
class Depth:
    """How many messages a queue holds, by what they wait for. None where the driver cannot tell."""

    queue: str
    ready: int
    reserved: int | None = None
    delayed: int | None = None
    dead: int | None = None
    paused: bool = False


@frozen
class Death:
    """Somebody died with a message, or gave it up. `worker` is `hostname/pid`, what is known of it, or empty."""

    #: Seconds since the epoch.
    at: float
    worker: str
    what: str


@frozen
class DeadLetter:
    """A message that nobody could handle. `key` names it in the driver's store."""

    key: str
    message: Message
    reason: str
    #: Seconds since the epoch.
    died: float
    lost: int = 0
    #: What befell it, oldest first, and last what brought it here (feature `history`). The oldest of much may be gone.
    history: tuple[Death, ...] = ()
