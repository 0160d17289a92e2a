"""Errors, retries and what follows a task, across the border."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness.parties import Client, Worker, noted

ERRORS = [("ValueError", ["no good", 7], "builtins"), ("KeyError", ["missing"], "builtins"),
          ("Overdrawn", [12], "interop_tasks")]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "module"), ERRORS, ids=[name for name, *_ in ERRORS])
def test_an_error_arrives_with_its_type_and_its_arguments(client: Client, name: str, args: list, module: str) -> None:
    found = client.get(client.send("interop.fail", name, *args))

    assert (found["error"], found["args"], found["module"]) == (name, args, module)
    assert found["state"] == "FAILURE"
    assert found["traceback"].startswith("Traceback (most recent call last):")
    assert "interop_tasks.py" in found["traceback"]


def test_a_retry_runs_again(client: Client) -> None:
    assert client.call("interop.retry", 2) == 2


def test_a_task_that_is_out_of_retries_fails_with_its_own_error(client: Client) -> None:
    found = client.get(client.send("interop.retry", 3))

    assert (found["error"], found["text"]) == ("ValueError", "try 2")


def test_a_task_that_nobody_knows_fails(client: Client) -> None:
    found = client.get(client.send("interop.unheard_of"))

    assert (found["error"], found["state"]) == ("NotRegistered", "FAILURE")


def test_a_callback_gets_the_result(client: Client, worker: Worker, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    id = client.send("interop.add", 2, 3, link=[["interop.note", [str(notes)], {}]])
    worker.until(lambda: bool(noted(notes)), "a note of the callback")

    assert client.get(id)["value"] == 5
    assert notes.read_text() == "5\n"


def test_an_errback_gets_the_id(client: Client, worker: Worker, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    link = [["interop.note_failure", [], {"path": str(notes)}]]
    id = client.send("interop.fail", "ValueError", "x", link_error=link)
    worker.until(lambda: bool(noted(notes)), "a note of the errback")

    assert notes.read_text() == f"{id}\n"
