"""Commands go to where their keys are: all to one server, or each to one of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

from umbel_redis.link import Link
from umbel_redis.nodes import Nodes
from umbel_redis.script import Script
from umbel_redis.server import Server


class Routes:
    """Threads may share it. All calls block, and raise `TemporaryError` or `PermanentError`."""

    def __init__(self, server: Server) -> None:
        #: Whether keys may be spread, so that a command must not name two of them.
        self.are_many = server.location.mode == "cluster"
        self._nodes = Nodes(server)
        self._looking = Lock()

    def link(self, key: bytes) -> Link:
        """To where the key is."""
        with self._looking:
            return self._nodes.link(_tag_of(key) if self.are_many else "")

    def call(self, name: str, key: bytes, *arguments: Any) -> Any:
        """The answer to a command about one key."""
        return self.link(key).call(name, key, *arguments)

    def script(self, script: Script, keys: Sequence[bytes], arguments: Sequence[Any]) -> Any:
        """What a script returns; its keys are in one slot."""
        return self.link(keys[0]).script(script, keys, arguments)

    def pipeline(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answers to commands that have one key each, which stands after the name."""
        answers: dict[int, Any] = {}
        for link, numbers in self._by_link([command[1] for command in commands]).items():
            answers.update(zip(numbers, link.pipeline([commands[number] for number in numbers]), strict=True))
        return [answers[number] for number in range(len(commands))]

    def scripts(self, script: Script, calls: Sequence[tuple[bytes, Sequence[Any]]]) -> list[Any]:
        """What a script returns for each of these keys with its arguments; in this order for each key."""
        answers: dict[int, Any] = {}
        for link, numbers in self._by_link([key for key, _ in calls]).items():
            found = link.scripts([(script, calls[number][:1], calls[number][1]) for number in numbers])
            answers.update(zip(numbers, found, strict=True))
        return [answers[number] for number in range(len(calls))]

    def close(self) -> None:
        """Close all connections."""
        self._nodes.close()

    def _by_link(self, keys: Sequence[bytes]) -> dict[Link, list[int]]:
        """The numbers of the keys, by where they are."""
        found: dict[Link, list[int]] = {}
        for number, key in enumerate(keys):
            found.setdefault(self.link(key), []).append(number)
        return found


def _tag_of(key: bytes) -> str:
    """What of a key says which slot it is in: what stands in its first braces, if it has any with something in them.

    https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
    """
    tag, brace, _ = key.partition(b"{")[2].partition(b"}")
    return (tag if tag and brace else key).decode()
