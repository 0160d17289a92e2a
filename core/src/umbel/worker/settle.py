"""Stage six, *settle*: the broker is told what became of each delivery, and the lease ends."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from attrs import define

from umbel.contracts.transport import Transport
from umbel.exceptions import DriverError, UnsupportedError
from umbel.model.message import Delivery, Message, Settlement
from umbel.worker.lane import Lane
from umbel.worker.ledger import Entry, Ledger
from umbel.worker.persist import Patience, persist

_log = logging.getLogger("umbel.worker")
#: Seconds for which a settlement waits for others: whoever waits for the result has the machine for himself meanwhile,
#: and can send the next. A worker that is killed then has its task run again, as if it were killed during the task.
_LINGER_S = 0.003


@define(slots=True, eq=False)
class Settling:
    """A settlement on its way; `entry` is that of its job, or None if it never was one."""

    settlement: Settlement
    entry: Entry | None = None


class Settler:
    """Settles in batches, on a thread of its own."""

    def __init__(self, transport: Transport, ledger: Ledger, patience: Patience) -> None:
        self._transport = transport
        self._ledger = ledger
        self._patience = patience
        self.lane: Lane[Settling] = Lane("settle", self._settle, _LINGER_S)

    def put(self, settlings: Sequence[Settling]) -> None:
        """Never blocks."""
        self.lane.put(settlings)

    def _settle(self, batch: Sequence[Settling]) -> None:
        settlements = [settling.settlement for settling in batch]
        if "delayed" not in self._transport.features:  # Then it comes at once, and is asked about again.
            for settlement in settlements:
                settlement.due = None
        try:
            refused = persist("settle", lambda: self._transport.settle(settlements), self._patience)
        except DriverError as error:
            _log.error("%d deliveries could not be settled and will come back: %s", len(batch), error)
            refused = ()
        for settlement in refused:
            headers = settlement.delivery.message.headers
            _log.warning(
                "The lease of task %s[%s] was lost: another worker may have run it too",
                headers.get("task"),
                headers.get("id"),
            )
        entries = [settling.entry for settling in batch if settling.entry is not None]
        for entry in entries:
            entry.confirmed = True
        self._ledger.remove([entry.job.key for entry in entries if entry.finished])

    def begun(self, delivery: Delivery) -> None:
        """Have the broker know that one that came back before runs now. Blocks: it must know before it can be lost."""
        try:
            self._transport.begun((delivery,))
        except DriverError as error:
            _log.warning("If task %s dies now, that is not counted: %s", delivery.message.headers.get("id"), error)

    def bury(self, message: Message, reason: str) -> None:
        """Keep a message for the operator whose lease has ended already. Blocks."""
        try:
            self._transport.admin().bury((message,), reason)
        except UnsupportedError:
            _log.error("Dropped a message that %s (the transport keeps no dead letters): %r", reason, message.headers)
        except DriverError as error:
            _log.error("Lost a message that %s (%s): %r", reason, error, message.headers)
