"""What this process has of the broker and has not settled: on AMQP the channel holds it, for as long as it is open."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from threading import Lock

from attrs import define

from umbel import clock
from umbel.model import Death
from umbel_rabbitmq import frames
from umbel_rabbitmq.errors import GoneError
from umbel_rabbitmq.link import Content, Link

#: Seconds for which acknowledgements may be held back.
LONGEST_S = 0.02


@define(slots=True, eq=False)
class Hold:
    """One delivery. What it is held by, and under which number, changes when it is held anew."""

    queue: str
    keeper: Holdings
    number: int
    #: Of the keeper's link: what came over an older connection has gone back.
    opening: int
    since: float
    consumer: str = ""
    message_id: str = ""
    #: Where the broker was told that it began to run.
    begun: bool = False
    #: What befell it before.
    history: Sequence[Death] = ()

    @property
    def is_held(self) -> bool:
        return self.keeper.has(self)


class Holdings:
    """All that came over one link. Threads may share it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = Lock()
        #: In the order of their numbers; what waits here for the next call is in it as well, with its consumer's name.
        self._all: dict[int, Hold | str] = {}
        #: How many are in the hands of the kernel.
        self.handed_out = 0
        #: Acknowledgements that wait, and of whose deliveries they are.
        self._waiting: list[bytes] = []
        self._owed: Counter[str] = Counter()
        self._is_holding_back = False
        self._until = 0.0

    def came(self, number: int, consumer: str = "") -> None:
        """A delivery that nobody has yet."""
        with self._lock:
            self._all[number] = consumer

    def unsettled(self, consumer: str) -> int:
        """How many of those that came to a consumer are here."""
        with self._lock:
            here = sum((one if isinstance(one, str) else one.consumer) == consumer for one in self._all.values())
            return here + self._owed[consumer]

    def hold_back(self, acknowledgements: bool) -> None:
        """Whether acknowledgements wait; if not, those that have waited are sent."""
        with self._lock:
            if acknowledgements and not self._is_holding_back:
                self._until = clock.monotonic() + LONGEST_S
            self._is_holding_back = acknowledgements
            if not acknowledgements:
                self._send_waiting()

    def hand_out(self, queue: str, content: Content) -> Hold:
        hold = Hold(queue, self, content.number, self._link.openings, clock.monotonic(), content.consumer)
        with self._lock:
            self._all[hold.number] = hold
            self.handed_out += 1
        return hold

    def has(self, hold: Hold) -> bool:
        """Whether it came over this link, and was not settled."""
        link = self._link
        return link.is_open and hold.opening == link.openings and self._all.get(hold.number) is hold

    def clear(self) -> None:
        """The channel is closed, and so all has gone back."""
        with self._lock:
            self._all, self._waiting = {}, []
            self._owed.clear()
            self.handed_out = 0

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
            parts += [frames.ack(hold.number) for hold in mine if hold.number > last]
            self._is_holding_back = self._is_holding_back and clock.monotonic() < self._until
            if self._is_holding_back:
                self._owed.update(hold.consumer for hold in mine)
            self._forget(numbers)
            self._waiting += parts
            if not self._is_holding_back:
                self._send_waiting()
        return lost

    def reject(self, holds: Sequence[Hold]) -> Sequence[Hold]:
        """These go to where the queue's dead letters go; returns those that were not held."""
        with self._lock:
            mine, lost = self._split(holds)
            self._forget([hold.number for hold in mine])
            self._send([frames.reject(hold.number, False) for hold in mine])
        return lost

    def give_back(self, numbers: Sequence[int]) -> None:
        """What nobody has goes back to its queue."""
        self._end([frames.reject(number, True) for number in numbers], numbers)

    # Holding anew

    def pass_on(self, hold: Hold, other: Holdings, number: int) -> bool:
        """Its copy is held by another from now on, under that number; False if it is not held any more."""
        with self._lock:
            if not self.has(hold):
                return False
            old = hold.number
            self._forget([old])
            other._take_over(hold, number)
            self._send([frames.ack(old)])
        return True

    def _take_over(self, hold: Hold, number: int) -> None:
        hold.keeper, hold.number, hold.opening, hold.since = self, number, self._link.openings, clock.monotonic()
        self._all[number] = hold
        self.handed_out += 1

    def drop(self, number: int) -> None:
        """A copy that nobody needs."""
        self._end([frames.ack(number)], [number])

    def _end(self, parts: Sequence[bytes], numbers: Iterable[int]) -> None:
        with self._lock:
            for number in numbers:
                self._all.pop(number, None)
            self._send(parts)

    def _split(self, holds: Sequence[Hold]) -> tuple[list[Hold], list[Hold]]:
        mine: dict[int, Hold] = {}
        lost: list[Hold] = []
        opening = self._link.openings if self._link.is_open else -1
        for hold in holds:
            number = hold.number
            if hold.opening == opening and self._all.get(number) is hold and number not in mine:
                mine[number] = hold
            else:
                lost.append(hold)
        return list(mine.values()), lost

    def _forget(self, numbers: Collection[int]) -> None:
        for number in numbers:
            del self._all[number]
        self.handed_out -= len(numbers)

    def _send_waiting(self) -> None:
        if self._waiting:
            parts, self._waiting = self._waiting, []
            self._owed.clear()
            self._send(parts)

    def _send(self, parts: Sequence[bytes]) -> None:
        if parts:
            try:
                self._link.write(b"".join(parts))
            except GoneError:
                # They go back by themselves; whoever holds them next does them again.
                self._all = {}
                self.handed_out = 0


def by_keeper(holds: Iterable[Hold]) -> dict[Holdings, list[Hold]]:
    """The holds of each."""
    found: defaultdict[Holdings, list[Hold]] = defaultdict(list)
    for hold in holds:
        found[hold.keeper].append(hold)
    return found
