"""`umbel inspect`, `umbel control` and `umbel status`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from umbel import Umbel
from umbel.cli.context import CliContext
from umbel.cli.errors import EX_UNAVAILABLE
from umbel_conformance.worker import RecordingWorker
from umbel_control.cli.control import control
from umbel_control.cli.inspect import inspect
from umbel_control.cli.status import status
from umbel_control.node import ControlNode

COMMANDS = {"inspect": inspect, "control": control, "status": status}
NODE = "celery@conformance"


@pytest.fixture
def run(app: Umbel) -> Callable[..., Result]:
    def run(name: str, *words: str) -> Result:
        return CliRunner().invoke(COMMANDS[name], list(words), obj=CliContext(given=app))

    return run


@pytest.fixture
def node(worker: RecordingWorker, listen: Callable[[RecordingWorker], ControlNode]) -> ControlNode:
    return listen(worker)


@pytest.mark.usefixtures("node")
def test_status_lists_the_nodes(run: Any) -> None:
    result = run("status", "-d", NODE, "-t", "10")
    assert (result.output, result.exit_code) == (f"{NODE}: OK\n\n1 node online.\n", 0)
    assert json.loads(run("status", "-d", NODE, "--json").output) == {NODE: {"ok": "pong"}}


@pytest.mark.usefixtures("node")
def test_inspect_prints_what_each_node_answers(run: Any) -> None:
    result = run("inspect", "registered", "--destination", NODE, "--timeout", "10")
    assert result.output.startswith(f"->  {NODE}: OK\n        * ")
    assert "        * proj.add [rate_limit=5/s]\n" in result.output, "other tests of this process may have tasks, too"
    assert result.output.endswith("\n\n1 node online.\n")
    assert json.loads(run("inspect", "active", "-d", NODE, "-j").output) == {NODE: []}
    assert "- empty -" in run("inspect", "revoked", "-d", NODE).output


@pytest.mark.usefixtures("node")
def test_control_has_the_workers_do_it(run: Any, worker: RecordingWorker) -> None:
    result = run("control", "-d", NODE, "rate_limit", "proj.add", "3/s")
    assert result.output == f"->  {NODE}: OK\n        new rate limit set successfully\n"
    run("control", "-d", NODE, "time_limit", "proj.add", "1.5", "2")
    run("control", "-d", NODE, "revoke", "a", "b")
    run("control", "-d", NODE, "pool_grow", "2")
    assert worker.changes == [
        ("proj.add", {"rate_limit": "3/s"}), ("proj.add", {"soft_time_limit": 1.5, "time_limit": 2.0}),
    ]  # fmt: skip
    assert worker.concurrency == 3
    assert "* a\n        * b" in run("inspect", "-d", NODE, "revoked").output


@pytest.mark.usefixtures("node")
def test_what_a_node_cannot_do_is_an_error(run: Any) -> None:
    result = run("control", "-d", NODE, "pool_restart")
    assert result.exit_code == 1
    assert f"->  {NODE}: ERROR\n        a worker starts its pool once" in result.output
    assert f"1 of 1 node could not do it: {NODE}" in result.output


@pytest.mark.parametrize("words", [("status",), ("inspect", "ping"), ("control", "shutdown")])
def test_where_nobody_answers_the_exit_code_says_so(run: Any, words: tuple[str, ...]) -> None:
    result = run(*words, "-t", "0.1")
    assert result.exit_code == EX_UNAVAILABLE
    assert "No nodes replied within time constraint" in result.output


def test_the_commands_are_listed(run: Any) -> None:
    assert "rate_limit <task_name> <rate_limit (e.g., 5/s | 5/m | 5/h)>" in run("control", "--list").output
    listed = run("inspect", "-l").output
    assert "active_queues" in listed
    assert "hello" not in listed


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("inspect",), "which command?"),
        (("inspect", "statz"), "did you mean 'stats'?"),
        (("inspect", "revoke"), "there is no command 'revoke'"),
        (("control", "pool_grow", "many"), "n cannot be 'many'"),
        (("inspect", "conf", "perhaps"), "with_defaults cannot be 'perhaps'"),
        (("inspect", "ping", "now"), "takes no arguments: found now"),
    ],
)
def test_wrong_usage_is_refused_before_anybody_is_asked(run: Any, words: tuple[str, ...], text: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert text in result.output
