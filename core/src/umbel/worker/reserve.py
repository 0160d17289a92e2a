"""Stage two, *reserve*: as many messages as there is room for are leased from the queues."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from umbel import clock
from umbel.contracts.transport import Transport
from umbel.exceptions import DriverError, TemporaryError
from umbel.model.message import Action, Delivery, Settlement
from umbel.worker.ledger import Ledger
from umbel.worker.settle import Settler, Settling

_log = logging.getLogger("umbel.worker")
#: Seconds that one `reserve` waits; it is woken when it shall end earlier.
_WAIT_S = 5.0
_MOST_PAUSE_S = 5.0


class Reserver:
    """Asks the broker again and again, on a thread of its own."""

    def __init__(
        self,
        transport: Transport,
        queues: Sequence[str],
        ledger: Ledger,
        settler: Settler,
        admit: Callable[[Sequence[Delivery]], None],
        failed: Callable[[str], None],
    ) -> None:
        self._transport = transport
        self._queues = tuple(queues)
        self._ledger = ledger
        self._settler = settler
        self._admit = admit
        self._failed = failed
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="umbel-reserve", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float | None = None) -> None:
        """Reserve nothing more. Blocks until the thread has ended."""
        self._stopping = True
        self._ledger.wake()
        self._transport.wake()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        pause_s = 0.1
        while not self._stopping:
            try:
                self._reserve()
                pause_s = 0.1
            except TemporaryError as error:
                _log.warning("Cannot reserve: %s; trying again in %.1f s", error, pause_s)
                clock.sleep(pause_s)
                pause_s = min(pause_s * 2, _MOST_PAUSE_S)
            except DriverError as error:
                self._failed(f"the transport has failed for good: {error}")
                return
            except Exception as error:
                _log.exception("The transport raised what it should not")
                self._failed(f"the transport raised {type(error).__name__}: {error}")
                return

    def _reserve(self) -> None:
        room = self._ledger.wait_for_room(_WAIT_S)
        if not room or self._stopping:
            return
        deliveries = self._transport.reserve(self._queues, room, _WAIT_S)
        if not deliveries:
            return
        if self._stopping:  # reserved while the end was decided: back with them
            self._settler.put([Settling(Settlement(delivery, Action.REQUEUE)) for delivery in deliveries])
        else:
            self._admit(deliveries)
