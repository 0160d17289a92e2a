"""The boot step: a gate that looks up what came back."""

from __future__ import annotations

import logging

from umbel import states
from umbel.contracts.backend import Backend
from umbel.contracts.bootstep import Bootstep, Gate, Verdict, WorkerContext
from umbel.exceptions import DriverError, ImproperlyConfigured
from umbel.model.message import Delivery
from umbel.plugin.specs import hookimpl

_log = logging.getLogger("umbel.worker")


class Deduplication(Bootstep):
    """Keeps the setting `worker_deduplicate_successful_tasks`.

    A worker can die after it has stored a result and before the broker knows that the task is done; so a message that
    came back is looked up. Others are not: that costs nothing. Successors are published before a success is stored, so
    nothing is lost with the message.
    """

    contract_version = 1
    name = "dedup"

    def __init__(self) -> None:
        self._backend: Backend | None = None

    def start(self, worker: WorkerContext) -> None:
        if not worker.settings.get("worker_deduplicate_successful_tasks"):
            return
        if worker.backend is None:
            raise ImproperlyConfigured(
                "worker_deduplicate_successful_tasks looks tasks up in the result backend, and there is none: "
                "set result_backend, or take the setting away"
            )
        self._backend = worker.backend

    def gate(self) -> Gate | None:
        return self._unless_done if self._backend is not None else None

    def _unless_done(self, delivery: Delivery) -> Verdict | None:
        if not delivery.lost or self._backend is None:
            return None
        try:
            (record,) = self._backend.fetch((str(delivery.message.headers.get("id")),))
        except DriverError as error:  # better twice than never
            _log.warning("Whether task %s has succeeded cannot be seen: %s", delivery.message.headers.get("id"), error)
            return None
        if record is None or record.state != states.SUCCESS:
            return None
        return Verdict("it had succeeded before it came back to the queue")


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return Deduplication
