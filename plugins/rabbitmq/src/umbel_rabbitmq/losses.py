"""How often a message was lost, and to whom: what AMQP does not count.

That a delivery came back is all that a classic queue says of it (`redelivered`); a quorum queue says how often, but
not whether it had begun to run. So whoever begins to run one that came back leaves a mark for it on the broker, in a
queue of its own, which goes when the message is settled. A mark that is found is a death in the middle of the run.

Most of those that come back have no mark. Whether there is a queue is asked with a message to it that must be routed
and is worth nothing: it costs as little as any other, while asking for the queue itself would close the channel.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from typing import Any

from umbel import clock
from umbel.exceptions import TemporaryError
from umbel.model import Death, Message
from umbel_rabbitmq.envelope import DEATHS, DELIVERIES
from umbel_rabbitmq.publishing import Post, Publisher

PREFIX = "umbel.begun."
#: What was held for long by one who died came back by way of such a queue.
HELD = "umbel.held."
#: On a quorum queue, so many returns without a mark are put down to those who leave none: Celery's workers.
UNMARKED = 10
#: What is kept of what befell a message.
MOST_DEATHS = 50


@cache
def here() -> str:
    """This process, as a history names it."""
    return f"{socket.gethostname()}/{os.getpid()}"


def identity(message: Message) -> str:
    """What tells a message from any other, on all its ways."""
    said = message.properties.get("message_id")
    if said:
        return str(said)
    parts = (message.queue, str(message.headers.get("id")), str(message.headers.get("retries")))
    return sha256(b"\0".join([*(part.encode() for part in parts), message.body])).hexdigest()[:32]


def is_back(redelivered: bool, headers: Mapping[str, Any]) -> bool:
    """Whether somebody had it and did not settle it."""
    deaths = headers.get(DEATHS) or ()
    return redelivered or any(isinstance(one, dict) and str(one.get("queue", "")).startswith(HELD) for one in deaths)


class Losses:
    """Blocks; uses the connection that publishes."""

    def __init__(self, publisher: Publisher, suspicion_s: float) -> None:
        self._publisher = publisher
        self._arguments = {"x-expires": max(1000, int(suspicion_s * 1000))}

    def deaths(self, message_ids: Sequence[str]) -> dict[str, list[Death]]:
        """Who died while running these, by message; those of which nobody did are not in it."""
        with self._publisher.lock:
            return {one: self._marks(PREFIX + one) for one in self._marked(message_ids)}

    def begun(self, message_id: str) -> None:
        """It runs from now on, here."""
        name = PREFIX + message_id
        mark = json.dumps([clock.time(), here()]).encode()
        with self._publisher.lock:
            link = self._publisher.link
            link.open()
            with link.calling():
                link.desk.queue_declare(name, durable=True, auto_delete=False, arguments=self._arguments)
            self._publisher.send([self._publisher.post(Message("", mark), "", "", name)])

    def forget(self, message_ids: Iterable[str]) -> None:
        """These are settled. What cannot be said now goes by itself in time."""
        with suppress(TemporaryError), self._publisher.lock:
            link = self._publisher.link
            link.open()
            with link.calling():
                for message_id in message_ids:
                    link.desk.queue_delete(PREFIX + message_id)

    def _marked(self, message_ids: Sequence[str]) -> list[str]:
        probes = [self._probe(message_id) for message_id in message_ids]
        self._publisher.deliver(probes)
        return [message_id for message_id, probe in zip(message_ids, probes, strict=True) if not probe.problem]

    def _probe(self, message_id: str) -> Post:
        """Routed only if the queue is there, and worth nothing as soon as it is in it."""
        worthless = Message("", b"", properties={"expiration": "0", "delivery_mode": 1})
        return self._publisher.post(worthless, "", "", PREFIX + message_id)

    def _marks(self, name: str) -> list[Death]:
        """What is in the queue; it stays there."""
        link = self._publisher.link
        found: list[Death] = []
        with link.calling():
            while (got := link.desk.basic_get(name)) is not None:
                if got.body:
                    at, worker = json.loads(got.body)
                    found.append(Death(at, worker, "its process died while it ran"))
            link.desk.basic_recover(requeue=True)
        return found


def history(said: Any, is_back: bool, deaths: Sequence[Death]) -> list[Death]:
    """What befell a message: what its header says, the loss that made it a suspect, and those since."""
    found = from_header(said)
    if is_back:
        # Nobody knows when, or who had it.
        at = deaths[0].at if deaths else clock.time()
        found.append(Death(at, "", "the connection that held it was closed"))
    return [*found, *deaths]


def lost(redelivered: bool, headers: Mapping[str, Any], before: int, deaths: int) -> int:
    """How often a message was lost: `before` it was last put on its queue, and since then."""
    if not is_back(redelivered, headers):
        return before
    counted = max(before, 1) + deaths
    returned = headers.get(DELIVERIES)
    return max(counted, returned - UNMARKED) if isinstance(returned, int) else counted


def as_header(history: Sequence[Death]) -> list[list[Any]]:
    return [[one.at, one.worker, one.what[:500]] for one in history[-MOST_DEATHS:]]


def from_header(value: Any) -> list[Death]:
    entries = value if isinstance(value, list) else ()
    return [Death(*entry) for entry in entries if isinstance(entry, list) and len(entry) == 3]
