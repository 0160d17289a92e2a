"""Many calls at once."""

from __future__ import annotations

from typing import Any

import pytest

from umbel import Umbel, signals
from umbel.exceptions import UnserializableArgument
from umbel.model.message import Message


def sent(app: Umbel) -> list[Message]:
    transport: Any = app.transport
    messages: list[Message] = transport.waiting.copy()
    transport.waiting.clear()
    return messages


def without_ids(message: Message) -> dict[str, Any]:
    own = ("id", "root_id")
    headers = {key: value for key, value in message.headers.items() if key not in own}
    return {"headers": headers, "body": message.body, "queue": message.queue, "priority": message.priority}


def test_many_calls_send_what_as_many_single_ones_send(app: Umbel) -> None:
    @app.task
    def add(x: int, y: int = 0) -> int:
        return x + y

    for args in ((1,), (2, 3), [4, 5]):
        add.apply_async(args, priority=3, headers={"mine": 1}, shadow="other", link=add.s(1))
    singly = sent(app)
    results = add.apply_many([(1,), (2, 3), [4, 5]], priority=3, headers={"mine": 1}, shadow="other", link=add.s(1))
    together = sent(app)
    assert [without_ids(message) for message in together] == [without_ids(message) for message in singly]
    assert [message.headers["id"] for message in together] == [result.id for result in results]
    assert all(message.headers["root_id"] == message.headers["id"] for message in together)
    assert all(message.properties["correlation_id"] == message.headers["id"] for message in together)


def test_a_generator_is_sent_batch_by_batch_and_results_are_made_when_asked_for(app: Umbel) -> None:
    @app.task
    def noop(number: int) -> None: ...

    results = noop.apply_many((number,) for number in range(2_500))
    assert len(results) == len({result.id for result in results}) == 2_500
    assert [result.id for result in results[10:12]] == [results[10].id, results[11].id]
    assert results[-1].id == sent(app)[-1].headers["id"]


def test_no_calls_are_no_messages(app: Umbel) -> None:
    @app.task
    def noop() -> None: ...

    assert list(noop.apply_many([])) == []
    assert sent(app) == []


def test_a_call_that_does_not_fit_the_task_is_refused_as_if_it_were_alone(app: Umbel) -> None:
    @app.task
    def add(x: int) -> None: ...

    with pytest.raises(TypeError, match="cannot be called with"):
        add.apply_many([(1,), (1, 2)])
    with pytest.raises(TypeError, match="must be a list or tuple"):
        add.apply_many([(1,), 2])  # type: ignore[list-item]
    with pytest.raises(UnserializableArgument, match="argument 0"):
        add.apply_many([(1,), (object(),)])
    assert sent(app) == []


def test_signals_and_routers_see_each_call(app: Umbel) -> None:
    app.conf.task_routes = lambda name, args, kwargs, options, task=None: {"queue": f"q{args[0]}"}
    heard = []

    @app.task
    def work(number: int) -> None: ...

    @signals.before_task_publish.connect
    def note(body: Any, **_: Any) -> None:
        heard.append(body[0])

    try:
        work.apply_many([(1,), (2,)])
    finally:
        signals.before_task_publish.disconnect(note)
    assert heard == [(1,), (2,)]
    assert [message.queue for message in sent(app)] == ["q1", "q2"]


def test_calls_made_by_a_task_are_its_children(app: Umbel) -> None:
    @app.task
    def child(number: int) -> None: ...

    @app.task
    def parent() -> int:
        child.apply_many([(1,), (2,)])
        return len(parent.request.children)

    result = parent.apply()
    assert result.get() == 2
    one, two = sent(app)
    assert one.headers["parent_id"] == two.headers["parent_id"] == result.id
    assert one.headers["root_id"] == two.headers["root_id"] == result.id


def test_eager_calls_run_one_by_one(app: Umbel) -> None:
    app.conf.task_always_eager = True

    @app.task
    def double(number: int) -> int:
        return number * 2

    assert [result.get() for result in double.apply_many([(1,), (2,)])] == [2, 4]
