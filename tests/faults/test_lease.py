"""What a dead worker held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.needs("umbel-sqlite", "umbel-prefork"), pytest.mark.faults]


@pytest.fixture
def patient(machine: Callable[[str], Any]) -> Any:
    made = machine("patient")
    made.environment["PATIENT_FILES"] = str(made.folder)
    return made


def began(machine: Any, name: str) -> int:
    """How often the task has begun."""
    mark = machine.folder / f"{name}.began"
    return len(mark.read_text().splitlines()) if mark.exists() else 0


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_what_a_killed_worker_held_comes_back_to_another_within_seconds(patient: Any, pool: str) -> None:
    first = patient.worker("-P", pool, "-c", "1")
    patient.client("send").process.wait()
    patient.until(lambda: began(patient, "first") == 1, "start of the first task")
    second = patient.worker("-P", pool, "-c", "1")
    first.kill()
    patient.until(lambda: began(patient, "first") == 2, "second start of the first task")
    (patient.folder / "go").touch()
    patient.until(lambda: patient.ask("results") == ["SUCCESS"] * 3, "success of all three")
    patient.until(lambda: patient.ask("depth") == 0, "empty queue")
    assert second.end() == 0, second.tail()
    patient.nothing_is_left()
    patient.databases_are_sound()


def test_a_living_worker_keeps_its_leases_however_long_a_task_takes(patient: Any) -> None:
    patient.environment["PATIENT_LEASE_S"] = "0.5"
    first = patient.worker("-P", "prefork", "-c", "1")
    patient.client("send").process.wait()
    patient.until(lambda: began(patient, "first") == 1, "start of the first task")
    second = patient.worker("-P", "prefork", "-c", "3")
    until = patient.ask("leased_until")
    patient.until(lambda: patient.ask("leased_until") > until + 2, "extension of the lease")  # four times over
    (patient.folder / "go").touch()
    patient.until(lambda: patient.ask("results") == ["SUCCESS"] * 3, "success of all three")
    assert [began(patient, name) for name in ("first", "second", "third")] == [1, 1, 1]
    assert (first.end(), second.end()) == (0, 0)
