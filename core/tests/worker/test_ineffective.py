"""What was asked for and has no effect is said when the worker is made."""

from __future__ import annotations

from typing import Any

import pytest

from umbel import Umbel
from umbel.contracts import Bootstep
from umbel.exceptions import ImproperlyConfigured
from umbel.worker import Worker, options


class Keeping(Bootstep):
    contract_version = 1
    name = "keeping"
    keeps = frozenset({"rate_limit"})

    def start(self, worker: Any) -> None: ...


@pytest.fixture
def limited(app: Umbel) -> Umbel:
    @app.task(name="crawl", rate_limit="1/s")
    def crawl() -> None: ...

    return app


def test_an_option_that_nothing_keeps_is_warned_of(limited: Umbel, caplog: pytest.LogCaptureFixture) -> None:
    options.warn_ineffective(limited.conf, limited.tasks.values(), set())
    assert "The option rate_limit of task crawl has no effect" in caplog.text


def test_a_boot_step_says_which_options_it_keeps(limited: Umbel, caplog: pytest.LogCaptureFixture) -> None:
    limited.catalogue.register("bootstep", "keeping", Keeping)
    Worker(limited, pool="solo")
    assert "has no effect" not in caplog.text


def test_processes_that_shall_be_spawned_are_refused(app: Umbel) -> None:
    class Processes(app.drivers.driver(app.drivers.pool_choice("solo"))):  # type: ignore[misc]
        features = frozenset({"processes", "in_place"})

    app.catalogue.register("pool", "many", Processes)
    app.conf.worker_pool_start_method = "spawn"
    with pytest.raises(ImproperlyConfigured, match="worker_pool_start_method is 'spawn', and this pool knows"):
        Worker(app, pool="many")
    Worker(app, pool="solo")
