"""Leases are renewed for as long as the worker lives, however long its tasks run."""

from __future__ import annotations

import logging
import threading

from umbel import clock
from umbel.contracts.transport import Transport
from umbel.exceptions import DriverError
from umbel.worker.ledger import Ledger

_log = logging.getLogger("umbel.worker")
#: Parts of a lease that pass between two renewals, and between a failed one and the next: a broker that is back may be
#: gone again by the time the next one would have been due.
_REGULARLY, _SOON = 1 / 3, 1 / 30


class LeaseKeeper:
    """Extends every third of a lease, on a thread of its own: nothing else may keep it waiting."""

    def __init__(self, transport: Transport, ledger: Ledger) -> None:
        self._transport = transport
        self._ledger = ledger
        self._over = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="umbel-leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Blocks until the thread has ended."""
        with self._over:
            self._stopping = True
            self._over.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause = _REGULARLY
        while self._rest(self._transport.lease_s * pause):
            pause = _REGULARLY if self._extend() else _SOON

    def _rest(self, seconds: float) -> bool:
        """Blocks for so long; False if this is the end."""
        until = clock.monotonic() + seconds
        with self._over:
            while not self._stopping and (left := until - clock.monotonic()) > 0:
                clock.wait(self._over, left)
            return not self._stopping

    def _extend(self) -> bool:
        """Whether the broker has answered."""
        leased = self._ledger.leased()
        if not leased:
            return True
        try:
            lost = self._transport.extend(leased)
        except DriverError as error:
            _log.warning("Cannot extend %d leases: %s", len(leased), error)
            return False
        # What was settled while the broker was asked is not lost, but over.
        still = {id(delivery) for delivery in self._ledger.leased()} if lost else ()
        for delivery in (delivery for delivery in lost if id(delivery) in still):
            headers = delivery.message.headers
            _log.warning("The lease of task %s[%s] is lost; it may run twice", headers.get("task"), headers.get("id"))
        return True
