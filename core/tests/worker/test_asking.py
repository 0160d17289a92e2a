"""What boot steps and consumers may ask of a running worker (`WorkerContext`)."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from umbel import Umbel, clock, signals, states
from umbel.contracts import Bootstep, Gate, Pool, PoolSettings, Runner, Verdict, WorkerContext
from umbel.exceptions import NotRegistered, PluginError, TaskRevokedError, TemporaryError, Terminated, UnsupportedError
from umbel.model import Action, Delivery, Finished, Job, PoolEvent, Started
from umbel.worker import Worker

REVOKED = Verdict("revoked", states.REVOKED, TaskRevokedError("revoked"))


def eventually(true: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, f"waited 10 s for {what}"
        time.sleep(0.005)


class Asking(Bootstep):
    """Lets a test ask. It holds tasks whose header `hold` is set, and keeps the option `pace`."""

    contract_version = 1
    name = "asking"
    keeps = frozenset({"pace"})
    worker: WorkerContext
    gates = 0

    def __init__(self) -> None:
        self.held: list[Delivery] = []
        self.changed: list[tuple[str, str, Any]] = []
        Asking.made = self

    made: Asking

    def start(self, worker: WorkerContext) -> None:
        self.worker = worker

    def gate(self) -> Gate:
        self.gates += 1
        return self._hold

    def _hold(self, delivery: Delivery) -> Verdict | None:
        if not delivery.message.headers.get("hold"):
            return None
        delivery.message.headers["hold"] = False
        self.held.append(delivery)
        return Verdict("held", hold=True)

    def change(self, task: str, option: str, value: Any) -> None:
        if value == "fast":
            raise ValueError(f"no pace: {value}")
        self.changed.append((task, option, value))

    def commands(self) -> Mapping[str, Callable[..., Any]]:
        return {"double": lambda x: 2 * x}


class HandPool(Pool):
    """Runs nothing: the test begins and ends the jobs."""

    contract_version = 1
    features = frozenset({"concurrent", "resize", "terminate", "time_limit"})

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings)
        self.waiting: list[Job] = []
        self.running: dict[int, Job] = {}
        self.signalled: list[tuple[int, int]] = []
        self.sizes: list[int] = []
        self.happened: SimpleQueue[PoolEvent | None] = SimpleQueue()
        HandPool.made = self

    made: HandPool

    def start(self, runner: Runner) -> None:
        self.runner = runner

    def submit(self, jobs: Sequence[Job]) -> None:
        self.waiting += jobs

    def begin(self) -> Job:
        job = self.waiting.pop(0)
        self.running[job.key] = job
        self.happened.put(Started(job.key, 4711))
        return job

    def finish(self, job: Job) -> None:
        self.running.pop(job.key)
        self.happened.put(Finished(job.key, self.runner.run(job)))

    def die(self, job: Job) -> None:
        self.running.pop(job.key)
        self.happened.put(Finished(job.key, self.runner.lost(job, Terminated("SIGTERM"))))

    def events(self, timeout_s: float | None) -> Sequence[PoolEvent]:
        try:
            event = self.happened.get(timeout=timeout_s)
        except Empty:
            return ()
        return () if event is None else (event,)

    def wake(self) -> None:
        self.happened.put(None)

    def withdraw(self) -> Sequence[Job]:
        withdrawn, self.waiting = self.waiting, []
        return withdrawn

    def stop(self, grace_s: float | None) -> Sequence[Job]:
        return self.withdraw()

    def terminate(self, key: int, signal: int) -> bool:
        self.signalled.append((key, signal))
        return key in self.running

    def resize(self, concurrency: int) -> None:
        self.sizes.append(concurrency)


@pytest.fixture
def start(app: Umbel, run_worker: Any) -> Callable[..., WorkerContext]:
    """A running worker with the step, as its context."""

    def start(pool: str = "hand", **arguments: Any) -> WorkerContext:
        app.catalogue.register("bootstep", "asking", Asking)
        app.catalogue.register("pool", "hand", HandPool)
        ready = threading.Event()
        signals.worker_ready.connect(lambda **_: ready.set(), weak=False, dispatch_uid="asking")
        run_worker(app, pool=pool, **arguments)
        assert ready.wait(10)
        return Asking.made.worker

    yield start
    signals.worker_ready.disconnect(dispatch_uid="asking")
    if hasattr(HandPool, "made"):
        for job in list(HandPool.made.running.values()):
            HandPool.made.finish(job)


@pytest.fixture
def add(app: Umbel) -> Any:
    @app.task(name="add")
    def add(x: int) -> int:
        return x

    return add


def held(worker: WorkerContext, count: int) -> None:
    eventually(lambda: len(worker.tasks()) == count, f"{count} tasks to be held")


def test_what_runs_what_waits_and_what_a_gate_holds_is_told(start: Any, add: Any) -> None:
    worker = start(prefetch_multiplier=4)
    runs, waits = add.delay(1), add.delay(2)
    holds = add.apply_async((3,), headers={"hold": True})
    held(worker, 3)
    HandPool.made.begin()
    eventually(lambda: any(task.started for task in worker.tasks()), "the job to begin")

    tasks = {task.task_id: task for task in worker.tasks()}
    assert tasks[runs.id].started is not None
    assert (tasks[runs.id].pid, tasks[runs.id].acknowledged, tasks[runs.id].name) == (4711, True, "add")
    assert tasks[runs.id].delivery.message.headers["id"] == runs.id
    assert (tasks[waits.id].started, tasks[waits.id].pid, tasks[waits.id].held) == (None, None, False)
    assert tasks[holds.id].held
    assert worker.state().totals == {"add": 1}
    HandPool.made.finish(next(iter(HandPool.made.running.values())))
    held(worker, 2)


def test_the_state_says_what_the_worker_is(start: Any, add: Any) -> None:
    state = start(queues=["celery", "other"], prefetch_multiplier=3).state()
    assert (state.pool, state.concurrency, state.queues) == ("hand", 1, ("celery", "other"))
    assert state.features == HandPool.features
    assert state.prefetch >= 3
    assert state.trouble is None
    assert not state.handling


def test_the_state_says_that_the_broker_is_away_and_since_when(app: Umbel, start: Any) -> None:
    worker = start()
    transport = app.transport
    reserve, calls = transport.reserve, []

    def away(*args: Any) -> Any:
        calls.append(1)
        raise TemporaryError("no route to broker")

    transport.reserve = away  # type: ignore[method-assign]
    transport.wake()
    eventually(lambda: worker.state().trouble is not None, "the trouble")
    text, since = worker.state().trouble
    assert text == "no route to broker"
    eventually(lambda: len(calls) > 1, "another try")
    assert worker.state().trouble == (text, since)

    transport.reserve = reserve  # type: ignore[method-assign]
    transport.wake()
    eventually(lambda: worker.state().trouble is None, "the end of the trouble")


def test_what_waits_in_the_pool_is_ended_and_the_rest_keeps_its_order(app: Umbel, start: Any, add: Any) -> None:
    worker = start(prefetch_multiplier=4)
    results = [add.delay(number) for number in range(4)]
    held(worker, 4)
    running = HandPool.made.begin()
    eventually(lambda: any(task.started for task in worker.tasks()), "the job to begin")

    assert worker.end([results[0].id, results[2].id, "unknown"], REVOKED) == [results[2].id]
    with pytest.raises(TaskRevokedError):
        results[2].get(timeout=10)
    assert [job.task_id for job in HandPool.made.waiting] == [results[1].id, results[3].id]
    HandPool.made.finish(running)
    assert results[0].get(timeout=10) == 0, "it runs: it is not ended"
    for number in (1, 3):
        HandPool.made.finish(HandPool.made.begin())
        assert results[number].get(timeout=10) == number
    eventually(lambda: len(app.transport.settled) == 4, "all to be settled")  # type: ignore[attr-defined]
    assert {one.action for one in app.transport.settled} == {Action.ACK}  # type: ignore[attr-defined]


def test_what_a_gate_holds_is_ended_and_is_not_admitted_when_the_gate_gives_it_back(start: Any, add: Any) -> None:
    worker = start()
    ended, kept = (add.apply_async((number,), headers={"hold": True}) for number in (1, 2))
    held(worker, 2)

    assert worker.end([ended.id], REVOKED) == [ended.id]
    with pytest.raises(TaskRevokedError):
        ended.get(timeout=10)
    worker.readmit(Asking.made.held)
    held(worker, 1)
    HandPool.made.finish(HandPool.made.begin())
    assert kept.get(timeout=10) == 2
    assert ended.state == states.REVOKED


def test_a_running_task_that_dies_of_the_signal_is_revoked_and_the_signal_is_sent(start: Any, add: Any) -> None:
    told: list[dict[str, Any]] = []
    signals.task_revoked.connect(lambda **about: told.append(about), weak=False, dispatch_uid="asking")
    worker = start()
    result = add.delay(1)
    held(worker, 1)
    job = HandPool.made.begin()
    try:
        assert worker.terminate([result.id, "unknown"], signal.SIGTERM) == [result.id]
        assert HandPool.made.signalled[0] == (job.key, signal.SIGTERM)
        HandPool.made.die(job)
        with pytest.raises(TaskRevokedError, match="terminated"):
            result.get(timeout=10)
        assert result.state == states.REVOKED
        ((about),) = told
        assert (about["terminated"], about["signum"], about["expired"]) == (True, signal.SIGTERM, False)
        assert (about["sender"].name, about["request"].id) == ("add", result.id)
    finally:
        signals.task_revoked.disconnect(dispatch_uid="asking")


def test_a_task_that_is_terminated_before_it_is_known_to_run_gets_the_signal_then(start: Any, add: Any) -> None:
    worker = start()
    result = add.delay(1)
    held(worker, 1)
    assert worker.terminate([result.id], signal.SIGKILL) == [result.id]
    job = HandPool.made.begin()
    eventually(lambda: len(HandPool.made.signalled) == 2, "the signal")
    assert HandPool.made.signalled == [(job.key, signal.SIGKILL)] * 2


def test_a_pool_that_cannot_terminate_is_named(start: Any, app: Umbel) -> None:
    worker = start(pool="solo")
    begun, go_on = threading.Event(), threading.Event()

    @app.task(name="block")
    def block() -> None:
        begun.set()
        assert go_on.wait(10)

    result = block.delay()
    assert begun.wait(10)
    try:
        with pytest.raises(UnsupportedError, match="the pool 'solo' cannot terminate the task block"):
            worker.terminate([result.id], signal.SIGTERM)
    finally:
        go_on.set()
    assert result.get(timeout=10) is None


def test_another_size_of_the_pool_is_another_limit_of_what_is_reserved(start: Any) -> None:
    worker = start(prefetch_multiplier=4, worker_prefetch_ahead_s=0.0)
    assert worker.state().prefetch == 4
    worker.resize(3)
    assert HandPool.made.sizes == [3]
    assert (worker.state().concurrency, worker.state().prefetch) == (3, 12)


def test_a_pool_of_one_size_refuses(start: Any) -> None:
    worker = start(pool="solo")
    with pytest.raises(UnsupportedError, match="cannot change its size"):
        worker.resize(2)
    assert worker.state().concurrency == 1


@pytest.mark.parametrize("pool", ["hand", "solo"])
def test_queues_are_added_and_removed_while_the_worker_runs(start: Any, app: Umbel, add: Any, pool: str) -> None:
    worker = start(pool=pool)
    add.apply_async((1,), queue="later")
    add.apply_async((2,), queue="other")
    worker.consume(["other"])
    eventually(lambda: [m.queue for m in app.transport.waiting] == ["later"], "the queue")  # type: ignore[attr-defined]
    worker.consume([*worker.state().queues, "later", "later"])
    assert worker.state().queues == ("other", "later")
    eventually(lambda: not app.transport.waiting, "the queue to be consumed")  # type: ignore[attr-defined]
    worker.consume([])
    moment = clock.monotonic()
    eventually(lambda: worker.state().looked > moment, "the end of what was asked before")
    result = add.apply_async((3,), queue="later")
    worker.consume(["celery"])
    add.apply_async((4,), queue="celery")
    eventually(lambda: len(app.transport.waiting) == 1, "another queue")  # type: ignore[attr-defined]
    assert app.transport.waiting[0].headers["id"] == result.id  # type: ignore[attr-defined]


def test_a_changed_time_limit_holds_for_what_comes_then(start: Any, add: Any) -> None:
    worker = start(prefetch_multiplier=4)
    add.delay(1)
    held(worker, 1)
    worker.change_task("add", time_limit=7)
    add.delay(2)
    held(worker, 2)
    assert [job.time_limit for job in HandPool.made.waiting] == [None, 7]
    assert add.time_limit == 7


def test_an_option_that_a_step_keeps_is_changed_by_it_and_its_gate_is_asked_for_again(start: Any, add: Any) -> None:
    worker = start()
    gates = Asking.made.gates
    worker.change_task("add", pace="1/s", time_limit=3)
    assert Asking.made.changed == [("add", "pace", "1/s")]
    assert (add.pace, add.time_limit) == ("1/s", 3)
    assert Asking.made.gates == gates + 1


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"pace": "fast"}, ValueError, "no pace: fast"),
        ({"colour": "red"}, UnsupportedError, "nothing in this worker keeps the option colour"),
        ({"soft_time_limit": 3}, UnsupportedError, "cannot keep a soft_time_limit for add"),
    ],
)
def test_what_cannot_change_is_refused_and_nothing_is_changed(
    start: Any, add: Any, options: Any, error: Any, text: str
) -> None:
    worker = start()
    with pytest.raises(error, match=text):
        worker.change_task("add", time_limit=7, **options)
    assert add.time_limit is None
    assert not hasattr(add, "pace")


def test_an_unknown_task_cannot_change(start: Any) -> None:
    with pytest.raises(NotRegistered):
        start().change_task("unknown", time_limit=7)


def test_a_step_that_says_nothing_of_changes_refuses_them() -> None:
    class Still(Asking):
        change = Bootstep.change

    with pytest.raises(UnsupportedError, match="'asking' reads the option pace when the worker starts only"):
        Still().change("add", "pace", 1)


def test_what_the_steps_answer_can_be_asked_by_name(start: Any) -> None:
    assert start().commands["double"](x=21) == 42


def test_two_steps_that_answer_one_name_keep_the_worker_from_starting(app: Umbel) -> None:
    class Second(Asking):
        contract_version = 1
        name = "second"

    app.catalogue.register("bootstep", "asking", Asking)
    app.catalogue.register("bootstep", "second", Second)
    with pytest.raises(PluginError, match="two boot steps answer the command 'double'"):
        Worker(app, pool="solo").run(handle_signals=False)
