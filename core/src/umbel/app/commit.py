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
                if len(self._waiting) > 1:
                    clock.sleep(0)  # Those who have just been served may have their next call ready.
                self._commit_all()
        finally:
            self._turn.release()
            with suppress(IndexError):  # Whoever came too late for this one leads the next.
                self._waiting[0].wake()

    def _commit_all(self) -> None:
        tickets = self._take_all()
        began = clock.monotonic()
        try:
            self._commit(tickets[0].items if len(tickets) == 1 else [item for each in tickets for item in each.items])
        except BaseException as error:  # the caller gets it, whoever did the work
            if isinstance(error, TemporaryError) and clock.monotonic() - began > _SLOW_S:
                tickets += self._take_all()
            elif len(tickets) > 1:
                for ticket in tickets:
                    self._commit_one(ticket)
                if not isinstance(error, Exception):
                    raise  # Ctrl-C is for this thread alone.
                return
            for ticket in tickets:
                ticket.error = error
        for ticket in tickets:
            ticket.done = True
            ticket.wake()

    def _commit_one(self, ticket: _Ticket[T]) -> None:
        try:
            self._commit(ticket.items)
        except BaseException as error:
            ticket.error = error
        ticket.done = True
        ticket.wake()

    def _take_all(self) -> list[_Ticket[T]]:
        return [self._waiting.popleft() for _ in range(len(self._waiting))]
