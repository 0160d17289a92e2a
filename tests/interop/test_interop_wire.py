"""What stands in Redis is the same, whoever has written it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.parties import Parties, Worker, noted


@pytest.fixture
def store(parties: Parties) -> Iterator[Any]:
    redis = pytest.importorskip("redis")
    with redis.Redis.from_url(parties.url, decode_responses=True) as connection:
        yield connection


def shape(value: Any) -> Any:
    """The names and types that a value is made of; what differs from call to call is left out."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__


CALLS: dict[str, dict[str, Any]] = {
    "plain": {"args": [1, 2]},
    "named": {"args": [1], "kwargs": {"y": 2}},
    "urgent": {"args": [1, 2], "priority": 6},
    "limited": {"args": [1, 2], "time_limit": 30, "soft_time_limit": 20, "expires": 3600},
    "ignored": {"args": [1, 2], "ignore_result": True},
    "linked": {"args": [1, 2], "link": [["interop.add", [3], {}]], "link_error": [["interop.note_failure", [], {}]]},
}


@pytest.mark.parametrize("call", CALLS)
def test_messages_of_umbel_have_the_form_of_celerys(parties: Parties, store: Any, call: str) -> None:
    found = {}
    for kind in ("celery", "umbel"):
        parties.client(kind).ask("send", task="interop.add", **CALLS[call])
        (key,) = (key for key in store.keys("celery*") if store.type(key) == "list")
        (envelope,) = (json.loads(each) for each in store.lrange(key, 0, -1))
        envelope["properties"].pop("expiration", None)  # for RabbitMQ; nobody reads it on Redis
        body = json.loads(base64.b64decode(envelope.pop("body")))
        found[kind] = (key, shape(envelope), body[:2], shape(body[2]))
        store.flushdb()

    assert found["umbel"] == found["celery"]


TASKS: dict[str, list[Any]] = {"interop.add": [1, 2], "interop.fail": ["ValueError", "no good"], "interop.echo": ["ü"]}


@pytest.mark.parametrize("task", TASKS)
def test_results_of_umbel_have_the_form_of_celerys(parties: Parties, store: Any, task: str) -> None:
    found = {}
    for kind in ("celery", "umbel"):
        worker, client = parties.worker(kind, "-c", "1", "-P", "solo"), parties.client("celery")
        id = client.send(task, *TASKS[task])
        client.get(id)
        record = json.loads(store.get(f"celery-task-meta-{id}"))
        found[kind] = (shape(record), record["result"], 86_000 < store.ttl(f"celery-task-meta-{id}") <= 86_400)
        worker.kill()

    assert found["umbel"] == found["celery"]


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "lzma"])
def test_a_client_of_umbel_reads_what_celery_has_compressed(parties: Parties, store: Any, compression: str) -> None:
    parties.worker("celery", "-c", "1", "-P", "solo", INTEROP_COMPRESSION=compression)
    client = parties.client("umbel")
    id = client.send("interop.echo", "x" * 1000)
    found = client.get(id)

    assert (found["value"]["args"], found["state"]) == (["x" * 1000], "SUCCESS")
    assert client.get(client.send("interop.fail", "ValueError", "no"))["error"] == "ValueError"
    assert store.strlen(f"celery-task-meta-{id}") < 500


def test_what_is_reserved_has_the_form_of_celerys(parties: Parties, store: Any, tmp_path: Path) -> None:
    found = {}
    for kind in ("celery", "umbel"):
        worker, client = parties.worker(kind, "-c", "1"), parties.client("celery")
        client.send("interop.hold", str(tmp_path / kind), str(tmp_path / "never"))
        worker.until(lambda kind=kind: bool(noted(tmp_path / kind)), "a task that runs")
        ((tag, held),) = store.hgetall("unacked").items()
        envelope, *where = json.loads(held)
        found[kind] = (shape(envelope), where, store.zrange("unacked_index", 0, -1) == [tag])
        worker.kill()
        store.flushdb()

    # Celery's own worker has marked the message as its own; it reads it without that, too.
    assert found["umbel"][2] is found["celery"][2] is True
    assert found["umbel"][1][1] == found["celery"][1][1] == "celery"
    assert found["umbel"][0]["headers"] == found["celery"][0]["headers"]
    assert found["umbel"][0]["properties"] == found["celery"][0]["properties"]


@pytest.fixture
def fleet(parties: Parties) -> list[Worker]:
    """A worker of each kind on one queue."""
    return [worker.ready() for worker in [parties.worker(kind, "-c", "1") for kind in ("celery", "umbel")]]


@pytest.mark.parametrize("kind", ["celery", "umbel"])
def test_retries_go_from_one_kind_of_worker_to_the_other(
    parties: Parties, fleet: list[Worker], kind: str, tmp_path: Path
) -> None:
    client = parties.client(kind)
    ids = [client.send("interop.retry", 2) for _ in range(40)]

    assert [client.get(id)["value"] for id in ids] == [2] * 40
    assert both_ran(fleet, "interop.retry")


@pytest.mark.parametrize("kind", ["celery", "umbel"])
def test_callbacks_go_from_one_kind_of_worker_to_the_other(
    parties: Parties, fleet: list[Worker], kind: str, tmp_path: Path
) -> None:
    client, notes = parties.client(kind), tmp_path / "notes"
    for number in range(40):
        client.send("interop.add", number, 0, link=[["interop.note", [str(notes)], {}]])
    fleet[0].until(lambda: len(noted(notes)) == 40, "forty notes")

    assert sorted(map(int, notes.read_text().split())) == list(range(40))
    assert both_ran(fleet, "interop.note")


def both_ran(fleet: list[Worker], task: str) -> bool:
    return all(f"Task {task}[" in worker.said() for worker in fleet)
