"""What lives in this process under a name, as a server would under an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Names(Generic[T]):
    """Things by the name in their URL, made when they are first asked for; they live until `forget`."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._things: dict[str, T] = {}

    def at(self, url: str) -> T:
        """The one that everybody gets who has this URL."""
        return self._things.setdefault(url.partition("://")[2], self._make())

    def forget(self) -> None:
        """Start afresh: whoever asks from now on gets a new one."""
        self._things.clear()
