"""`umbel queues` on a transport that can do little; on one that can do all it is tested in tests/acceptance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from click.testing import CliRunner

from umbel import Umbel
from umbel.cli.root import root
from umbel.contracts import QueueAdmin
from umbel.model import Depth
from umbel_conformance.worker import BareTransport


class Plain(BareTransport):
    """Without any feature."""

    contract_version = 1

    def admin(self) -> QueueAdmin:
        return PlainAdmin()


class PlainAdmin(QueueAdmin):
    def queues(self) -> Sequence[str]:
        return ["letters"]

    def depth(self, queue: str) -> Depth:
        return Depth(queue, 3 if queue == "letters" else 0)

    def purge(self, queue: str) -> int:
        return 0


@pytest.fixture
def app() -> Iterator[Umbel]:
    made = Umbel("proj", set_as_current=False, broker="plain://", backend="disabled")
    made.catalogue.register("transport", "plain", Plain)
    yield made
    made.close()


def _run(app: Umbel, *arguments: str) -> Any:
    return CliRunner().invoke(root, arguments, obj=app)


def test_what_the_broker_cannot_tell_is_a_question_mark(app: Umbel) -> None:
    shown = _run(app, "queues").stdout.splitlines()

    assert [line.split() for line in shown[1:]] == [["celery", "0", "?", "?", "?"], ["letters", "3", "?", "?", "?"]]


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_broker_that_cannot_pause_refuses_before_anything_is_done(app: Umbel, command: str) -> None:
    refused = _run(app, "queues", command, "letters")

    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert "queues of the broker 'plain' cannot be paused: it does not have the feature 'pause'" in refused.stderr


def test_pausing_no_queue_is_wrong_usage(app: Umbel) -> None:
    assert _run(app, "queues", "pause").exit_code == 2
