"""One job in a greenlet of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent

from umbel.contracts.pool import Runner
from umbel.exceptions import SoftTimeLimitExceeded, WorkerTerminate
from umbel.model.job import Finished, Job

#: Seconds between two attempts to kill a greenlet that has swallowed the last one.
INSIST_S = 1.0


class Killed(WorkerTerminate, gevent.GreenletExit):
    """Raised where a task waits when its time is over: tasks know it as `GreenletExit`, and the runner breaks off."""


class Work(gevent.Greenlet):  # type: ignore[misc]
    """Runs the job; `ended` hears of its end, in this greenlet, unless it was cut off."""

    def __init__(self, job: Job, runner: Runner, ended: Callable[[Job, Finished | BaseException], None]) -> None:
        super().__init__()
        self.job = job
        self._runner = runner
        self._ended = ended
        #: Of the hard time limit; it ends with the job.
        self.timer: Any = None
        self._is_cut_off = False

    def _run(self) -> None:
        limit_s, soft = self.job.soft_time_limit, None
        end: Finished | BaseException
        try:
            if limit_s is not None:
                soft = gevent.Timeout.start_new(limit_s, SoftTimeLimitExceeded(limit_s))
            end = Finished(self.job.key, self._runner.run(self.job))
        except Killed:
            return
        except BaseException as error:  # a runner lets nothing out; should it, nothing else must suffer
            end = error
        finally:
            if soft is not None:
                soft.close()
            if self.timer is not None:
                self.timer.close()
        if not self._is_cut_off:
            self._ended(self.job, end)

    def cut_off(self, on_insisting: Callable[[Job], None]) -> None:
        """Kill it where it waits, again and again until it has ended; nobody hears of its end. Never blocks."""
        self._is_cut_off = True
        gevent.spawn(self._insist, on_insisting)

    def _insist(self, on_insisting: Callable[[Job], None]) -> None:
        attempts = 0
        while not self.dead:
            if attempts == 1:
                on_insisting(self.job)
            attempts += 1
            self.kill(Killed(1), block=False)
            self.join(INSIST_S)
