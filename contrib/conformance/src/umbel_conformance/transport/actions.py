"""What other processes do with a transport while a test looks on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from umbel.model import Message, Settlement
from umbel_conformance.elsewhere import Blueprint, until_the_parent_is_gone


def publish(transport: Blueprint, queue: str, count: int, fields: dict[str, Any]) -> Iterator[str]:
    """Publish `count` numbered messages, close, end."""
    driver = transport.build()
    driver.publish([Message(queue, str(number).encode(), **fields) for number in range(count)])
    yield "published"
    driver.close()


def publish_and_hang(transport: Blueprint, queue: str, count: int) -> Iterator[str]:
    """Publish, and neither close nor end until killed."""
    driver = transport.build()
    driver.publish([Message(queue, str(number).encode()) for number in range(count)])
    yield "published"
    until_the_parent_is_gone()


def reserve_and_hang(transport: Blueprint, queue: str, count: int) -> Iterator[list[str]]:
    """Hold what could be reserved until killed."""
    driver = transport.build()
    held: list[Any] = []
    while len(held) < count:
        held += driver.reserve([queue], count - len(held), 1.0)
    yield [one.message.body.decode() for one in held]
    until_the_parent_is_gone()


def work(transport: Blueprint, queue: str) -> Iterator[list[str]]:
    """Reserve and acknowledge until nothing comes for a while; then say what was done."""
    driver = transport.build()
    yield []
    done: list[str] = []
    while batch := driver.reserve([queue], 5, 0.5):
        refused = driver.settle([Settlement(one) for one in batch])
        assert not refused, f"refused {len(refused)} settlements of messages that were held"
        done += [one.message.body.decode() for one in batch]
    driver.close()
    yield done


def listen(transport: Blueprint, exchange: str, timeout_s: float) -> Iterator[Any]:
    """Say that the subscription stands, then what was heard first."""
    driver = transport.build()
    subscription = driver.fanout().subscribe(exchange)
    yield "listening"
    yield [one.body.decode() for one in subscription.receive(timeout_s)]
    subscription.close()
    driver.close()


def work_until_killed(transport: Blueprint, queue: str, batch: int) -> Iterator[list[str]]:
    """Reserve and acknowledge for ever; say what will be acknowledged before it is."""
    driver = transport.build()
    while True:
        held = driver.reserve([queue], batch, 1.0)
        yield [one.message.body.decode() for one in held]
        driver.settle([Settlement(one) for one in held])


def publish_until_killed(transport: Blueprint, queue: str, batch: int) -> Iterator[int]:
    """Publish batches of numbered messages for ever; say how many have been published so far."""
    driver = transport.build()
    for start in itertools.count(0, batch):
        driver.publish([Message(queue, str(number).encode()) for number in range(start, start + batch)])
        yield start + batch
