"""The prefork pool, as the kernel sees it."""

from __future__ import annotations

from collections.abc import Sequence

from umbel import clock
from umbel.contracts.pool import Pool, PoolSettings, Runner
from umbel.exceptions import PermanentError, Terminated
from umbel.model.job import Finished, Job, PoolEvent
from umbel_prefork.census import Ticket
from umbel_prefork.codec import encode_job
from umbel_prefork.crew import Crew
from umbel_prefork.deadlines import NEVER
from umbel_prefork.dispatch import Happening, Lost
from umbel_prefork.settings import check


class PreforkPool(Pool):
    """Runs jobs in forked processes.

    For every job that is submitted one `Started` and then one `Finished` come out, or `stop` returns it. No job begins
    twice: one that was handed to a child which died, or hung, before it began the job is run by another child.

    `events` raises `PermanentError`, once, when the pool cannot go on, because no child can be started or because the
    template was killed. What runs then is still finished, under `events` or `stop`; `withdraw` gives back the rest.
    """

    contract_version = 1
    features = frozenset(
        {
            "concurrent",
            "max_memory_per_child",
            "max_tasks_per_child",
            "processes",
            "resize",
            "soft_time_limit",
            "terminate",
            "time_limit",
        }
    )

    def __init__(self, settings: PoolSettings) -> None:
        check(settings)
        super().__init__(settings)
        self._crew: Crew | None = None
        self._stopping = False
        self._stopped = False
        self._grace_ends = NEVER
        self._untold: list[PoolEvent] = []
        self._back: list[Job] = []

    def start(self, runner: Runner) -> None:
        self._runner = runner
        crew = Crew(self.settings)
        try:
            crew.start(runner)
        except OSError as error:
            crew.close()
            raise PermanentError(f"the prefork pool cannot start its processes: {error}") from error
        except BaseException:
            crew.close()
            raise
        self._crew = crew

    def submit(self, jobs: Sequence[Job]) -> None:
        tickets = [Ticket(job, encode_job(job)) for job in jobs]
        crew = self._running()
        with crew.lock:
            self._running()
            crew.submit(tickets)

    def _running(self) -> Crew:
        if self._crew is None:
            raise PermanentError("the prefork pool was not started")
        if self._stopped:
            raise PermanentError("the prefork pool has stopped, and takes no more jobs")
        return self._crew

    def events(self, timeout_s: float | None) -> Sequence[PoolEvent]:
        if self._stopped:
            told, self._untold = self._untold, []
            return told
        crew = self._running()
        left_s = timeout_s
        until = NEVER if timeout_s is None else clock.monotonic() + timeout_s
        while True:
            happened = crew.turn(left_s)
            woken, crew.waiter.woken = crew.waiter.woken, False
            if happened:
                return self._tell(happened)
            if crew.failure is not None:
                failure, crew.failure = crew.failure, None
                raise failure
            if timeout_s is not None:
                left_s = max(0.0, until - clock.monotonic())
            if woken or left_s == 0:
                return ()

    def _tell(self, happened: Sequence[Happening]) -> list[PoolEvent]:
        # Outside of the lock: the runner calls the hooks of the task that was lost.
        lost = self._runner.lost
        return [Finished(one.job.key, lost(one.job, one.error)) if isinstance(one, Lost) else one for one in happened]

    def wake(self) -> None:
        if self._crew is not None:
            self._crew.waiter.wake()

    def stop(self, grace_s: float | None) -> Sequence[Job]:
        """See `Pool.stop`. A second call, from another thread or a signal handler, shortens the grace of the first."""
        if self._crew is None or self._stopped:
            return ()
        self._grace_ends = min(self._grace_ends, NEVER if grace_s is None else clock.monotonic() + grace_s)
        if self._stopping:
            self._crew.waiter.interrupt()
            return ()
        self._stopping = True
        try:
            self._crew.wind_up()
            self._back += self.withdraw()
            self._outlive_children(self._crew)
        finally:  # a signal handler may raise to have it stop faster, and calls `stop` again
            self._stopping = False
        with self._crew.lock:
            self._stopped = True
        # What was submitted meanwhile, or was on its way into a child that died.
        self._back += self.withdraw()
        self._crew.close()
        return self._back

    def _outlive_children(self, crew: Crew) -> None:
        """Let the children end, or kill them when the grace is over."""
        while crew.nursery.children:
            left_s = self._grace_ends - clock.monotonic()
            if left_s <= 0:
                crew.kill(Terminated("the worker was stopped before the task had ended"))
            self._untold += self._tell(crew.turn(left_s if 0 < left_s < NEVER else None))

    def withdraw(self) -> list[Job]:
        return [ticket.job for ticket in self._crew.withdraw()] if self._crew is not None else []

    def terminate(self, key: int, signal: int) -> bool:
        if self._crew is None or self._stopped:
            return False
        return self._crew.terminate(key, signal)

    def resize(self, concurrency: int) -> None:
        check(PoolSettings(concurrency=concurrency))
        if not self._stopping:
            self._running().resize(concurrency)

    def pids(self) -> Sequence[int]:
        return self._crew.pids() if self._crew is not None else ()
