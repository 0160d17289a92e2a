"""Small facts on which all workers agree; those about groups and chords stand where Celery's workers look for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from umbel.contracts import SharedState
from umbel_redis.headers import RedisHeaders, lasting, milliseconds, place_in, returned
from umbel_redis.result_keys import ResultKeys
from umbel_redis.routes import Routes
from umbel_redis.script import Script, load


class RedisSharedState(SharedState):
    """Each method is one command or one script.

    A chord is a key `celery-taskset-meta-GROUP`: `tally` counts a member of its header, which is called `TASK:PLACE`,
    with the value that Celery writes there; `claim` is the right to publish the body; its size is the value of
    `celery-taskset-meta-GROUP.s`, and the value `done` of `….c` ends it.
    """

    def __init__(self, routes: Routes, keys: ResultKeys, ordered: bool = True) -> None:
        """`ordered`: Celery's `result_chord_ordered`."""
        self._routes = routes
        self._keys = keys
        self._ordered = ordered

    def put(self, key: str, value: bytes, ttl_s: float | None = None) -> None:
        self.put_all({key: value}, ttl_s)

    def put_all(self, values: Mapping[str, bytes], ttl_s: float | None = None) -> None:
        self._routes.pipeline([("SET", self._keys.value(key), value, *lasting(ttl_s)) for key, value in values.items()])

    def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        found: list[bytes | None] = self._routes.pipeline([("GET", self._keys.value(key)) for key in keys])
        return found

    def delete(self, keys: Sequence[str]) -> None:
        names = [name for key in keys for name in self._keys.everything(key)]
        if self._routes.are_many:
            self._routes.pipeline([("UNLINK", name) for name in names])
        elif names:
            self._routes.call("UNLINK", *names)

    def claim(self, key: str, owner: str, ttl_s: float) -> bool:
        return self.claim_all([key], owner, ttl_s)[0]

    def claim_all(self, keys: Sequence[str], owner: str, ttl_s: float) -> Sequence[bool]:
        arguments = [owner, milliseconds(ttl_s)]
        answers = self._routes.scripts(load("claim"), [(self._keys.claim(key), arguments) for key in keys])
        return [bool(answer) for answer in answers]

    def release(self, key: str, owner: str) -> bool:
        return bool(self._routes.script(load("release"), [self._keys.claim(key)], [owner]))

    def tally(self, key: str, member: str, value: bytes, ttl_s: float | None = None) -> int:
        return int(self._routes.script(*self._count(key, member, value, ttl_s)))

    def tally_all(self, counts: Sequence[tuple[str, str, bytes]], ttl_s: float | None = None) -> Sequence[int]:
        if self._routes.are_many or not counts:
            return super().tally_all(counts, ttl_s)
        calls = [self._count(*count, ttl_s) for count in counts]
        return [int(count) for count in self._routes.link(calls[0][1][0]).scripts(calls)]

    def _count(
        self, key: str, member: str, value: bytes, ttl_s: float | None
    ) -> tuple[Script, Sequence[bytes], Sequence[Any]]:
        """The script that counts a member, its keys and arguments."""
        life = "" if ttl_s is None else milliseconds(ttl_s)
        if self._keys.is_chord(key):
            return (
                load("tally_chord"),
                self._keys.chord(key),
                [member, value, place_in(member), int(self._ordered), life],
            )
        return load("tally"), [self._keys.tally(key)], [member, value, life]

    def tallied(self, key: str) -> dict[str, bytes]:
        return self.tallied_all([key])[0]

    def tallied_all(self, keys: Sequence[str]) -> Sequence[dict[str, bytes]]:
        questions = [self._questions(key) for key in keys]
        answers = iter(self._routes.pipeline([command for asked in questions for command in asked]))
        return [self._members(key, [next(answers) for _ in asked]) for key, asked in zip(keys, questions, strict=True)]

    def _questions(self, key: str) -> list[tuple[Any, ...]]:
        """The commands that ask for the members of a tally."""
        if not self._keys.is_chord(key):
            return [("HGETALL", self._keys.tally(key))]
        returned, counted, *_ = self._keys.chord(key)
        if not self._ordered:
            return [("LRANGE", returned, 0, -1)]
        return [("ZRANGE", returned, 0, -1, "WITHSCORES"), ("SMEMBERS", counted)]

    def _members(self, key: str, answers: Sequence[Any]) -> dict[str, bytes]:
        """What they answered."""
        flat = answers[0]
        if not self._keys.is_chord(key):
            return {member.decode(): value for member, value in zip(flat[::2], flat[1::2], strict=True)}
        return returned(flat, answers[1] if self._ordered else (), self._ordered)

    def headers(self) -> RedisHeaders:
        return RedisHeaders(self._routes, self._keys, self._ordered)
