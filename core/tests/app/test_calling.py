"""From a call to a message."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from umbel import Umbel, clock
from umbel.exceptions import MessageTooLarge, OperationalError, TemporaryError, UnserializableArgument
from umbel.model import Message


def _sent(app: Umbel) -> Message:
    message: Message = app.transport.waiting[-1]  # type: ignore[attr-defined]
    return message


@pytest.fixture
def add(app: Umbel) -> Any:
    @app.task(name="proj.add")
    def add(x: int, y: int = 0) -> int:
        return x + y

    return add


def test_a_plain_call_is_a_message_of_protocol_2(app: Umbel, add: Any) -> None:
    result = add.delay(1, y=2)
    message = _sent(app)

    assert json.loads(message.body) == [[1], {"y": 2}, dict.fromkeys(("callbacks", "errbacks", "chain", "chord"))]
    assert message.queue == "celery"
    assert (message.content_type, message.content_encoding) == ("application/json", "utf-8")
    assert message.properties["correlation_id"] == result.id
    assert message.properties["reply_to"] == app.oid
    origin = message.headers.pop("origin")
    assert origin.startswith("gen")
    assert "@" in origin
    assert message.headers == {
        "lang": "py",
        "task": "proj.add",
        "id": result.id,
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": result.id,
        "parent_id": None,
        "argsrepr": "(1,)",
        "kwargsrepr": "{'y': 2}",
        "ignore_result": False,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }


def test_countdown_and_eta_become_a_header_and_a_due_time(app: Umbel, add: Any) -> None:
    with clock.manual(1_700_000_000.0):
        add.apply_async((1,), countdown=90)
        assert _sent(app).due == 1_700_000_090.0
        assert _sent(app).headers["eta"] == "2023-11-14T22:14:50+00:00"
        add.apply_async((1,), eta=datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=1))))
        assert _sent(app).headers["eta"] == "2023-12-31T23:00:00+00:00"


def test_a_naive_eta_is_in_the_zone_of_the_app(make_app: Any) -> None:
    app = make_app(timezone="Europe/Prague")
    app.send_task("proj.add", eta=datetime(2024, 7, 1, 12))

    assert _sent(app).headers["eta"] == "2024-07-01T10:00:00+00:00"


@pytest.mark.parametrize("expires", [60, timedelta(minutes=1), "2023-11-14T22:14:20Z"])
def test_expires_takes_seconds_a_duration_or_a_moment(app: Umbel, add: Any, expires: Any) -> None:
    with clock.manual(1_700_000_000.0):
        add.apply_async((1,), expires=expires, ignore_result=True)

    assert _sent(app).expires == 1_700_000_060.0
    assert _sent(app).headers["expires"] == "2023-11-14T22:14:20+00:00"


def test_the_broker_may_drop_an_expired_message_only_if_nobody_waits_for_it(app: Umbel, add: Any) -> None:
    add.apply_async((1,), expires=60)
    assert _sent(app).expires is None
    assert _sent(app).headers["expires"] is not None


def test_timelimit_travels_hard_first(app: Umbel, add: Any) -> None:
    add.apply_async((1,), time_limit=9, soft_time_limit=4)

    assert _sent(app).headers["timelimit"] == [9, 4]


def test_a_soft_limit_above_the_hard_one_is_refused_at_the_call(app: Umbel, add: Any) -> None:
    with pytest.raises(ValueError, match="soft_time_limit"):
        add.apply_async((1,), time_limit=4, soft_time_limit=9)


@pytest.mark.parametrize("priority", [-1, 256, "high", 1.5])
def test_a_priority_that_no_broker_knows_is_refused_at_the_call(app: Umbel, add: Any, priority: Any) -> None:
    with pytest.raises(ValueError, match=f"proj.add: priority={priority!r}"):
        add.apply_async((1,), priority=priority)
    hasty = app.task(name="proj.hasty", priority=priority)(abs)
    with pytest.raises(ValueError, match=f"proj.hasty: priority={priority!r}"):
        hasty.delay(1)


def test_options_choose_queue_priority_headers_and_properties(app: Umbel, add: Any) -> None:
    add.apply_async(
        (1,), queue="other", priority=7, headers={"mine": 1}, delivery_mode=1, reply_to="me", shadow="alias"
    )
    message = _sent(app)

    assert (message.queue, message.priority) == ("other", 7)
    assert message.headers["mine"] == 1
    assert message.headers["shadow"] == "alias"
    assert message.properties["delivery_mode"] == 1
    assert message.properties["reply_to"] == "me"


@pytest.mark.parametrize(
    "routes",
    [
        {"proj.add": "fast"},
        {"proj.*": {"queue": "fast"}},
        [{"other": "slow"}, lambda name, args, kwargs, options, task=None: {"queue": "fast"}],
    ],
)
def test_task_routes_choose_the_queue_and_the_caller_wins(make_app: Any, routes: Any) -> None:
    app = make_app(task_routes=routes)
    app.send_task("proj.add")
    assert _sent(app).queue == "fast"
    app.send_task("proj.add", queue="mine")
    assert _sent(app).queue == "mine"


def test_arguments_that_do_not_fit_are_refused_at_the_call(app: Umbel, add: Any) -> None:
    with pytest.raises(TypeError, match=r"proj.add\(x: .*int.*, y: .*int.* = 0\).* cannot be called with \(1, 2, 3\)"):
        add.delay(1, 2, 3)
    with pytest.raises(TypeError, match="missing a required argument: 'x'"):
        add.delay(y=1)
    assert app.transport.waiting == []  # type: ignore[attr-defined]


def test_typing_can_be_switched_off(app: Umbel) -> None:
    @app.task(typing=False)
    def loose(x: int) -> None: ...

    loose.delay(1, 2, 3)  # type: ignore[call-arg]
    assert len(app.transport.waiting) == 1  # type: ignore[attr-defined]


def test_an_option_that_nobody_knows_is_refused_with_a_suggestion(add: Any) -> None:
    with pytest.raises(TypeError, match="no calling option 'coutdown'; did you mean 'countdown'"):
        add.apply_async((1,), coutdown=3)


def test_an_argument_that_cannot_be_encoded_is_named(app: Umbel, add: Any) -> None:
    with pytest.raises(UnserializableArgument, match=r"proj.add: argument 1 \(y\) is a builtins.object"):
        add.delay(1, object())
    with pytest.raises(UnserializableArgument, match=r"argument 'y' is a builtins\.set"):
        add.delay(1, y={1})


def test_a_message_above_the_limit_is_refused_at_the_call(make_app: Any) -> None:
    app = make_app(broker_message_max_bytes=1000)
    with pytest.raises(MessageTooLarge, match="broker_message_max_bytes is 1,000"):
        app.send_task("proj.add", ("x" * 2000,))


def test_dates_decimals_and_uuids_travel_as_tagged_json(app: Umbel) -> None:
    app.send_task("proj.keep", (datetime(2024, 1, 2, 3), Decimal("1.10"), UUID(int=5)))

    (args, _, _) = json.loads(_sent(app).body)
    assert args == [
        {"__type__": "datetime", "__value__": "2024-01-02T03:00:00"},
        {"__type__": "decimal", "__value__": "1.10"},
        {"__type__": "uuid", "__value__": {"hex": "00000000000000000000000000000005"}},
    ]
    assert app.formats.decode(_sent(app))[0] == [datetime(2024, 1, 2, 3), Decimal("1.10"), UUID(int=5)]


def test_publishing_is_tried_again_and_then_given_up_with_a_typed_error(make_app: Any) -> None:
    app = make_app(task_publish_retry_policy={"max_retries": 2, "interval_start": 0, "interval_step": 0})
    app.transport.errors += [TemporaryError("one"), TemporaryError("two")]
    app.send_task("proj.add")
    assert len(app.transport.waiting) == 1

    app.transport.errors += [TemporaryError(str(n)) for n in range(3)]
    with pytest.raises(OperationalError, match="2"):
        app.send_task("proj.add")


def test_retry_false_gives_up_at_once(app: Umbel, add: Any) -> None:
    app.transport.errors.append(TemporaryError("away"))  # type: ignore[attr-defined]
    with pytest.raises(OperationalError, match="away"):
        add.apply_async((1,), retry=False)


def test_coroutines_send_and_await_results(app: Umbel, add: Any, run_worker: Any) -> None:
    run_worker(app)

    async def go() -> list[int]:
        results = [await add.adelay(n, n) for n in range(10)]
        return [await result for result in results]

    assert asyncio.run(go()) == [2 * n for n in range(10)]


def test_coroutines_too_run_tasks_eagerly_where_that_is_set(make_app: Any) -> None:
    app = make_app(task_always_eager=True)

    @app.task
    def double(x: int) -> int:
        return 2 * x

    async def go() -> int:
        return int(await (await double.adelay(4)))

    assert asyncio.run(go()) == 8
    assert app.transport.waiting == []


def test_a_moment_that_is_none_names_the_task_and_the_option(add: Any) -> None:
    with pytest.raises(ValueError, match=r"proj\.add: eta='tomorrow' is no moment"):
        add.apply_async((1,), eta="tomorrow")


def test_many_coroutines_share_round_trips(app: Umbel, add: Any) -> None:
    batches = []
    publish = app.transport.publish

    def count(messages: Any) -> None:
        batches.append(len(messages))
        publish(messages)

    app.transport.publish = count  # type: ignore[method-assign]

    async def go() -> None:
        await asyncio.gather(*[add.adelay(n) for n in range(200)])

    asyncio.run(go())
    assert sum(batches) == 200
    assert len(batches) < 200


class Gate(threading.Event):
    def __init__(self) -> None:
        super().__init__()
        self.is_reached = False

    async def until_reached(self) -> None:
        """The publisher has taken a batch, and waits here: what is posted from now on is not of it."""
        while not self.is_reached:
            await asyncio.sleep(0.001)


@pytest.fixture
def gate(app: Umbel, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Nothing is published until it is set."""
    gate, publish = Gate(), app.transport.publish

    def wait_and_publish(messages: Any) -> None:
        gate.is_reached = True
        assert gate.wait(30)
        publish(messages)

    monkeypatch.setattr(app.transport, "publish", wait_and_publish)
    return gate


def test_a_coroutine_that_is_cancelled_while_it_publishes_holds_up_no_other(app: Umbel, add: Any, gate: Gate) -> None:
    async def go() -> None:
        given_up = asyncio.ensure_future(add.adelay(1))
        await gate.until_reached()
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        gate.set()
        await add.adelay(2)

    asyncio.run(go())
    assert len(app.transport.waiting) == 2  # type: ignore[attr-defined]


def test_a_loop_is_woken_once_for_all_of_its_coroutines_that_a_batch_was_of(app: Umbel, add: Any, gate: Gate) -> None:
    async def go() -> list[int]:
        loop = asyncio.get_running_loop()
        first = asyncio.ensure_future(add.adelay(0))
        await gate.until_reached()  # The first of them is under way, so that the others go together.
        others = [asyncio.ensure_future(add.adelay(n)) for n in range(1, 50)]
        while app.publisher._posted.qsize() < len(others):
            await asyncio.sleep(0)
        woken, wake = [], loop.call_soon_threadsafe

        def count(call: Any, futures: Any, *rest: Any) -> Any:
            woken.append(len(futures))
            return wake(call, futures, *rest)

        loop.call_soon_threadsafe = count  # type: ignore[assignment]
        gate.set()
        await asyncio.gather(first, *others)
        return woken

    assert asyncio.run(go()) == [1, 49]


def test_who_waits_in_a_loop_that_was_closed_holds_up_no_other(app: Umbel, add: Any, gate: Gate) -> None:
    left = []

    async def leave() -> None:
        left.append(asyncio.ensure_future(add.adelay(1)))
        await gate.until_reached()

    asyncio.run(leave())
    gate.set()
    asyncio.run(add.adelay(2))
    assert len(app.transport.waiting) == 2  # type: ignore[attr-defined]


def test_a_changed_setting_counts_from_the_next_call(app: Umbel, add: Any) -> None:
    add.delay(1)
    app.conf.task_default_queue = "later"
    add.delay(2)

    assert _sent(app).queue == "later"
