"""A worker at one moment: what it is, and what it has in hand."""

from __future__ import annotations

from attrs import frozen

from umbel.model.message import Delivery


@frozen
class HeldTask:
    """A task that a worker has reserved and not finished yet."""

    task_id: str
    name: str
    #: As it was leased; not to be changed.
    delivery: Delivery
    #: When it began, in seconds since the epoch; None: it has not.
    started: float | None = None
    #: The process that runs it.
    pid: int | None = None
    #: The broker knows that it is done, or is being told: it began, and is not acknowledged late.
    acknowledged: bool = False
    #: A gate keeps it (`Verdict.hold`), and it is not in the pool.
    held: bool = False


@frozen
class WorkerState:
    """Counts are since the start of the worker, moments are of `clock.monotonic()`."""

    #: The name of the pool, and what it can do.
    pool: str
    features: frozenset[str]
    #: How many tasks may run at once.
    concurrency: int
    #: The processes of the pool; empty if it runs tasks in the worker's own.
    pids: tuple[int, ...]
    #: How many deliveries may be held now, those that run included.
    prefetch: int
    #: Where it consumes from.
    queues: tuple[str, ...]
    #: How many tasks have begun, by name.
    totals: dict[str, int]
    #: When the worker last came back from the broker, or from waiting for room to reserve more. That is every few
    #: seconds, whether there is work or not; only a pool with the feature `in_place` keeps it while a task runs.
    looked: float
    #: If the broker's last answer was an error: its text, and the moment of the first of them.
    trouble: tuple[str, float] | None
    #: When the pool was last heard, and whether what it said is still being handled: for long, that means stuck.
    heard: float
    handling: bool
