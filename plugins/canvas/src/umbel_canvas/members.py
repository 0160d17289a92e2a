"""The members of a group: a list, or a generator that is read once, when the group is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from umbel import signature


class Stream:
    """Signatures that are made while they are sent. Whoever looks at them before makes them a list."""

    def __init__(self, source: Iterable[Any], app: Any) -> None:
        self._source: Iterator[Any] | None = iter(source)
        self._app = app
        self._ahead: list[Any] = []

    def ahead(self) -> list[Any]:
        """The first of them, which stays where it is: what it knows is known of all."""
        if self._source is not None and not self._ahead:
            self._ahead = list(islice(self._source, 1))
        return self._ahead

    def __iter__(self) -> Iterator[Any]:
        source, self._source = self._source, None
        if source is None:
            raise RuntimeError("the generator of this group is used up: give a list to send it more than once")
        return (signature(each, app=self._app) for each in chain(self._ahead, source))

    def __json__(self) -> list[Any]:
        return list(self)


def members_of(given: tuple[Any, ...], app: Any) -> list[Any] | Stream:
    """What `group(...)` was given: signatures, or one iterable of them."""
    only = given[0] if len(given) == 1 else None
    if isinstance(only, dict):
        nested = only["kwargs"]["tasks"] if only.get("subtask_type") == "group" else [only]
        return nested if isinstance(nested, Stream) else [signature(each, app=app) for each in nested]
    if only is None or isinstance(only, (list, tuple, set, frozenset)):
        return [signature(each, app=app) for each in (given if only is None else only)]
    return only if isinstance(only, Stream) else Stream(only, app)
