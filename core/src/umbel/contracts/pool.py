"""The contract of a pool: it runs jobs and says how they ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias

from attrs import frozen

from umbel.exceptions import UnsupportedError
from umbel.model.job import Job, Outcome, PoolEvent


@frozen
class PoolSettings:
    """What every pool is told. A pool refuses in `__init__` (`ImproperlyConfigured`) what it cannot honour."""

    #: How many jobs run at once; at least 1.
    concurrency: int = 1
    #: A process is replaced after this many jobs; None: never.
    max_tasks_per_child: int | None = None
    #: … or when its resident memory is above this, in kibibytes (as in Celery); None: never.
    max_memory_per_child_kib: int | None = None
    #: Seconds to wait for a new process to come up.
    start_timeout_s: float = 4.0


#: What a run waits for: a coroutine to be awaited, or a function to be called, which blocks.
Step: TypeAlias = "Coroutine[Any, Any, Any] | Callable[[], Any]"


class Runner(Protocol):
    """What the kernel gives to a pool: how to run a job. Everything here may be called in any process of the pool."""

    def run(self, job: Job) -> Outcome:
        """Run the job in this process and thread. Never raises, whatever the task does, except what must end the
        process (`SystemExit` out of the pool's own signal handling) or the soft limit (see `Pool`)."""

    def is_async(self, job: Job) -> bool:
        """Whether the task is an `async def`, which a pool with an event loop may run by `steps`."""

    def steps(self, job: Job) -> Generator[Step, Any, Outcome]:
        """As `run`, for whoever waits in another way: yields each step, expects what came of it, by `send` or `throw`,
        and returns the outcome. All steps belong into one `contextvars` context.

        Throw `WorkerTerminate` into it to break the run off: that comes out again, and nobody is told of an end.
        """

    def lost(self, job: Job, error: BaseException) -> Outcome:
        """The outcome of a job whose process died (`WorkerLostError`), was killed at its hard limit
        (`TimeLimitExceeded`) or was terminated on request (`Terminated`). Called where `events` is called."""

    def process_started(self) -> None:
        """Call first in every new process that will run jobs."""

    def process_stopping(self) -> None:
        """Call last in every process that ran jobs, if it ends in order."""


class Pool(ABC):
    """Runs jobs. One thread calls `submit`, one thread calls `events`, `wake` may come from anywhere.

    **Features**: `soft_time_limit` (raises `SoftTimeLimitExceeded` inside the job after `Job.soft_time_limit`
    seconds), `time_limit` (kills it after `Job.time_limit`), `terminate`, `resize`, `max_tasks_per_child`,
    `max_memory_per_child`, `processes` (jobs run outside the worker's own process), `concurrent` (more than one job at
    a time), `in_place` (jobs run inside `events`, so the worker waits for messages on that same thread), `join` (a job
    may wait for the result of another one: that blocks nobody else). What is not declared is refused: a limit on a job
    by the kernel at start-up, `join` by `AsyncResult.get`, the others by the pool.

    A job that dies is an outcome, never a hang: whatever happens to the process that runs a job, a `Finished` for it
    comes out of `events`. Jobs that were submitted but had not begun when a process died are run by another one.
    Processes leave SIGINT to the worker, for Ctrl-C reaches them all, and end when the worker is gone.
    """

    contract_version: ClassVar[int]
    features: ClassVar[frozenset[str]] = frozenset()
    #: What it can do besides for tasks that are `async def`.
    async_features: ClassVar[frozenset[str]] = frozenset()
    #: How many jobs run at once where nobody says; None: as many as there are CPUs.
    default_concurrency: ClassVar[int | None] = None
    settings_class: ClassVar[type | None] = None
    #: What must happen in a process before it imports the app and its libraries, such as to patch the standard library.
    #: The command `worker` calls it. None: nothing.
    prepare: ClassVar[Callable[[], None] | None] = None

    def __init__(self, settings: PoolSettings) -> None:
        """Must not start anything yet."""
        self.settings = settings

    @abstractmethod
    def start(self, runner: Runner) -> None:
        """Start processes or threads. The kernel calls it before it has a thread of its own. Blocks until they run."""

    @abstractmethod
    def submit(self, jobs: Sequence[Job]) -> None:
        """Take jobs; they start in order as soon as there is room. Never blocks."""

    @abstractmethod
    def events(self, timeout_s: float | None) -> Sequence[PoolEvent]:
        """What has happened since the last call; blocks up to `timeout_s` seconds (None: for ever) for the first.

        For each job one `Started`, when it begins, and one `Finished`; returns empty on time-out or `wake`. A pool that
        runs jobs in place runs them here, in the calling thread. Raises `PermanentError`, once, when the pool can begin
        no job any more; it may be called on, to hear of those that run.
        """

    @abstractmethod
    def wake(self) -> None:
        """Make the `events` that is under way return now, or the next one if none is. From any thread or signal
        handler."""

    @abstractmethod
    def stop(self, grace_s: float | None) -> Sequence[Job]:
        """Begin no new job; give running ones `grace_s` seconds (None: all they need; 0: kill at once), then end.

        Returns the jobs that never began, for the kernel to put back. Called by the thread that calls `events`, which
        drains what is left with `events(0)` afterwards: an outcome comes out for every job that had begun. A signal
        handler may break it off with an exception; then it is called again, with less grace.
        """

    def withdraw(self) -> Sequence[Job]:
        """Take back the jobs that have not begun, in order; those about to begin may stay. Called by any thread.

        A worker that is told to end calls it first, then hears from `events` until the rest is done.
        """
        return ()

    def terminate(self, key: int, signal: int) -> bool:
        """Send `signal` to the process that runs the job (feature `terminate`); False if it does not run here.
        The outcome of one that died of it is `Runner.lost` with `Terminated`. Called by any thread."""
        raise UnsupportedError(f"{type(self).__name__} cannot terminate a running job")

    def resize(self, concurrency: int) -> None:
        """Change how many jobs run at once (feature `resize`); running jobs finish. Called by any thread."""
        raise UnsupportedError(f"{type(self).__name__} cannot change its size")

    def pids(self) -> Sequence[int]:
        """The processes that run jobs; empty for pools that run them in the worker's own."""
        return ()
