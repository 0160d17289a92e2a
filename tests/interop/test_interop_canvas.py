"""Celery's canvas, run by either kind of worker."""

from __future__ import annotations

import pytest
from harness.parties import Client

PAIRS = [("celery", "celery"), ("celery", "umbel")]


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0]}-to-{pair[1]}")
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


def test_a_chain_goes_from_task_to_task(client: Client) -> None:
    last = client.ask("chain", steps=[["interop.add", [1, 2]], ["interop.add", [3]], ["interop.add", [4]]])

    assert client.get(last)["value"] == 10


def test_a_group_is_read_as_one(client: Client) -> None:
    members = [["interop.add", [number, 1]] for number in range(5)]

    assert client.ask("group", members=members) == [1, 2, 3, 4, 5]
