"""Revoking in one worker: what waits here is ended, what runs can be terminated, and whoever waits for it is told."""

from __future__ import annotations

import logging
import signal as system
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from umbel import clock, signals, states
from umbel.contracts import Verdict, WorkerContext
from umbel.exceptions import TaskRevokedError
from umbel.execution.context import Context
from umbel.model import Delivery, HeldTask
from umbel.wire.meta import meta
from umbel_control import marks as of
from umbel_control.keeping import Keeper
from umbel_control.panel import ok
from umbel_control.stamps import listed, marks_of, pairs

_log = logging.getLogger("umbel.worker")
#: States of tasks that have not begun, as far as their records say.
_NOT_BEGUN = frozenset({states.PENDING, states.RECEIVED, states.RETRY, states.REJECTED})


class Revoking:
    """The commands, with Celery's arguments and answers."""

    def __init__(self, worker: WorkerContext, keeper: Keeper) -> None:
        self._worker = worker
        self._keeper = keeper
        self._app = worker.signature("any").app

    def commands(self) -> Mapping[str, Callable[..., Any]]:
        """By name."""
        return {
            "revoke": self.revoke,
            "terminate": self.terminate,
            "revoke_by_stamped_headers": self.revoke_by_stamped_headers,
            "revoked": self.revoked,
            "revocations": self.revocations,
            "learn_revoked": self.learn_revoked,
        }

    def revoke(self, task_id: Any = (), terminate: bool = False, signal: Any = None, **_: Any) -> Any:
        """Do not begin these tasks; `terminate` those that run, with `signal`."""
        number = number_of(signal)
        ids = list(dict.fromkeys(map(str, listed(task_id))))
        self._keeper.flag([of.of_id(each) for each in ids])
        running = self.end(lambda task: task.task_id in ids)
        self._record([each for each in ids if each not in running])
        if terminate:
            there = self._terminate(running, number)
            return ok(f"terminate: {', '.join(there)}" if there else "terminate: tasks unknown")
        _log.info("Tasks flagged as revoked: %s", ", ".join(ids))
        return ok(f"tasks {ids} flagged as revoked")

    def terminate(self, signal: Any, task_id: Any = (), **_: Any) -> Any:
        """As `revoke`, with `terminate`."""
        return self.revoke(task_id, terminate=True, signal=signal)

    def revoke_by_stamped_headers(
        self, headers: Any = (), terminate: bool = False, signal: Any = None, **_: Any
    ) -> Any:  # fmt: skip
        """Do not begin tasks with one of these stamps."""
        number = number_of(signal)
        told = dict(headers) if isinstance(headers, Mapping) else pairs(listed(headers))
        marks = {of.of_stamp(name, value) for name, values in told.items() for value in listed(values)}
        self._keeper.flag(sorted(marks))
        running = self.end(lambda task: not marks.isdisjoint(marks_of(task.delivery.message.headers)))
        if not terminate:
            return ok(f"headers {told} flagged as revoked, but not terminated")
        there = self._terminate(running, number)
        return ok(f"headers {told} revoked" if there else f"headers {told} were not terminated")

    def revoked(self, **_: Any) -> list[str]:
        """The ids of revoked tasks."""
        return of.ids(self._keeper.marks.all())

    def revocations(self) -> dict[str, Any]:
        """As Celery's workers tell one another: by id, the moment on a clock of their own."""
        ahead_s = clock.time() - clock.monotonic()
        moments = {mark.removeprefix("id:"): at - ahead_s for mark, at in self._keeper.marks.all().items()}
        return {each: [moments[each], each] for each in self.revoked()}

    def learn_revoked(self, task_ids: Sequence[str]) -> None:
        """Another worker says that these are revoked."""
        now = clock.time()
        self._keeper.learn({of.of_id(str(each)): now for each in task_ids})

    def is_revoked(self, delivery: Delivery) -> bool:
        """By its id, or by one of its stamps."""
        headers, marks = delivery.message.headers, self._keeper.marks
        if of.of_id(str(headers.get("id"))) in marks:
            return True
        return bool(marks.stamps) and any(mark in marks for mark in marks_of(headers))

    def end(self, concerns: Callable[[HeldTask], bool]) -> set[str]:
        """End what is here of those tasks and has not begun. The ids of what runs."""
        waiting = {each.task_id: each.delivery for each in self._worker.tasks() if concerns(each) and not each.started}
        if waiting:
            for task_id in self._worker.end(list(waiting), verdict()):
                self.tell(waiting[task_id])
        return {task.task_id for task in self._worker.tasks() if concerns(task)}

    def tell(self, delivery: Delivery) -> None:
        """Send the signal `task_revoked` for one that does not begin."""
        headers = delivery.message.headers
        task = self._app.tasks.get(headers.get("task"))
        request = Context({**headers, "hostname": self._worker.hostname, "called_directly": False})
        signals.task_revoked.send(task, request=request, terminated=False, signum=None, expired=False)

    def _terminate(self, running: Iterable[str], number: int) -> list[str]:
        there = sorted(running)
        for task_id in there:
            _log.info("Terminating %s (%s)", task_id, number)
        return list(self._worker.terminate(there, number)) if there else []

    def _record(self, ids: Sequence[str]) -> None:
        """Whoever waits for the result hears of it at once, as in Celery, unless the task has begun somewhere."""
        backend = self._worker.backend
        if backend is None or "private" in backend.features or not ids:
            return
        try:
            for task_id, record in zip(ids, self._app.results.fetch(ids), strict=True):
                if record is None or record["status"] in _NOT_BEGUN:
                    fields = meta(task_id, states.REVOKED, TaskRevokedError("revoked"), {})
                    self._app.results.store_state(task_id, states.REVOKED, fields)
        except Exception as error:  # a record that cannot be read, too: the gate will do it when the message comes
            _log.warning("Results of revoked tasks could not be stored: %s", error)


def verdict() -> Verdict:
    """What the gate says of a revoked task."""
    return Verdict("it was revoked", states.REVOKED, TaskRevokedError("revoked"))


def number_of(signal: Any) -> int:
    """`TERM`, `SIGTERM` or 15; None is SIGTERM. Raises `ValueError`."""
    if signal is None:
        return system.SIGTERM
    try:
        if isinstance(signal, int) or str(signal).isdecimal():
            return system.Signals(int(signal))
        return system.Signals[f"SIG{str(signal).upper().removeprefix('SIG')}"]
    except (KeyError, ValueError):
        raise ValueError(f"expected a signal such as TERM, SIGKILL or 15, found {signal!r}") from None
