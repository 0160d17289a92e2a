"""Stage two, *reserve*: as many messages as there is room for are leased from the queues."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from attrs import Factory, define

from umbel import clock
from umbel.contracts.transport import Transport
from umbel.exceptions import DriverError, TemporaryError
from umbel.model.message import Action, Delivery, Settlement
from umbel.worker.ledger import Ledger
from umbel.worker.settle import Settler, Settling

_log = logging.getLogger("umbel.worker")
#: Seconds that one `reserve` waits; it is woken when it shall end earlier.
_WAIT_S = 5.0
#: Seconds that the thread which runs jobs waits for room, before it looks at what else there is to do.
_ROOM_S = 0.5
#: While jobs are at hand, a queue that has given all it had is not asked again for this long, in seconds.
_QUIET_S = 0.05
# A broker that is back is heard of within the longer of them.
_LEAST_PAUSE_S, _MOST_PAUSE_S = 0.1, 2.0


@define(slots=True, eq=False)
class Reserver:
    """Asks the broker again and again, on a thread of its own.

    Where the pool runs jobs in place (`turn`), the thread only fetches more while there are jobs at hand. When there
    are none it is the pool's own thread that asks and waits, so that what comes is run without a change of threads.
    """

    _transport: Transport
    queues: tuple[str, ...]
    _ledger: Ledger
    _settler: Settler
    _admit: Callable[[Sequence[Delivery]], None]
    _failed: Callable[[str], None]
    _in_place: bool = False
    _stopping: bool = False
    _pause_s: float = 0.0
    _quiet_until: float = 0.0
    #: When it last came back from the broker, or from waiting for room (`clock.monotonic()`).
    looked: float = Factory(clock.monotonic)
    #: What the broker's last answer was, if that was an error, and since when.
    trouble: tuple[str, float] | None = None
    _thread: threading.Thread | None = None
    _asked: threading.Semaphore = Factory(lambda: threading.Semaphore(0))
    _is_asked: bool = False
    _asking: threading.Lock = Factory(threading.Lock)

    def start(self) -> None:
        run = self._fetch if self._in_place else self._run
        self._thread = threading.Thread(target=run, name="umbel-reserve", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float | None = None) -> None:
        """Reserve nothing more. Blocks until the thread has ended."""
        self._stopping = True
        self._asked.release()
        self._ledger.wake()
        self._transport.wake()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def consume(self, queues: Sequence[str]) -> None:
        """From these, beginning now."""
        self.queues = tuple(dict.fromkeys(queues))
        self._transport.wake()

    def turn(self, idle: bool) -> float:
        """Look once if the pool is `idle`, which blocks; else have the thread look if there is room. Returns seconds to
        let pass first, after an error."""
        if idle and (not self._is_asked or self._asked.acquire(blocking=False)):
            self._is_asked = False
            return self._look(_WAIT_S, _ROOM_S)
        if idle:
            with self._asking:  # What the thread is about to bring is waited for.
                return self._pause_s
        if not self._is_asked and self._ledger.room() and clock.monotonic() >= self._quiet_until:
            self._is_asked = True
            self._asked.release()
        return 0.0

    def _fetch(self) -> None:
        while not self._stopping:
            self._asked.acquire()
            with self._asking:
                self._look(0.0, 0.0)
                self._is_asked = False

    def _run(self) -> None:
        while not self._stopping:
            pause_s = self._look(_WAIT_S, _WAIT_S)
            if pause_s:
                clock.sleep(pause_s)

    def _look(self, wait_s: float, room_s: float) -> float:
        try:
            self._reserve(wait_s, room_s)
            self._pause_s, self.trouble = 0.0, None
        except TemporaryError as error:
            self.trouble = str(error), self.trouble[1] if self.trouble else clock.monotonic()
            self._pause_s = min(self._pause_s * 2 or _LEAST_PAUSE_S, _MOST_PAUSE_S)
            _log.warning("Cannot reserve: %s; trying again in %.1f s", error, self._pause_s)
        except DriverError as error:
            self._fail(f"the transport has failed for good: {error}")
        except Exception as error:
            _log.exception("The transport raised what it should not")
            self._fail(f"the transport raised {type(error).__name__}: {error}")
        self.looked = clock.monotonic()
        return self._pause_s

    def _fail(self, reason: str) -> None:
        self._stopping, self._pause_s = True, 0.0
        self._failed(reason)

    def _reserve(self, wait_s: float, room_s: float) -> None:
        if not self._ledger.room():
            self._settler.lane.hurry()
        room = self._ledger.wait_for_room(room_s)
        if not room or self._stopping:
            return
        deliveries = self._transport.reserve(self.queues, room, wait_s)
        if len(deliveries) < room:
            self._quiet_until = clock.monotonic() + _QUIET_S
        if self._stopping:  # reserved while the end was decided: back with them
            self._settler.put([Settling(Settlement(delivery, Action.REQUEUE)) for delivery in deliveries])
        elif deliveries:
            self._admit(deliveries)
