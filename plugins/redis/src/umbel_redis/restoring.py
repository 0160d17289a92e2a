"""Messages that a worker of Celery's has held for longer than the visibility timeout: put back, as Celery would.

Any worker may find them in `unacked_index`; who removes a tag from `unacked` first has it, so nothing comes back twice.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from umbel import clock
from umbel_redis import histories
from umbel_redis.keys import Keyspace, Shared
from umbel_redis.link import Link
from umbel_redis.script import load
from umbel_redis.topics import matches

_log = logging.getLogger(__name__)


def restore(link: Link, keyspace: Keyspace, shared: Shared, tags: Sequence[bytes]) -> int:
    """Put back what these tags stand for; returns how many messages that were."""
    restored = 0
    for tag, value in zip(tags, link.call("HMGET", shared.unacked, *tags), strict=True):
        if value is None:
            link.call("ZREM", shared.unacked_index, tag)
            continue
        try:
            envelope, exchange, routing_key = json.loads(value)
            is_delayed = tag.startswith(b"d") and b"umbel-due" in value
            if not is_delayed:
                envelope = _marked(envelope, tag.decode(errors="replace"))
            key = _list(envelope, exchange, routing_key, link, keyspace)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            _log.error("Cannot put back %r, which somebody held for too long: %s: %.500r", tag, error, value)
            link.call("ZADD", shared.unacked_index, "XX", "INCR", "3600", tag)  # Not a hundred times a minute.
            continue
        restored += link.script(
            load("restore"), (shared.unacked, shared.unacked_index, key), (tag, value, json.dumps(envelope))
        )
    return restored


def _marked(envelope: dict[str, Any], tag: str) -> dict[str, Any]:
    """As Celery marks it, and counted where the scripts look: in front. Nobody knows whose the tag was."""
    (envelope.get("headers") or {})["redelivered"] = True
    (envelope.get("properties") or {}).get("delivery_info", {})["redelivered"] = True
    lost = int(envelope.pop("umbel-lost", None) or 0) + 1
    envelope.pop("umbel-begun", None)
    new = histories.entry(clock.time(), "its worker did not settle it within visibility_timeout", quote(tag))
    history = histories.longer(envelope.pop("umbel-history", None), new)
    return {"umbel-lost": lost, "umbel-history": history, **envelope}


def _list(envelope: dict[str, Any], exchange: str, routing_key: str, link: Link, keyspace: Keyspace) -> str:
    priority = (envelope.get("properties") or {}).get("priority")
    queue = next(_queues(exchange, routing_key, link, keyspace), routing_key or exchange)
    return keyspace.of(queue).lists[keyspace.step(priority if isinstance(priority, int) else 0)]


def _queues(exchange: str, routing_key: str, link: Link, keyspace: Keyspace) -> Iterator[str]:
    """Those that the exchange sends such messages to; the default exchange sends to the queue of that name."""
    if exchange:
        for member in link.call("SMEMBERS", keyspace.binding(exchange)):
            bound = keyspace.bound_by(member.decode())
            if len(bound) == 3 and (bound[0] == routing_key or matches((bound[0],), routing_key)):
                yield bound[2]
