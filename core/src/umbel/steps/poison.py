"""A task under which one process after another has died is not run again: it is kept with the dead letters."""

from __future__ import annotations

from umbel import states
from umbel.contracts.bootstep import Bootstep, Gate, Verdict, WorkerContext
from umbel.exceptions import WorkerLostError
from umbel.model.message import Delivery
from umbel.plugin import hookimpl


class Poison(Bootstep):
    """Reads `Delivery.lost`, which leaves out those that merely were there."""

    contract_version = 1
    name = "poison"

    def start(self, worker: WorkerContext) -> None:
        self._limit: int = worker.settings["worker_lost_limit"]

    def gate(self) -> Gate | None:
        return self._unless_it_kills if self._limit > 0 else None

    def _unless_it_kills(self, delivery: Delivery) -> Verdict | None:
        if delivery.lost < self._limit:
            return None
        error = WorkerLostError(
            f"its process has died {delivery.lost} times (worker_lost_limit is {self._limit}): look what kills it (out "
            "of memory, a crash of an extension, a hard time limit), and then put it back with `umbel dead retry`"
        )
        return Verdict(str(error), states.FAILURE, error, dead=True)


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return Poison
