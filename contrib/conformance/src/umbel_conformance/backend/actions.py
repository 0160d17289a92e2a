"""What other processes do with a backend while a test looks on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from umbel import states
from umbel.model import Record
from umbel_conformance.elsewhere import Blueprint, until_the_parent_is_gone


def store(backend: Blueprint, records: list[tuple[str, str, bytes]]) -> Iterator[str]:
    """Store, close, end."""
    driver = backend.build()
    driver.store([Record(*facts) for facts in records])
    driver.close()
    yield "stored"


def fetch(backend: Blueprint, task_ids: list[str]) -> Iterator[list[Any]]:
    driver = backend.build()
    yield [one and (one.task_id, one.state, one.payload) for one in driver.fetch(task_ids)]
    driver.close()


def listen(backend: Blueprint, task_ids: list[str], timeout_s: float) -> Iterator[Any]:
    """Say that the subscription stands, then what was heard first."""
    driver = backend.build()
    subscription = driver.subscribe()
    subscription.add(task_ids)
    yield "listening"
    yield [(one.task_id, one.state, one.payload) for one in subscription.receive(timeout_s)]
    subscription.close()
    driver.close()


def claim_and_stay(backend: Blueprint, key: str, owner: str, ttl_s: float) -> Iterator[bool]:
    """Claim, and hold on until killed."""
    yield backend.build().shared().claim(key, owner, ttl_s)
    until_the_parent_is_gone()


def tally_many(backend: Blueprint, key: str, members: list[str]) -> Iterator[list[int]]:
    shared = backend.build().shared()
    yield [shared.tally(key, member, b"") for member in members]


def store_until_killed(backend: Blueprint, batch: int) -> Iterator[int]:
    """Store batches of numbered records for ever; say how many have been stored so far."""
    driver = backend.build()
    for start in itertools.count(0, batch):
        driver.store([Record(str(number), states.SUCCESS, b"{}") for number in range(start, start + batch)])
        yield start + batch
