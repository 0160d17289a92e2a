"""One job in a greenlet of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import hubs
from eventlet.greenthread import GreenThread
from greenlet import GreenletExit

from umbel.contracts.pool import Runner
from umbel.exceptions import SoftTimeLimitExceeded, WorkerTerminate
from umbel.model.job import Finished, Job

#: Seconds between two attempts to kill a greenlet that has swallowed the last one.
INSIST_S = 1.0


class Killed(WorkerTerminate, GreenletExit):
    """Raised where a task waits when its time is over: tasks know it as `GreenletExit`, and the runner breaks off."""


class Work(GreenThread):  # type: ignore[misc]  # eventlet is not typed
    """Runs the job; `ended` hears of its end, in this greenlet, unless it was cut off."""

    def __init__(self, job: Job, runner: Runner, ended: Callable[[Job, Finished | BaseException], None]) -> None:
        super().__init__(hubs.get_hub().greenlet)
        self.job = job
        #: Of the hard time limit; it ends with the job.
        self.timer: Any = None
        self._runner = runner
        self._ended = ended
        self._is_cut_off = False
        self._attempts = 0

    def start(self) -> None:
        """Begin, as soon as the hub has its turn."""
        hubs.get_hub().schedule_call_global(0, self.switch, self._work, (), {})

    def _work(self) -> None:
        limit_s, soft = self.job.soft_time_limit, None
        end: Finished | BaseException
        try:
            if limit_s is not None:
                soft = eventlet.Timeout(limit_s, SoftTimeLimitExceeded(limit_s))
            end = Finished(self.job.key, self._runner.run(self.job))
        except Killed:
            return
        except BaseException as error:  # a runner lets nothing out; should it, nothing else must suffer
            end = error
        finally:
            for each in (soft, self.timer):
                if each is not None:
                    each.cancel()
        if not self._is_cut_off:
            self._ended(self.job, end)

    def cut_off(self, on_insisting: Callable[[Job], None]) -> None:
        """Kill it where it waits, again and again until it has ended; nobody hears of its end. Never blocks."""
        self._is_cut_off = True
        hubs.get_hub().schedule_call_global(0, self._kill, on_insisting)

    def _kill(self, on_insisting: Callable[[Job], None]) -> None:
        if self.dead:
            return
        self._attempts += 1
        hubs.get_hub().schedule_call_global(INSIST_S, self._kill, on_insisting)
        if self._attempts == 2:
            eventlet.spawn_n(on_insisting, self.job)
        self.throw(Killed(1))
