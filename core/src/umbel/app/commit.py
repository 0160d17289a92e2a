"""Natural batching among callers: who comes while a round trip is under way goes along with the next one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from umbel import clock
from umbel.exceptions import TemporaryError

T = TypeVar("T")
#: Seconds after which a `TemporaryError` is not about an item, but about a broker that does not answer.
_SLOW_S = 0.2


class _Ticket(Generic[T]):
    __slots__ = ("done", "error", "items", "sleeper")

    def __init__(self, items: Sequence[T]) -> None:
        self.items = items
        self.done = False
        self.error: BaseException | None = None
        #: What its caller sleeps on.
        self.sleeper = threading.Lock()
        self.sleeper.acquire()

    def end(self, error: BaseException | None) -> None:
        self.error, self.done = error, True
        self.wake()

    def wake(self) -> None:
        with suppress(RuntimeError):  # It is awake.
            self.sleeper.release()


class GroupCommit(Generic[T]):
    """`submit` commits at once if nobody else is committing, else together with all who wait.

    A caller alone pays no thread switch; many callers share the round trips. When a batch of several fails, each
    caller's items are tried by themselves, so that one bad item spoils nobody else's; but if the
    broker did not answer, all who wait have failed with it: nobody waits for the timeouts of others.
    """

    def __init__(self, commit: Callable[[Sequence[T]], None]) -> None:
        self._commit = commit
        self._waiting: deque[_Ticket[T]] = deque()
        self._turn = threading.Lock()
        #: How many callers the last batch was of.
        self._served = 0

    def submit(self, items: Sequence[T]) -> None:
        """Commit `items`; blocks until they are committed and raises what `commit` raised for them."""
        ticket = _Ticket(items)
        self._waiting.append(ticket)
        while not ticket.done:
            if self._turn.acquire(blocking=False):
                self._lead(ticket)
            else:
                ticket.sleeper.acquire(timeout=_SLOW_S)
        if ticket.error is not None:
            raise ticket.error

    def _lead(self, ticket: _Ticket[T]) -> None:
        try:
            if not ticket.done:
                # Those who were served last may have their next call ready. It stands back for as long as more of them
                # come: else the first of them goes alone, and all the others wait for that.
                came = 0
                while came < len(self._waiting) < self._served:
                    came = len(self._waiting)
                    clock.sleep(0)
                self._commit_all()
        finally:
            self._turn.release()
            with suppress(IndexError):  # Whoever came too late for this one leads the next.
                self._waiting[0].wake()

    def _commit_all(self) -> None:
        tickets = self._take_all()
        self._served = len(tickets)
        began = clock.monotonic()
        error = self._tried(tickets)
        if isinstance(error, TemporaryError) and clock.monotonic() - began > _SLOW_S:
            tickets += self._take_all()
        elif error is not None and len(tickets) > 1:
            for ticket in tickets:
                ticket.end(self._tried((ticket,)))
            if not isinstance(error, Exception):
                raise error  # Ctrl-C is for this thread alone.
            return
        for ticket in tickets:
            ticket.end(error)

    def _tried(self, tickets: Sequence[_Ticket[T]]) -> BaseException | None:
        """What went wrong: its caller gets it, whoever did the work."""
        try:
            self._commit(tickets[0].items if len(tickets) == 1 else [item for each in tickets for item in each.items])
        except BaseException as error:
            return error
        return None

    def _take_all(self) -> list[_Ticket[T]]:
        return [self._waiting.popleft() for _ in range(len(self._waiting))]
