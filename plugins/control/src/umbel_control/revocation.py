"""The boot step: what is revoked does not begin here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from umbel.contracts import Bootstep, Gate, Verdict, WorkerContext
from umbel.model import Delivery
from umbel.plugin.specs import hookimpl
from umbel_control.keeping import Keeper
from umbel_control.marks import Marks
from umbel_control.revoking import Revoking, verdict
from umbel_control.settings import ControlSettings
from umbel_control.sharing import SharedMarks
from umbel_control.statefile import StateFile

#: Seconds between two looks at whether there is something to write into the file.
_SAVE_S = 1.0
#: Seconds between two looks into the backend where nobody tells this worker.
_POLL_S = 5.0
_DEFAULT = ControlSettings()


class Revocation(Bootstep):
    """Remembers what is revoked in the backend, if that has the feature `shared_state`: then every worker knows it, and
    those that start later. Else in memory, and in the file of `worker_state_db`."""

    contract_version = 1
    name = "revocation"

    def __init__(self) -> None:
        self._keeper: Keeper | None = None
        self._revoking: Revoking | None = None

    def start(self, worker: WorkerContext) -> None:
        settings = worker.settings
        expires_s = float(settings.get("control_revoke_expires", _DEFAULT.revoke_expires))
        marks = Marks(int(settings.get("control_revokes_max", _DEFAULT.revokes_max)), expires_s)
        path, backend = settings.get("worker_state_db"), worker.backend
        file = StateFile(str(path), worker.hostname) if path else None
        shares = backend is not None and "shared_state" in backend.features
        shared = SharedMarks(backend.shared(), expires_s) if backend is not None and shares else None
        self._keeper = Keeper(marks, shared, file)
        self._revoking = Revoking(worker, self._keeper)
        if file is not None:
            worker.every(_SAVE_S, self._keeper.save)
        if shared is not None:
            pause_s = float(settings.get("control_revoke_poll_interval", _DEFAULT.revoke_poll_interval))
            hears = "fanout" in worker.transport.features and settings.get("worker_enable_remote_control", True)
            worker.every(pause_s if hears else min(pause_s, _POLL_S), self._look)

    def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.save()

    def gate(self) -> Gate:
        return self._unless_revoked

    def commands(self) -> Mapping[str, Callable[..., Any]]:
        return self._revoking.commands() if self._revoking is not None else {}

    def _unless_revoked(self, delivery: Delivery) -> Verdict | None:
        if self._revoking is None or not self._revoking.is_revoked(delivery):
            return None
        self._revoking.tell(delivery)
        return verdict()

    def _look(self) -> None:
        """What others have revoked while this worker could not hear of it."""
        assert self._keeper is not None
        assert self._revoking is not None
        if self._keeper.look():
            revoking = self._revoking
            revoking.end(lambda task: revoking.is_revoked(task.delivery))


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return Revocation
