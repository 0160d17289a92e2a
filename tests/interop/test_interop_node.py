"""The npm clients: what they send is run, and what is stored can be read by them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness.node import Node
from harness.parties import Parties, Worker

CLIENTS = ("celery_node", "celery_ts", "node_celery")


@pytest.fixture(params=["celery", "umbel"], ids=lambda kind: f"to-{kind}")
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def worker(kind: str, place: Callable[[str], Any]) -> Worker:
    found: Worker = place(kind).worker
    return found


@pytest.fixture
def url(kind: str, place: Callable[[str], Any]) -> str:
    found: str = place(kind).parties.url
    return found


@pytest.mark.parametrize("program", CLIENTS)
def test_calls_are_answered(node: Node, program: str, url: str, worker: Worker) -> None:
    answers = node.call(program, url, ["interop.add", [2, 3], {}], ["interop.echo", ["ü"], {"a": [1, None]}])

    assert [answer["value"] for answer in answers] == [5, {"args": ["ü"], "kwargs": {"a": [1, None]}}]


@pytest.mark.parametrize("program", CLIENTS)
def test_a_hundred_calls_of_one_client_are_each_answered(node: Node, program: str, url: str, worker: Worker) -> None:
    """Every message of celery-ts has the same delivery tag."""
    answers = node.call(program, url, *(["interop.add", [number, 1], {}] for number in range(100)))

    assert [answer["value"] for answer in answers] == list(range(1, 101))


def test_celery_node_hears_of_an_error(node: Node, url: str, worker: Worker) -> None:
    (answer,) = node.call("celery_node", url, ["interop.fail", ["ValueError", "no good"], {}])

    assert (answer["error"], answer["args"], answer["text"]) == ("ValueError", ["no good"], "FAILURE")


def test_celery_ts_gets_the_record_of_an_error(node: Node, url: str, worker: Worker) -> None:
    (answer,) = node.call("celery_ts", url, ["interop.fail", ["ValueError", "no good"], {}])

    assert answer["value"] == {"exc_type": "ValueError", "exc_message": ["no good"], "exc_module": "builtins"}


def test_node_celery_hears_of_an_error(node: Node, url: str, worker: Worker) -> None:
    (answer,) = node.call("node_celery", url, ["interop.fail", ["ValueError", "no good"], {}])

    assert answer["state"] == "FAILURE"
    assert answer["value"]["exc_type"] == "ValueError"


@pytest.mark.parametrize("program", ["celery_ts", "node_celery"])
def test_an_eta_of_an_npm_client_is_waited_for(node: Node, program: str, url: str, worker: Worker) -> None:
    due = time.time() + 1.2
    (answer,) = node.call(program, url, ["interop.now", [], {}, {"eta": due * 1000}])

    assert answer["value"] >= due - 0.001  # Node's dates have milliseconds


def test_a_task_of_node_celery_that_has_expired_does_not_run(node: Node, url: str, worker: Worker) -> None:
    (answer,) = node.call("node_celery", url, ["interop.now", [], {}, {"expires": (time.time() - 60) * 1000}])

    assert answer["state"] == "REVOKED"


def test_a_task_of_protocol_1_is_tried_again(node: Node, kind: str, url: str, place: Callable[[str], Any]) -> None:
    (answer,) = node.call("node_celery", url, ["interop.retry", [2], {}])

    assert answer["state"] in ("RETRY", "SUCCESS")  # it takes the first state that it hears of for the last
    assert place(kind).clients["celery"].get(answer["id"])["value"] == 2


@pytest.fixture(params=["celery", "umbel"], ids=lambda kind: f"from-{kind}")
def client_kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_a_worker_of_celery_node_runs_calls(node: Node, parties: Parties, client_kind: str, tmp_path: Path) -> None:
    node.start("celery_node_worker", parties.url, tmp_path / "node.log")
    client = parties.client(client_kind)

    assert client.call("interop.add", 2, 3) == 5
    assert client.call("interop.echo", "ü", kwargs={"a": [1, None]}) == {"args": ["ü"], "kwargs": {"a": [1, None]}}


def test_a_failure_in_a_worker_of_celery_node_is_a_failure(
    node: Node, parties: Parties, client_kind: str, tmp_path: Path
) -> None:
    node.start("celery_node_worker", parties.url, tmp_path / "node.log")
    client = parties.client(client_kind)
    found = client.get(client.send("interop.fail", "ValueError", "no good"))

    assert found["state"] == "FAILURE"
