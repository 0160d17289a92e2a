"""A call of either kind of client, run by either kind of worker, read by the client."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from harness.parties import Client, Worker, noted

VALUES = [0, -1, 2**53, 1.5, True, None, "", "ein Gruß · 数え切れない", [], [1, [2, [3]]], {"a": {"b": [None]}}]


def test_a_call_is_answered(client: Client) -> None:
    found = client.get(client.send("interop.add", 2, 3))

    assert (found["value"], found["state"]) == (5, "SUCCESS")


def test_the_worker_is_of_the_kind_that_was_meant(client: Client, pair: tuple[str, str]) -> None:
    assert client.call("interop.who") == pair[1]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_arrives_and_comes_back(client: Client, value: Any) -> None:
    assert client.call("interop.echo", value, kwargs={"named": value}) == {"args": [value], "kwargs": {"named": value}}


def test_a_megabyte_arrives_and_comes_back(client: Client) -> None:
    text = "0123456789abcdef" * 65536

    assert client.call("interop.echo", text)["args"] == [text]


def test_an_id_that_the_client_chose_is_kept(client: Client, pair: tuple[str, str]) -> None:
    chosen = "chosen-by-{}-for-{}".format(*pair)

    assert client.send("interop.add", 1, 1, task_id=chosen) == chosen
    assert client.call("interop.request", task_id=f"{chosen}-too")["id"] == f"{chosen}-too"


def test_the_request_is_what_the_client_sent(client: Client) -> None:
    id = client.send("interop.request", headers={"tenant": "acme"}, time_limit=30, soft_time_limit=20)
    found = client.get(id)["value"]

    assert found["id"] == found["root_id"] == found["correlation_id"] == id
    assert (found["parent_id"], found["retries"], found["eta"], found["expires"]) == (None, 0, None, None)
    assert found["timelimit"] == [30, 20]
    assert found["routing_key"] == "celery"
    assert (found["argsrepr"], found["kwargsrepr"]) == ("()", "{}")
    assert found["headers"]["tenant"] == "acme"


def test_a_countdown_is_waited_for(client: Client) -> None:
    sent = time.time()

    assert client.call("interop.now", countdown=1.5) >= sent + 1.5


def test_a_task_that_has_expired_does_not_run(client: Client, tmp_path: Path) -> None:
    late = client.send("interop.note", "ran", str(tmp_path / "notes"), expires_at=time.time() - 60)
    found = client.get(late)

    assert (found["error"], found["state"]) == ("TaskRevokedError", "REVOKED")
    assert not (tmp_path / "notes").exists()


def test_a_task_that_expires_later_runs(client: Client) -> None:
    assert client.call("interop.add", 1, 2, expires_at=time.time() + 60) == 3


def test_no_result_is_kept_of_a_task_that_ignores_it(client: Client, worker: Worker, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    id = client.send("interop.note", "ran", str(notes), ignore_result=True)
    worker.until(lambda: bool(noted(notes)), "a note")
    client.call("interop.add", 1, 1)  # what came later is stored, so this would be

    assert client.ask("meta", id=id)["state"] == "PENDING"


def test_the_state_that_a_task_gives_itself_is_seen(client: Client, worker: Worker, tmp_path: Path) -> None:
    id = client.send("interop.progress", str(tmp_path / "go"))
    worker.until(lambda: client.ask("meta", id=id)["state"] == "PROGRESS", "progress")
    assert client.ask("meta", id=id)["info"] == {"done": 1, "of": 2}
    (tmp_path / "go").touch()

    assert client.get(id)["value"] == "done"
