"""Calls and failures as on Redis, with the broker that Celery was made for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness.parties import Client
from test_interop_calls import *  # noqa: F403
from test_interop_failures import *  # noqa: F403


@pytest.fixture
def client(request: pytest.FixtureRequest, pair: tuple[str, str], place: Callable[[str], Any]) -> Iterator[Client]:
    """As for Redis, where the client may have waited for results.

    A client of Celery's that once has consumes from the queue of its results, and throws away what it finds there of
    tasks that it does not wait for: it sees the state of a running task only if it has not. So that has its own.
    """
    place_ = place(pair[1])
    if request.function.__name__ != "test_the_state_that_a_task_gives_itself_is_seen" or pair[0] != "celery":
        yield place_.clients[pair[0]]
        return
    fresh = place_.parties.client(pair[0])
    yield fresh
    fresh.close()
