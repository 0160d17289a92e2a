"""The messages that nobody could handle. An operator's key for one is `queue/tag`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from secrets import token_hex

from umbel.exceptions import DecodeError
from umbel.model import DeadLetter, Death, Message
from umbel_redis import histories
from umbel_redis.envelope import decode, encode
from umbel_redis.keys import Keyspace, QueueKeys
from umbel_redis.link import Command, Link
from umbel_redis.publishing import due_ms
from umbel_redis.script import load
from umbel_redis.settling import obituary

#: Tags of one script call.
AT_ONCE = 1000


def letters(link: Link, keyspace: Keyspace, queue: str, limit: int) -> list[DeadLetter]:
    """The oldest first."""
    keys = keyspace.of(queue)
    tags = link.call("ZRANGE", keys.dead_order, 0, limit - 1) if limit > 0 else ()
    if not tags:
        return []
    found = zip(tags, link.call("HMGET", keys.dead, *tags), strict=True)
    return [_letter(queue, keyspace, tag.decode(), value) for tag, value in found if value is not None]


def take_away(link: Link, keys: QueueKeys, tags: Sequence[str], back: bool) -> int:
    """Delete dead letters, and put them back on their lists if that is wanted; returns how many there were."""
    names = (keys.dead, keys.dead_order, *(keys.lists if back else ()))
    return sum(
        link.script(load("revive"), names, tags[start : start + AT_ONCE]) for start in range(0, len(tags), AT_ONCE)
    )


def bury(link: Link, keyspace: Keyspace, messages: Sequence[Message], reason: str, now: float, most: int) -> None:
    """Keep messages of one queue that nobody holds."""
    keys = keyspace.of(messages[0].queue)
    token, head, when = f"b{token_hex(4)}", obituary(reason, now, 0), due_ms(now)
    story = histories.entry(now, reason)
    commands: list[Command] = [("MULTI",)]
    for number, message in enumerate(messages):
        tag = f"{token}{number:08x}:{keyspace.step(message.priority) + 1}"
        envelope = histories.begun(encode(message), story)
        commands.append(("HSET", keys.dead, tag, b"%b\n%b" % (head.encode(), envelope)))
        commands.append(("ZADD", keys.dead_order, when, tag))
    link.pipeline([*commands, ("EXEC",)])
    prune(link, keys, most)


def prune(link: Link, keys: QueueKeys, most: int) -> None:
    """Keep no more than that."""
    tags = link.call("ZRANGE", keys.dead_order, 0, -1 - most)
    if tags:
        link.script(load("revive"), (keys.dead, keys.dead_order), tags)


def _letter(queue: str, keyspace: Keyspace, tag: str, value: bytes) -> DeadLetter:
    head, _, envelope = value.partition(b"\n")
    facts = json.loads(head)
    try:
        message, _ = decode(envelope, queue, keyspace.steps[int(tag.rpartition(":")[2]) - 1])
    except DecodeError:
        message = Message(queue, histories.as_it_came(envelope))
    reason, died = facts["reason"], facts["died"]
    # What is no envelope has no place for a history.
    history = histories.told(envelope) or (Death(died, "", reason),)
    return DeadLetter(f"{queue}/{tag}", message, reason, died, facts["lost"], history)
