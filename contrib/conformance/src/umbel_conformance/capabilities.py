"""What a driver declares decides which tests it gets: `@needs` for what it claims, `@lacks` for what it must refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., Any])

#: The features that each contract knows, as its docstring lists them.
KNOWN_FEATURES: dict[str, frozenset[str]] = {
    "transport": frozenset(
        {
            "across_processes",
            "dead_letters",
            "delayed",
            "durable",
            "expires",
            "fanout",
            "history",
            "lease",
            "losses",
            "ordered",
            "pause",
            "priority",
            "transactional",
        }
    ),
    "pool": frozenset(
        {
            "concurrent",
            "in_place",
            "join",
            "max_memory_per_child",
            "max_tasks_per_child",
            "processes",
            "resize",
            "soft_time_limit",
            "terminate",
            "time_limit",
        }
    ),
    "backend": frozenset({"across_processes", "durable", "expires", "headers", "private", "push", "shared_state"}),
    "scheduler": frozenset({"durable", "editable", "leader"}),
    "consumer": frozenset({"fanout", "queues"}),
    "serializer": frozenset(),
    "compression": frozenset(),
    "bootstep": frozenset(),
}


def needs(*features: str) -> Callable[[Test], Test]:
    """Run this test only against a driver that declares all of `features`."""

    def mark(test: Test) -> Test:
        test.__dict__["umbel_needs"] = frozenset(features)
        return test

    return mark


def lacks(feature: str) -> Callable[[Test], Test]:
    """Run this test only against a driver that does not declare `feature`: it says how that must be refused."""

    def mark(test: Test) -> Test:
        test.__dict__["umbel_lacks"] = feature
        return test

    return mark


class Capabilities:
    """Skips what the driver does not claim, and what it must not refuse because it claims it."""

    @pytest.fixture
    def features(self) -> frozenset[str]:
        """What the driver under test declares. Each suite says how to ask it."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _only_what_is_declared(self, request: pytest.FixtureRequest) -> None:
        wanted: frozenset[str] = getattr(request.function, "umbel_needs", frozenset())
        refused: str | None = getattr(request.function, "umbel_lacks", None)
        if not wanted and refused is None:
            return
        features: frozenset[str] = request.getfixturevalue("features")
        if missing := wanted - features:
            pytest.skip(f"does not declare {', '.join(sorted(missing))}")
        if refused in features:
            pytest.skip(f"declares {refused}")
