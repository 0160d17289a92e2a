"""The boot step: a worker whose supervisor is gone ends, too."""

from __future__ import annotations

from umbel.contracts.bootstep import Bootstep, WorkerContext
from umbel.plugin.specs import hookimpl
from umbel_reload.kinship import Kinship

_LOOK_S = 1.0


class Supervised(Bootstep):
    """Does nothing in a worker that nobody supervises."""

    contract_version = 1
    name = "reload"

    def start(self, worker: WorkerContext) -> None:
        kinship = Kinship.of_this_process()
        if kinship is None:
            return

        def look() -> None:
            if not kinship.lives():
                worker.shutdown("its supervisor (--reload) is gone")

        worker.every(_LOOK_S, look)


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return Supervised
