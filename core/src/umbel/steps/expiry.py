"""A task whose `expires` has passed is not run: it is revoked."""

from __future__ import annotations

from umbel import clock, signals, states
from umbel.contracts.bootstep import Bootstep, Gate, Verdict, WorkerContext
from umbel.exceptions import TaskRevokedError
from umbel.execution.context import Context
from umbel.model.message import Delivery
from umbel.plugin import hookimpl
from umbel.wire.times import header_moment


class Expiry(Bootstep):
    """Reads the header `expires`."""

    contract_version = 1
    name = "expiry"

    def start(self, worker: WorkerContext) -> None:
        """Nothing to start: the header says it all."""

    def gate(self) -> Gate:
        return _unless_expired


def _unless_expired(delivery: Delivery) -> Verdict | None:
    expires = delivery.message.headers.get("expires")
    if expires is None:
        return None
    moment = header_moment(expires)
    if moment is None or clock.time() <= moment:
        return None
    request = Context.of({**delivery.message.headers})
    signals.task_revoked.send(None, request=request, terminated=False, signum=None, expired=True)
    return Verdict(f"it expired at {expires}", states.REVOKED, TaskRevokedError("expired"))


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return Expiry
