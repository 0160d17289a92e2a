"""Leases are renewed for as long as the worker lives, however long its tasks run."""

from __future__ import annotations

import logging
import threading

from umbel import clock
from umbel.contracts.transport import Transport
from umbel.exceptions import DriverError
from umbel.worker.ledger import Ledger

_log = logging.getLogger("umbel.worker")


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
        while True:
            with self._over:
                if not self._stopping:
                    clock.wait(self._over, self._transport.lease_s / 3)
                if self._stopping:
                    return
            self._extend()

    def _extend(self) -> None:
        leased = self._ledger.leased()
        if not leased:
            return
        try:
            lost = self._transport.extend(leased)
        except DriverError as error:
            _log.warning("Cannot extend %d leases: %s", len(leased), error)
            return
        # What was settled while the broker was asked is not lost, but over.
        still = {id(delivery) for delivery in self._ledger.leased()} if lost else ()
        for delivery in (delivery for delivery in lost if id(delivery) in still):
            headers = delivery.message.headers
            _log.warning("The lease of task %s[%s] is lost; it may run twice", headers.get("task"), headers.get("id"))
