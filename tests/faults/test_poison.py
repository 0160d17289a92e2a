"""A message that kills whoever runs it is found out, and those that wait beside it are not taken for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.needs("umbel-sqlite", "umbel-prefork"), pytest.mark.faults]

#: The default of `worker_lost_limit`, and how many others are sent behind the one that kills.
LIMIT, INNOCENT = 3, 200


def deaths(machine: Any) -> int:
    """How often the task that kills has begun."""
    mark = machine.folder / "deaths"
    return os.path.getsize(mark) if mark.exists() else 0


def assert_only_the_killer_is_buried(machine: Any) -> None:
    killer, ran = machine.ask("results")
    assert f"died {LIMIT} times" in killer
    assert ran == INNOCENT
    machine.until(lambda: machine.ask("depth") == [0, 0], "empty queue")
    assert machine.ask("dead") == [["killer", LIMIT]]
    assert deaths(machine) == LIMIT


def test_a_task_that_kills_its_worker_is_buried_alone(machine: Callable[[str], Any]) -> None:
    poisonous = machine("poisonous")
    poisonous.client("send").process.wait()
    for number in range(1, LIMIT + 1):
        worker = poisonous.worker("-P", "solo", "-l", "WARNING")
        poisonous.until(lambda worker=worker: not worker.alive(), "death of the worker")
        assert deaths(poisonous) == number, poisonous.last_words()
        assert poisonous.ask("depth") == [0, INNOCENT + 1]  # the dead one has taken all of them with it
    worker = poisonous.worker("-P", "solo", "-l", "WARNING")  # as a supervisor would, once more
    assert_only_the_killer_is_buried(poisonous)
    assert worker.end() == 0, worker.tail()
    poisonous.databases_are_sound()


def test_a_task_that_kills_its_process_of_the_pool_is_buried_alone(machine: Callable[[str], Any]) -> None:
    poisonous = machine("poisonous")
    poisonous.client("send").process.wait()
    worker = poisonous.worker("-P", "prefork", "-c", "1", "-l", "WARNING")
    assert_only_the_killer_is_buried(poisonous)
    assert worker.end() == 0, worker.tail()
    poisonous.nothing_is_left()


def test_one_that_is_put_back_has_all_its_chances_again(machine: Callable[[str], Any]) -> None:
    poisonous = machine("poisonous")
    poisonous.client("send").process.wait()
    worker = poisonous.worker("-P", "prefork", "-c", "1", "-l", "WARNING")
    assert_only_the_killer_is_buried(poisonous)
    poisonous.start("retry", [*poisonous.umbel, "dead", "retry", "--all"]).process.wait()
    poisonous.until(lambda: deaths(poisonous) == 2 * LIMIT, "another three deaths")
    poisonous.until(lambda: poisonous.ask("dead") == [["killer", LIMIT]], "second burial")
    assert worker.end() == 0, worker.tail()
