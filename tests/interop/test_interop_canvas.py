"""Workflows between the two: either kind of client, and workers of either kind or of both."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.parties import Client, Parties
from harness.server import RedisServer

sys.path.insert(0, str(Path(__file__).parent / "project"))

import interop_canvas

pytestmark = pytest.mark.needs("umbel-canvas")


def test_a_chain_goes_from_task_to_task(client: Client) -> None:
    last = client.ask("chain", steps=[["interop.add", [1, 2]], ["interop.add", [3]], ["interop.add", [4]]])

    assert client.get(last)["value"] == 10


def test_a_group_is_read_as_one(client: Client) -> None:
    members = [["interop.add", [number, 1]] for number in range(5)]

    assert client.ask("group", members=members) == [1, 2, 3, 4, 5]


def test_a_chord_runs_its_body_with_what_the_header_returned(client: Client) -> None:
    header = [["interop.add", [number, 1]] for number in range(5)]

    assert client.ask("chord", header=header, body=["interop.echo", []]) == {"args": [[1, 2, 3, 4, 5]], "kwargs": {}}


def test_a_chain_stops_at_a_failure_and_its_last_step_has_it(client: Client) -> None:
    last = client.ask("chain", steps=[["interop.fail", ["ValueError", "no"]], ["interop.add", [3]]])
    found = client.get(last)

    assert (found["error"], found["args"]) == ("ValueError", ["no"])


@pytest.mark.parametrize("name", interop_canvas.NAMES)
def test_a_workflow_returns_the_same_everywhere(client: Client, name: str) -> None:
    found, expected = client.ask("workflow", name=name)

    assert found == expected


@pytest.mark.parametrize("name", interop_canvas.FAILURES)
def test_a_workflow_fails_in_the_same_way_everywhere(client: Client, name: str) -> None:
    found, expected = client.ask("failure", name=name)

    assert found == expected


@pytest.fixture(scope="module")
def mixed(
    server: RedisServer, celery: Path, databases: Iterator[int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Client]]:
    """Clients of both kinds, with a worker of each kind on one queue."""
    parties = Parties(server.url(next(databases)), tmp_path_factory.mktemp("mixed"))
    workers = [parties.worker(kind, "-c", "1", INTEROP_RECONCILE_S="1") for kind in ("celery", "umbel")]
    yield {kind: parties.client(kind) for kind in ("celery", "umbel") if [worker.ready() for worker in workers]}
    parties.close()


@pytest.mark.parametrize("kind", ["celery", "umbel"])
def test_workers_of_both_kinds_share_workflows(mixed: dict[str, Client], kind: str) -> None:
    """Who runs which step is left to chance, so each of them is asked for several times."""
    wrong = []
    for name in interop_canvas.NAMES * 3:
        found, expected = mixed[kind].ask("workflow", name=name)
        if found != expected:
            wrong.append((name, found, expected))
    nested = interop_canvas.NESTED_FAILURES if kind == "umbel" else []
    for name in [*interop_canvas.FAILURES * 3, *nested * 3]:
        found, expected = mixed[kind].ask("failure", name=name)
        if found != expected:
            wrong.append((name, found, expected))
    assert not wrong
