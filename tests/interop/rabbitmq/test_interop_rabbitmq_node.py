"""The npm clients on RabbitMQ, in both directions."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from harness.node import Node
from harness.parties import Parties

CLIENTS = ("celery_node", "celery_ts", "node_celery")


@pytest.fixture(params=["celery", "umbel"], ids=lambda kind: f"to-{kind}")
def called(request: pytest.FixtureRequest, parties_with_redis: Parties) -> Parties:
    """With a worker of one kind."""
    parties_with_redis.worker(request.param, "-c", "1").ready()
    return parties_with_redis


@pytest.mark.parametrize("program", CLIENTS)
def test_calls_are_answered(node: Node, program: str, called: Parties) -> None:
    calls = [["interop.add", [number, 1], {}] for number in range(30)]
    answers = node.call(program, called.url, *calls, ["interop.echo", ["ü"], {"a": [1, None]}], backend=called.backend)

    assert [answer["value"] for answer in answers[:-1]] == list(range(1, 31))
    assert answers[-1]["value"] == {"args": ["ü"], "kwargs": {"a": [1, None]}}


def test_an_eta_of_an_npm_client_is_waited_for(node: Node, called: Parties) -> None:
    due = time.time() + 1.2
    calls = ["interop.now", [], {}, {"eta": due * 1000}]
    (answer,) = node.call("node_celery", called.url, calls, backend=called.backend)

    assert answer["value"] >= due - 0.001  # Node's dates have milliseconds


@pytest.mark.parametrize("kind", ["celery", "umbel"], ids=lambda kind: f"from-{kind}")
def test_a_worker_of_celery_node_runs_calls(node: Node, parties_with_redis: Parties, kind: str, tmp_path: Path) -> None:
    parties = parties_with_redis
    node.start("celery_node_worker", parties.url, tmp_path / "node.log", parties.backend)
    client = parties.client(kind)

    assert client.call("interop.add", 2, 3) == 5
    assert client.call("interop.echo", "ü", kwargs={"a": [1, None]}) == {"args": ["ü"], "kwargs": {"a": [1, None]}}
