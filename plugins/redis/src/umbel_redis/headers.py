"""Counting the headers of chords, each step one script; workers of Celery count in the same keys.

The scripts are told the key of a chord, and know what stands after it (`result_keys`): it is sent once, and not five
times. In a cluster all of it is in one slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from umbel.contracts import Count, Headers
from umbel_redis.result_keys import ResultKeys
from umbel_redis.routes import Routes
from umbel_redis.script import load


class RedisHeaders(Headers):
    """In a cluster the values beside a header may be elsewhere: there they take a step of their own."""

    def __init__(self, routes: Routes, keys: ResultKeys, ordered: bool) -> None:
        self._routes = routes
        self._keys = keys
        self._ordered = ordered

    def begin(
        self,
        key: str,
        size: int,
        values: Mapping[str, bytes],
        listed: Sequence[tuple[str, str]] = (),
        ttl_s: float | None = None,
        anew: bool = False,
    ) -> bool:
        life = "" if ttl_s is None else milliseconds(ttl_s)
        names = [self._keys.value(name) for name in values]
        lists = [self._keys.tally(name) for name, _ in listed]
        members = [member for _, member in listed]
        script, own = load("begin_chord"), self._keys.value(key)
        if not self._routes.are_many:
            arguments = [size, life, int(anew), len(names), *values.values(), *members]
            return bool(self._routes.script(script, [own, *names, *lists], arguments))
        if not self._routes.script(script, [own], [size, life, int(anew), 0]):
            return False
        kept = zip(names, values.values(), strict=True)
        self._routes.pipeline([("SET", name, value, *lasting(ttl_s)) for name, value in kept])
        counted = zip(lists, members, strict=True)
        self._routes.scripts(load("tally"), [(name, (member, b"", life)) for name, member in counted])
        return True

    def count(
        self, counts: Sequence[Count], owner: str, claim_s: float, ttl_s: float | None = None
    ) -> Sequence[tuple[Mapping[str, bytes], bytes | None] | None]:
        if not counts:
            return []
        asked = (owner, milliseconds(claim_s), "" if ttl_s is None else milliseconds(ttl_s), int(self._ordered))
        calls = [(load("count_chord"), self._names(each), [*asked, *_members(each)]) for each in counts]
        if self._routes.are_many:
            answers = [self._routes.script(*call) for call in calls]
        else:
            answers = self._routes.link(calls[0][1][0]).scripts(calls)
        return [self._complete(each, answer) for each, answer in zip(counts, answers, strict=True)]

    def end(self, keys: Sequence[str], values: Sequence[str], done_s: float) -> None:
        owned = [self._keys.value(key) for key in keys]
        dropped = [self._keys.value(name) for name in values]
        script, life = load("end_chord"), (milliseconds(done_s),)
        if self._routes.are_many:
            self._routes.scripts(script, [(key, life) for key in owned])
            self._routes.pipeline([("UNLINK", name) for name in dropped])
        elif owned:
            # Each takes its share of the values: a script can name some thousands of keys.
            calls = [(script, [key, *dropped[number :: len(owned)]], life) for number, key in enumerate(owned)]
            self._routes.link(owned[0]).scripts(calls)

    def _names(self, count: Count) -> list[bytes]:
        wanted = [] if count.wanted is None or self._routes.are_many else [self._keys.value(count.wanted)]
        return [self._keys.value(count.key), *wanted]

    def _complete(self, count: Count, answer: Any) -> tuple[Mapping[str, bytes], bytes | None] | None:
        if answer is None:
            return None
        value = answer[2] if len(answer) > 2 else None
        if count.wanted is not None and self._routes.are_many:
            value = self._routes.call("GET", self._keys.value(count.wanted))
        return returned(answer[0], answer[1], self._ordered), value


def _members(count: Count) -> Iterable[Any]:
    for name, value in count.members.items():
        yield from (name, value, place_in(name))


def returned(flat: Sequence[bytes], names: Iterable[bytes], ordered: bool = True) -> dict[str, bytes]:
    """What the members of a header have returned, in its order; without an order they cannot be told apart, and are
    numbered."""
    if not ordered:
        return {str(number): value for number, value in enumerate(flat)}
    # Those that were added to a running chord share the place of who added them.
    members: dict[float, list[str]] = {}
    for name in sorted(name.decode() for name in names):
        members.setdefault(float(place_in(name)), []).append(name)
    found = zip(flat[::2], map(float, flat[1::2]), strict=True)
    return {
        members[place].pop() if members.get(place) else f"{number}?:{place:g}": value
        for number, (value, place) in enumerate(found)
    }


def place_in(member: str) -> str:
    """Where in the header it is; those that do not say come last, as with Celery."""
    place = member.rpartition(":")[2]
    return place if place.isdecimal() else "+inf"


def milliseconds(seconds: float) -> int:
    """A time to live, which Redis wants to be one at least."""
    return max(1, round(seconds * 1000))


def lasting(ttl_s: float | None) -> tuple[Any, ...]:
    """The end of a SET."""
    return () if ttl_s is None else ("PX", milliseconds(ttl_s))
