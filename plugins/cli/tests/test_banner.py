from __future__ import annotations

from collections.abc import Iterator

import pytest

from umbel import Umbel
from umbel.contracts import Bootstep, WorkerContext
from umbel.worker import Worker
from umbel_cli.banner import banner
from umbel_conformance.worker import BareTransport


class PlainTransport(BareTransport):
    """Is never opened."""

    contract_version = 1


class NightBootstep(Bootstep):
    contract_version = 1
    name = "night"

    def start(self, worker: WorkerContext) -> None: ...


@pytest.fixture
def app() -> Iterator[Umbel]:
    made = Umbel("proj", set_as_current=False, broker="plain://me:secret@host/1", backend="disabled")
    made.catalogue.register("transport", "plain", PlainTransport)
    made.catalogue.register("bootstep", "night", NightBootstep)
    made.task(name="proj.work")(lambda: None)
    yield made
    made.close()


def test_the_banner_says_what_serves_each_kind_and_why(app: Umbel) -> None:
    lines = [line.split() for line in banner(Worker(app, pool="solo")).splitlines()]

    assert ["transport", "plain", "this", "process"] in [line[:4] for line in lines]
    assert ["pool", "solo", "umbel-core"] in [line[:3] for line in lines]
    assert "(--pool)" in next(line for line in lines if line[:1] == ["pool"])
    assert not [line for line in lines if line[:1] == ["backend"]]


def test_the_banner_names_queues_tasks_and_steps_and_no_password(app: Umbel) -> None:
    text = banner(Worker(app, queues=["one", "two"], pool="solo", hostname="celery@here"))

    assert "celery@here" in text
    assert "one, two" in text
    assert ". proj.work" in text
    assert "night" in next(line for line in text.splitlines() if "[steps]" in line)
    assert "secret" not in text
