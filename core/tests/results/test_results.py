"""Waiting for results, from one thread and from many."""

from __future__ import annotations

import asyncio
import pickle
import threading
from datetime import timedelta
from typing import Any

import pytest

from umbel import AsyncResult, Umbel, states
from umbel.exceptions import ImproperlyConfigured, PermanentError, TimeoutError
from umbel.results.result import result_from_tuple
from umbel.wire.meta import meta


def _store(app: Umbel, task_id: str, state: str, value: Any) -> None:
    app.results.store_state(task_id, state, meta(task_id, state, value, {}))


def test_an_unknown_id_is_pending_and_does_not_exist(app: Umbel) -> None:
    result = app.AsyncResult("nobody")
    assert result.state == states.PENDING
    assert not result.ready()
    assert not result.exists()


def test_waiting_ends_with_a_typed_error_when_time_is_over(app: Umbel) -> None:
    with pytest.raises(TimeoutError, match=r"no result of nobody in 0\.01 s"):
        app.AsyncResult("nobody").get(timeout=0.01)
    with pytest.raises(AsyncResult.TimeoutError):
        app.AsyncResult("nobody").get(timeout=0)


def test_a_result_that_is_there_already_is_returned_at_once(app: Umbel) -> None:
    _store(app, "one", states.SUCCESS, 42)
    assert app.AsyncResult("one").get(timeout=5) == 42


def test_many_threads_wait_through_one_subscription(app: Umbel) -> None:
    subscribed = []
    subscribe = app.backend.subscribe  # type: ignore[union-attr]

    def count() -> Any:
        subscribed.append(1)
        return subscribe()

    app.backend.subscribe = count  # type: ignore[union-attr,method-assign]
    got: dict[str, Any] = {}
    names = [f"task-{n}" for n in range(20)]
    threads = [
        threading.Thread(target=lambda name=name: got.update({name: app.AsyncResult(name).get(timeout=10)}))
        for name in names * 2
    ]
    for thread in threads:
        thread.start()
    for n, name in enumerate(names):
        _store(app, name, states.SUCCESS, n)
    for thread in threads:
        thread.join(10)

    assert got == {name: n for n, name in enumerate(names)}
    assert len(subscribed) == 1


def test_awaiting_does_not_block_the_loop(app: Umbel) -> None:
    async def go() -> Any:
        waiting = asyncio.ensure_future(app.AsyncResult("one").aget(timeout=10))
        await asyncio.sleep(0)
        _store(app, "one", states.SUCCESS, "here")
        return await waiting

    assert asyncio.run(go()) == "here"
    with pytest.raises(TimeoutError):
        asyncio.run(app.AsyncResult("never").aget(timeout=0.01))


def test_propagate_false_gives_the_exception_instead_of_raising_it(app: Umbel) -> None:
    _store(app, "one", states.FAILURE, ValueError("so"))
    assert repr(app.AsyncResult("one").get(timeout=5, propagate=False)) == "ValueError('so')"


def test_a_ready_result_is_read_once(app: Umbel) -> None:
    _store(app, "one", states.SUCCESS, 1)
    result = app.AsyncResult("one")
    assert result.result == 1
    app.results.forget(("one",))
    assert result.result == 1
    assert not app.AsyncResult("one").exists()


def test_forget_drops_the_record(app: Umbel) -> None:
    _store(app, "one", states.SUCCESS, 1)
    app.AsyncResult("one").forget()
    assert app.AsyncResult("one").state == states.PENDING


def test_a_parent_that_has_failed_is_found_and_all_parents_are_read_in_one_step(app: Umbel) -> None:
    result = None
    for number in range(1000):
        result = app.AsyncResult(f"step-{number}", parent=result)
    assert result is not None
    asked: list[int] = []
    fetch = app.backend.fetch  # type: ignore[union-attr]
    app.backend.fetch = lambda ids: (asked.append(len(ids)), fetch(ids))[1]  # type: ignore
    _store(app, "step-2", states.SUCCESS, 1)
    with pytest.raises(TimeoutError):
        result.get(timeout=0.01)
    assert asked[0] == 999
    asked.clear()
    _store(app, "step-3", states.FAILURE, ValueError("so"))
    with pytest.raises(ValueError, match="so"):
        result.get(timeout=5)
    assert asked == [998]  # that of step 2 is known


def test_then_calls_back_when_the_task_is_ready(app: Umbel) -> None:
    called = threading.Event()
    app.AsyncResult("one").then(lambda result: called.set() if result.result == 5 else None)
    _store(app, "one", states.SUCCESS, 5)
    assert called.wait(10)


def test_on_interval_is_called_while_it_waits(app: Umbel) -> None:
    calls = []

    def tick() -> None:
        calls.append(1)
        if len(calls) == 3:
            _store(app, "one", states.SUCCESS, "late")

    assert app.AsyncResult("one").get(timeout=10, interval=0.01, on_interval=tick) == "late"
    assert len(calls) >= 3


def test_without_a_backend_asking_for_a_result_says_what_to_do(make_app: Any) -> None:
    app = make_app(backend="disabled")
    with pytest.raises(ImproperlyConfigured, match="set result_backend"):
        app.AsyncResult("one").get(timeout=1)


def test_who_waits_when_the_app_is_closed_gets_an_error(app: Umbel) -> None:
    errors: list[BaseException] = []
    future = app.results.listener.expect("one")

    def wait() -> None:
        try:
            future.result(10)
        except BaseException as error:
            errors.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    app.close()
    waiter.join(10)

    assert isinstance(errors[0], PermanentError)


def test_a_fault_of_the_driver_reaches_who_waits_and_nothing_of_them_is_left_behind(app: Umbel) -> None:
    app.backend.errors_of_receive.append(ZeroDivisionError("a bug"))

    future = app.results.listener.expect("one")

    assert isinstance(future.exception(10), ZeroDivisionError)
    assert app.backend.awaited == set()
    _store(app, "one", states.SUCCESS, 1)
    assert app.AsyncResult("one").get(timeout=10) == 1


def test_results_compare_hash_and_travel_as_celerys_do() -> None:
    app = Umbel("results")
    try:
        parent = app.AsyncResult("p")
        child = app.AsyncResult("c", parent=parent)
        assert child.as_tuple() == (("c", (("p", None), None)), None)
        assert result_from_tuple(child.as_tuple(), app).parent == parent
        assert child.as_list() == ["c", "p"]
        assert {child: 1}[app.AsyncResult("c")] == 1
        assert child == "c"
        assert str(child) == "c"
        assert pickle.loads(pickle.dumps(child)) == child
    finally:
        app.close()


def test_the_result_of_a_failed_task_has_an_expiry_of_its_own(app: Umbel) -> None:
    app.conf.result_expires, app.conf.result_failure_expires = timedelta(hours=1), 60
    assert app.results.record("one", "SUCCESS", b"").ttl_s == 3600
    assert app.results.record("one", "FAILURE", b"").ttl_s == 60
    app.conf.result_failure_expires = None
    assert app.results.record("one", "FAILURE", b"").ttl_s == 3600
