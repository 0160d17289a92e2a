"""What this process has of the broker and has not settled: on AMQP the channel holds it, for as long as it is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import TypeVar

from attrs import define

from umbel import clock
from umbel.model import Death
from umbel_rabbitmq import frames
from umbel_rabbitmq.errors import GoneError
from umbel_rabbitmq.link import Content, Link

T = TypeVar("T")


@define(slots=True, eq=False)
class Hold:
    """One delivery. The number is changed when it is held anew."""

    queue: str
    number: int
    #: Of the link: what came over an older connection has gone back.
    opening: int
    message_id: str = ""
    #: Where the broker was told that it began to run.
    begun: bool = False
    #: What befell it before.
    history: Sequence[Death] = ()
    since: float = 0.0


class Holdings:
    """All of them. Threads may share it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = Lock()
        #: In the order of their numbers; what waits here for the next call is in it as well, as None.
        self._all: dict[int, Hold | None] = {}
        self._handed_out = 0

    @property
    def handed_out(self) -> int:
        """How many are in the hands of the kernel."""
        return self._handed_out

    def came(self, number: int) -> None:
        """A delivery that nobody has asked for yet."""
        with self._lock:
            self._all[number] = None

    def hand_out(self, queue: str, content: Content) -> Hold:
        hold = Hold(queue, content.number, self._link.openings, since=clock.monotonic())
        with self._lock:
            self._all[hold.number] = hold
            self._handed_out += 1
        return hold

    def has(self, hold: Hold) -> bool:
        link = self._link
        return link.is_open and hold.opening == link.openings and self._all.get(hold.number) is hold

    def clear(self) -> None:
        """The channel is closed, and so all has gone back."""
        with self._lock:
            self._all = {}
            self._handed_out = 0

    def acknowledge(self, holds: Sequence[Hold]) -> Sequence[Hold]:
        """These are done; returns those that were not held. One answer for all that came before, where that is so."""
        with self._lock:
            mine, lost = self._split(holds)
            numbers = {hold.number for hold in mine}
            last = 0
            for number in self._all:
                if number not in numbers:
                    break
                last = number
            parts = [frames.ack(last, multiple=True)] if last else []
            parts += [frames.ack(number) for number in sorted(numbers) if number > last]
            self._forget(numbers)
            self._send(parts)
        return lost

    def reject(self, holds: Sequence[Hold]) -> Sequence[Hold]:
        """These go to where the queue's dead letters go; returns those that were not held."""
        with self._lock:
            mine, lost = self._split(holds)
            self._forget(hold.number for hold in mine)
            self._send([frames.reject(hold.number, False) for hold in mine])
        return lost

    def give_back(self, numbers: Sequence[int]) -> None:
        """What nobody has asked for goes back to its queue."""
        with self._lock:
            for number in numbers:
                self._all.pop(number, None)
            self._send([frames.reject(number, True) for number in numbers])

    def renew(self, hold: Hold, number: int) -> None:
        """The delivery is held under another number from now on. The old one is acknowledged."""
        with self._lock:
            self._all.pop(hold.number, None)
            self._all[number] = hold
            old, hold.number, hold.since = hold.number, number, clock.monotonic()
            self._send([frames.ack(old)])

    def stale(self, holds: Iterable[Hold], age_s: float) -> list[Hold]:
        """Those that have been held for longer than that."""
        limit = clock.monotonic() - age_s
        return [hold for hold in holds if hold.since < limit and self.has(hold)]

    def _split(self, holds: Sequence[Hold]) -> tuple[list[Hold], list[Hold]]:
        mine: dict[int, Hold] = {}
        lost: list[Hold] = []
        for hold in holds:
            if self.has(hold) and hold.number not in mine:
                mine[hold.number] = hold
            else:
                lost.append(hold)
        return list(mine.values()), lost

    def _forget(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            del self._all[number]
            self._handed_out -= 1

    def _send(self, parts: Sequence[bytes]) -> None:
        if parts:
            try:
                self._link.write(b"".join(parts))
            except GoneError:
                # They go back by themselves; whoever holds them next does them again.
                self._all = {}
                self._handed_out = 0
