"""Results over `rpc://`, between an app and its worker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import amqp
import pytest

from umbel import Umbel
from umbel.contracts import Subscription
from umbel.exceptions import ImproperlyConfigured
from umbel.model import Record
from umbel.worker import Worker
from umbel_rabbitmq.replies import TOGETHER
from umbel_rabbitmq.rpc import RpcBackend, RpcSettings


def make_app(url: str) -> Umbel:
    app = Umbel("proj", broker=url, backend="rpc://")

    @app.task(name="add")
    def add(x: int, y: int) -> int:
        return x + y

    @app.task(name="fail")
    def fail() -> None:
        raise ValueError("no")

    @app.task(name="progress", bind=True)
    def progress(self: Any) -> str:
        self.update_state(state="PROGRESS", meta={"done": 1})
        return "done"

    return app


@pytest.fixture
def worker(url: str) -> Iterator[Worker]:
    """A worker with an app of its own, as in another process."""
    app = make_app(url)
    made = Worker(app, pool="solo")
    thread = threading.Thread(target=lambda: made.run(handle_signals=False), daemon=True)
    thread.start()
    yield made
    made.stop()
    thread.join(20.0)
    app.close()


@pytest.fixture
def app(url: str, worker: Worker) -> Iterator[Umbel]:
    made = make_app(url)
    yield made
    made.close()


def test_a_result_comes_to_who_has_called(app: Umbel) -> None:
    assert app.send_task("add", (2, 3)).get(timeout=20) == 5


def test_many_results_come_whatever_their_order(app: Umbel) -> None:
    results = [app.send_task("add", (number, 1)) for number in range(200)]
    assert [one.get(timeout=20) for one in reversed(results)] == list(range(200, 0, -1))


def test_an_error_comes_too(app: Umbel) -> None:
    with pytest.raises(ValueError, match="no"):
        app.send_task("fail").get(timeout=20)


def test_a_result_that_nobody_has_waited_for_yet_is_kept(app: Umbel) -> None:
    early, late = app.send_task("add", (1, 1)), app.send_task("add", (2, 2))
    assert late.get(timeout=20) == 4
    assert early.state == "SUCCESS"
    assert early.get(timeout=20) == 2


def test_a_state_on_the_way_is_no_result(app: Umbel) -> None:
    assert app.send_task("progress").get(timeout=20) == "done"


def test_after_a_lost_connection_results_come_again(app: Umbel) -> None:
    assert app.send_task("add", (1, 1)).get(timeout=20) == 2
    later = app.send_task("add", (2, 2))
    backend = app.backend
    assert isinstance(backend, RpcBackend)
    backend._replies.link.hang_up()
    assert later.get(timeout=20) == 4
    assert app.send_task("add", (3, 3)).get(timeout=20) == 6


def test_results_are_acknowledged_together_and_come_again_unnoticed_if_that_was_not_said(
    url: str, channel: Any
) -> None:
    backend = RpcBackend("rpc://", RpcSettings(url=url))
    backend.reply_to = "client"
    backend.store([Record(f"task {n}", "SUCCESS", str(n).encode()) for n in range(TOGETHER // 2)])
    subscription = backend.subscribe()
    subscription.add([f"task {n}" for n in range(TOGETHER)])
    heard = [one.task_id for one in received(subscription, TOGETHER // 2)]
    backend._replies.link.hang_up()
    backend.store([Record("task 99", "SUCCESS", b"99")])
    heard += [one.task_id for one in received(subscription, 1)]
    assert heard == [*(f"task {n}" for n in range(TOGETHER // 2)), "task 99"], "what came again was told again"
    backend._replies.look()
    backend._replies.link.drop()
    while (queue := channel.queue_declare("client", passive=True)).consumer_count:
        pass  # What a consumer held comes back before it is counted out.
    assert queue.message_count == 0, "they were never acknowledged"
    backend.close()


def test_what_has_come_just_before_somebody_waits_is_not_waited_for(url: str) -> None:
    backend = RpcBackend("rpc://", RpcSettings(url=url, heartbeat=0))
    backend.reply_to = "client"
    subscription = backend.subscribe()
    subscription.add(["first", "second"])
    backend.store([Record("first", "SUCCESS", b"{}")])
    assert received(subscription, 1)
    assert not subscription.receive(0.1)  # Whatever would have ended a wait has done so.
    backend.store([Record("second", "SUCCESS", b"{}")])
    assert backend._replies.link.is_readable(20.0)
    with ThreadPoolExecutor(1) as waiting:
        assert waiting.submit(subscription.receive, 60.0).result(timeout=20.0), "it waited for another one"
    backend.close()


def test_a_result_that_was_forgotten_does_not_come_again(url: str) -> None:
    backend = RpcBackend("rpc://", RpcSettings(url=url))
    backend.reply_to = "client"
    backend.store([Record("3f1d", "SUCCESS", b"{}")])
    subscription = backend.subscribe()
    subscription.add(["3f1d"])
    assert received(subscription, 1)
    backend.forget(["3f1d"])
    backend._replies.link.hang_up()
    assert backend.fetch(["3f1d"]) == [None]
    backend.close()


def received(subscription: Subscription, count: int) -> list[Record]:
    found: list[Record] = []
    while len(found) < count:
        found += subscription.receive(20.0)
    return found


def test_a_result_looks_like_one_of_celerys(url: str, channel: Any) -> None:
    channel.queue_declare("client", durable=False, auto_delete=False)
    backend = RpcBackend("rpc://", RpcSettings(url=url))
    payload = json.dumps({"task_id": "3f1d", "status": "SUCCESS", "result": 5}).encode()
    backend.store([Record("3f1d", "SUCCESS", payload, reply_to="client")])
    found = channel.basic_get("client", no_ack=True)
    assert found.properties["correlation_id"] == "3f1d"
    assert (found.properties["content_type"], found.properties["content_encoding"]) == ("application/json", "utf-8")
    assert found.properties["delivery_mode"] == 1
    assert json.loads(found.body)["result"] == 5
    backend.close()


def test_a_result_of_a_client_that_has_gone_is_no_error(url: str) -> None:
    backend = RpcBackend("rpc://", RpcSettings(url=url))
    backend.store([Record("3f1d", "SUCCESS", b"{}", reply_to="gone")])
    backend.close()


def test_the_queue_goes_with_the_client(url: str, channel: Any) -> None:
    app = make_app(url)
    app.send_task("add", (1, 1))
    name = app.oid
    channel.queue_declare(name, passive=True)
    assert app.backend is not None
    app.backend.fetch(["3f1d"])
    app.close()
    with pytest.raises(amqp.NotFound):
        channel.queue_declare(name, passive=True)


def test_without_a_broker_there_is_nowhere_to_send() -> None:
    with pytest.raises(ImproperlyConfigured, match="set broker_url"):
        RpcBackend("rpc://")
