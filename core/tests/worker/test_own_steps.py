"""Boot steps and consumers of an app, without a distribution; and the queue of one worker."""

from __future__ import annotations

from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any

import pytest

from umbel import Umbel
from umbel.contracts import Bootstep, Consumer, WorkerContext
from umbel.exceptions import PluginError
from umbel.model import Delivery, Message, Settlement
from umbel.worker import Worker


class Greeting(Bootstep):
    contract_version = 1
    name = "greeting"
    started: SimpleQueue[str]

    def start(self, worker: WorkerContext) -> None:
        self.started.put(worker.hostname)


class Letters(Consumer):
    contract_version = 1
    features = frozenset({"queues"})
    queues = ("letters",)
    read: SimpleQueue[bytes]

    def start(self, worker: WorkerContext) -> None: ...

    def receive(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        for delivery in deliveries:
            self.read.put(delivery.message.body)
        return [Settlement(delivery) for delivery in deliveries]


@pytest.fixture(autouse=True)
def anew() -> None:
    Greeting.started = SimpleQueue()
    Letters.read = SimpleQueue()


@pytest.mark.parametrize("blueprint", ["worker", "consumer"])
def test_a_boot_step_of_an_app_takes_part_in_its_workers(app: Umbel, run_worker: Any, blueprint: str) -> None:
    app.steps[blueprint].add(Greeting)
    worker = run_worker(app)
    assert Greeting.started.get(timeout=10) == worker.hostname


def test_it_is_in_the_graph(app: Umbel) -> None:
    app.steps["worker"].add(Greeting)
    assert "greeting" in [node.name for node in Worker(app, pool="solo").graph().nodes]


def test_another_app_does_not_have_it(app: Umbel, make_app: Any) -> None:
    app.steps["worker"].add(Greeting)
    assert "greeting" not in Worker(make_app("another"), pool="solo").extensions.bootsteps


def test_a_consumer_of_an_app_takes_its_messages(app: Umbel, run_worker: Any) -> None:
    app.steps["consumer"].add(Letters)
    run_worker(app)
    app.transport.publish([Message("letters", b"dear", {"task": "none", "id": "1"})])
    assert Letters.read.get(timeout=10) == b"dear"


def test_what_is_registered_stays_when_other_plugins_are_disabled(app: Umbel) -> None:
    app.catalogue.register("bootstep", "greeting", Greeting)
    app.conf.plugins_disabled = ("gossip",)
    assert "greeting" in Worker(app, pool="solo").extensions.bootsteps


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (type("Celerys", (), {"name": "celerys"}), "not a subclass of umbel.contracts.Bootstep"),
        (type("Old", (Greeting,), {"contract_version": 99, "name": "old"}), "version 99"),
        (type("Shy", (Greeting,), {"contract_version": 1, "__init__": lambda self: 1 / 0}), "cannot be made"),
        ("a name", "holds classes, found 'a name'"),
    ],
    ids=repr,
)  # fmt: skip
def test_one_that_cannot_be_used_keeps_the_worker_from_starting(app: Umbel, step: Any, says: str) -> None:
    app.steps["worker"].add(step)
    with pytest.raises(PluginError, match=says):
        Worker(app, pool="solo")


def test_a_worker_has_a_queue_of_its_own_if_the_setting_says_so(app: Umbel, run_worker: Any) -> None:
    app.conf.worker_direct = True

    @app.task
    def here() -> str:
        return "here"

    worker = run_worker(app)
    assert worker.options.queues == ("celery", f"{worker.hostname}.dq2")
    assert here.apply_async(queue=f"{worker.hostname}.dq2").get(timeout=10) == "here"


def test_without_the_setting_it_has_none(app: Umbel) -> None:
    assert Worker(app, pool="solo").options.queues == ("celery",)
