"""Priorities: Celery's order on Redis, the lowest number first."""

from __future__ import annotations

from pathlib import Path

from harness.parties import Parties, noted

ONE_AT_A_TIME = ("-c", "1", "-P", "solo", "--prefetch-multiplier", "1")


def test_the_lowest_number_runs_first(parties: Parties, pair: tuple[str, str], tmp_path: Path) -> None:
    client, notes = parties.client(pair[0]), tmp_path / "notes"
    for priority in (9, 6, 3, 0, 9, 6, 3, 0):
        client.send("interop.note", str(priority), str(notes), priority=priority)
    worker = parties.worker(pair[1], *ONE_AT_A_TIME)
    worker.until(lambda: len(noted(notes)) == 8, "eight notes")

    assert notes.read_text().split() == ["0", "0", "3", "3", "6", "6", "9", "9"]


def test_equal_ones_run_in_the_order_in_which_they_were_sent(
    parties: Parties, pair: tuple[str, str], tmp_path: Path
) -> None:
    client, notes = parties.client(pair[0]), tmp_path / "notes"
    for number in range(10):
        client.send("interop.note", str(number), str(notes))
    worker = parties.worker(pair[1], *ONE_AT_A_TIME)
    worker.until(lambda: len(noted(notes)) == 10, "ten notes")

    assert notes.read_text().split() == [str(number) for number in range(10)]
