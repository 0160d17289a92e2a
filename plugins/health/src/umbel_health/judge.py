"""From what a worker says of itself to what a probe wants to know. It asks nobody else and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from umbel.model import HeldTask, WorkerState
from umbel_health.report import Report

#: Seconds for which a look for messages may last while all is well: there are none, or the broker is slow to answer.
_LOOK_S = 10.0


class Judge:
    """Remembers since when things are as they are. To be asked again and again, by one thread at a time.

    A broker that is down makes a worker unready, and not dead: to restart it would help nobody. It is dead when one of
    its own parts has made no progress for `stuck_after_s` seconds, although there was work. That a task takes long is
    no sign of anything.
    """

    def __init__(self, hostname: str, stuck_after_s: float, stopped: Callable[[Iterable[int]], set[int]]) -> None:
        """`stopped` says which of some processes are stopped."""
        self._hostname = hostname
        self._stuck_after_s = stuck_after_s
        self._stopped = stopped
        #: None before it has begun to consume, and in what way it ends.
        self.started, self.ending = False, ""
        self._stopped_since: dict[int, float] = {}
        self._begun = 0
        self._nothing_begins_since: float | None = None

    def judge(self, state: WorkerState, tasks: Sequence[HeldTask], now: float) -> Report:
        """`now` is of `clock.monotonic()`."""
        running = sum(task.started is not None for task in tasks)
        waiting = sum(task.started is None and not task.held for task in tasks)
        stuck = [
            *self._main_loop(state, now),
            *self._reserver(state, running, now),
            *self._pool(state, running, waiting, now),
            *self._processes(state.pids, now),
        ]
        waits_for = self._what_it_waits_for(state, now)
        return Report(
            self._hostname, not stuck, not (stuck or waits_for), stuck, waits_for,
            state.pool, state.concurrency, state.queues, running, waiting,
        )  # fmt: skip

    def _what_it_waits_for(self, state: WorkerState, now: float) -> list[str]:
        if self.ending:
            return [f"it ends ({self.ending})"]
        if not self.started:
            return ["it has not started yet"]
        if state.trouble is not None:
            text, since = state.trouble
            return [f"the broker, for {now - since:.1f} s: {text}"]
        return []

    def _main_loop(self, state: WorkerState, now: float) -> list[str]:
        silent_s = now - state.heard
        if state.handling and silent_s > self._stuck_after_s:
            return [f"the main loop has been handling what the pool said for {silent_s:.1f} s"]
        return []

    def _reserver(self, state: WorkerState, running: int, now: float) -> list[str]:
        if not self.started or self.ending or (running and "in_place" in state.features):
            return []  # In place the one thread runs the task.
        silent_s = now - state.looked
        if silent_s > self._stuck_after_s + _LOOK_S:
            return [f"a look for messages has not ended for {silent_s:.1f} s"]
        return []

    def _pool(self, state: WorkerState, running: int, waiting: int, now: float) -> list[str]:
        begun = sum(state.totals.values())
        free = state.concurrency - running
        if begun != self._begun or not waiting or free <= 0 or self.ending:
            self._begun, self._nothing_begins_since = begun, None
            return []
        if self._nothing_begins_since is None:
            self._nothing_begins_since = now
        silent_s = now - self._nothing_begins_since
        if silent_s > self._stuck_after_s:
            return [f"the pool has begun nothing for {silent_s:.1f} s: {waiting} tasks wait, and {free} more could run"]
        return []

    def _processes(self, pids: Iterable[int], now: float) -> list[str]:
        self._stopped_since = {pid: self._stopped_since.get(pid, now) for pid in self._stopped(pids)}
        return [
            f"process {pid} of the pool has been stopped for {now - since:.1f} s"
            for pid, since in sorted(self._stopped_since.items())
            if now - since > self._stuck_after_s
        ]
