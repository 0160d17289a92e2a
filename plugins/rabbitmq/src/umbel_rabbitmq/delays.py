"""Delayed messages wait in queues of the broker, in the topology that Celery's workers make for them.

There are 28 levels, `celery_delayed_27` down to `celery_delayed_0`, each an exchange and a queue whose messages stay
for 2 to the power of its number seconds. The routing key begins with the delay in binary, a digit for each level: with
1 a message goes into the queue of the level, and from there to the next exchange; with 0 it goes to that at once. From
the last one it comes to `celery_delayed_delivery`, where the queues are bound by what stands behind the digits.

Celery's own clients let a key of the queue's exchange stand there. Here it is a word of our own for the queue, so that
no two queues are mistaken for one another, and a queue behind a direct exchange can be reached as well.
"""

from __future__ import annotations

from hashlib import sha256
from math import ceil
from typing import Any

from umbel_rabbitmq.places import Place
from umbel_rabbitmq.settings import RabbitmqSettings

LEVELS = 28
ENTRANCE, DELIVERY = "celery_delayed_27", "celery_delayed_delivery"
#: Eight years and a half: what is due later comes then, and is delayed again.
LONGEST_S = 2**LEVELS - 1
#: Levels are topics: dots divide words, stars and hashes stand for some.
_ESCAPED = str.maketrans({"%": "%25", ".": "%2E", "*": "%2A", "#": "%23"})


def word(queue: str) -> str:
    """One word of a routing key, and no other queue's; a key has 255 bytes, and the digits take 56."""
    name = f"umbel:{queue.translate(_ESCAPED)}"
    return name if len(name.encode()) <= 190 else f"umbel:{sha256(queue.encode()).hexdigest()}"


def routing_key(delay_s: float, queue: str) -> str:
    """Where a message begins its way. Whole seconds, and never too few."""
    seconds = min(LONGEST_S, max(1, ceil(delay_s)))
    return ".".join(f"{seconds:0{LEVELS}b}") + f".{word(queue)}"


class Delays:
    def __init__(self, settings: RabbitmqSettings) -> None:
        self._type = settings.native_delayed_delivery_queue_type
        self._declared: Any = None

    def declare(self, desk: Any, place: Place) -> None:
        """The levels, and the way from them to a queue. On py-amqp's channel `desk`."""
        if self._declared is not desk:
            self._declare_levels(desk)
            self._declared = desk
        desk.queue_bind(place.name, DELIVERY, f"#.{word(place.name)}")
        for binding in place.bindings:
            # What Celery's clients send: they know exchanges, and of those not the direct ones.
            if binding.exchange.name and binding.exchange.type != "direct":
                key = binding.routing_key if binding.routing_key.startswith("#") else f"#.{binding.routing_key}"
                desk.exchange_bind(binding.exchange.name, DELIVERY, key)
                desk.queue_bind(place.name, binding.exchange.name, key)

    def _declare_levels(self, desk: Any) -> None:
        """All of it each time: somebody may have been interrupted, and what is there already costs little."""
        for level in reversed(range(LEVELS)):
            self._declare_level(desk, level)
        for level in range(LEVELS - 1, 0, -1):
            desk.exchange_bind(_name(level - 1), _name(level), "*." * (LEVELS - 1 - level) + "0.#", nowait=True)
        desk.exchange_declare(DELIVERY, "topic", durable=True, auto_delete=False, nowait=True)
        desk.exchange_bind(DELIVERY, _name(0), "*." * (LEVELS - 1) + "0.#")  # waits, and so for all before it

    def _declare_level(self, desk: Any, level: int) -> None:
        name = _name(level)
        arguments = {
            "x-queue-type": self._type,
            "x-overflow": "reject-publish",
            "x-message-ttl": 2**level * 1000,
            "x-dead-letter-exchange": _name(level - 1) if level else DELIVERY,
        }
        if self._type == "quorum":
            arguments["x-dead-letter-strategy"] = "at-least-once"
        desk.exchange_declare(name, "topic", durable=True, auto_delete=False, nowait=True)
        desk.queue_declare(name, durable=True, auto_delete=False, arguments=arguments, nowait=True)
        desk.queue_bind(name, name, "*." * (LEVELS - 1 - level) + "1.#", nowait=True)


def _name(level: int) -> str:
    return f"celery_delayed_{level}"
