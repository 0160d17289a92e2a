"""Connections that break, where there are any: see `cut`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from umbel.contracts import Backend
from umbel.exceptions import TemporaryError
from umbel_conformance.backend.bench import BackendBench, OpenBackend, record
from umbel_conformance.capabilities import lacks

T = TypeVar("T")


class Breaking(BackendBench):
    def break_it(self, backend: Backend) -> None:
        if not self.cut(backend):
            pytest.skip("has no connection that could break (see cut)")

    def with_another_try(self, call: Callable[[], T]) -> T:
        """A driver may say once that its connection is gone; it reconnects by itself inside the next call."""
        try:
            return call()
        except TemporaryError:
            return call()

    @lacks("private")
    def test_after_its_connection_broke_a_backend_stores_and_fetches_again(self, open_backend: OpenBackend) -> None:
        backend, other = open_backend(), open_backend()
        backend.store([record("before")])
        self.break_it(backend)
        self.with_another_try(lambda: backend.store([record("after")]))
        self.break_it(backend)
        self.with_another_try(lambda: backend.fetch(["before"]))
        assert None not in backend.fetch(["before", "after"])
        assert None not in other.fetch(["before", "after"])

    @lacks("private")
    def test_what_was_stored_while_a_listener_was_cut_off_is_heard_of(self, open_backend: OpenBackend) -> None:
        listening, storing = open_backend(), open_backend()
        subscription = listening.subscribe()
        subscription.add(["gap", "after"])
        subscription.receive(0.0)
        self.break_it(listening)
        storing.store([record("gap")])
        assert [one.task_id for one in self.with_another_try(lambda: self.hear(subscription, 1))] == ["gap"]
        storing.store([record("after")])
        assert [one.task_id for one in self.hear(subscription, 1)] == ["after"]
        subscription.close()
