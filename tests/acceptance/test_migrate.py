"""`umbel migrate` between real brokers, interrupted and killed."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from umbel import Umbel
from umbel.contracts import Transport
from umbel.model import Message, Settlement

pytestmark = pytest.mark.needs("umbel-migrate", "umbel-sqlite")
COUNT = 3000


@pytest.fixture
def source(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'source.db'}"


@pytest.fixture
def destination(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'destination.db'}"


@contextmanager
def opened(url: str) -> Iterator[Transport]:
    with Umbel("migrate", broker=url, set_as_current=False) as app:
        yield app.transport


def fill(url: str, count: int, task: str = "shop.buy", queue: str = "celery") -> None:
    with opened(url) as transport:
        transport.publish([Message(queue, str(n).encode(), {"task": task, "id": str(n)}) for n in range(count)])


def depth(url: str, queue: str = "celery") -> int:
    with opened(url) as transport:
        return transport.admin().depth(queue).ready


def drained(url: str, queue: str = "celery") -> list[int]:
    seen = []
    with opened(url) as transport:
        while got := transport.reserve([queue], 500, 0.2):
            seen += [int(one.message.body) for one in got]
            transport.settle([Settlement(one) for one in got])
    return seen


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "umbel", "migrate", *arguments]


def migrate(*arguments: str) -> str:
    ran = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_everything_is_moved_in_order(source: str, destination: str) -> None:
    fill(source, 250)
    fill(source, 3, queue="other")
    assert "Moved 253 messages." in migrate(source, destination)
    assert drained(destination) == list(range(250))
    assert drained(destination, "other") == [0, 1, 2]
    assert depth(source) == depth(source, "other") == 0


def test_a_message_arrives_as_it_was(source: str, destination: str) -> None:
    sent = Message(
        "celery", b"\x00\xff", {"task": "t", "id": "1", "stamps": {"a": [1]}}, {"correlation_id": "1"},
        "application/x-own", "binary", 7, exchange="shop", routing_key="orders",
    )  # fmt: skip
    with opened(source) as transport:
        transport.publish([sent])
    migrate(source, destination)
    with opened(destination) as transport:
        (arrived,) = (one.message for one in transport.reserve(["celery"], 1, 1.0))
    for field in ("body", "content_type", "content_encoding", "priority", "exchange", "routing_key"):
        assert getattr(arrived, field) == getattr(sent, field)
    assert {name: arrived.headers[name] for name in sent.headers} == sent.headers
    assert arrived.properties["correlation_id"] == "1"


def test_queues_tasks_and_a_limit_choose(source: str, destination: str) -> None:
    fill(source, 5, "shop.buy")
    fill(source, 5, "other.thing")
    fill(source, 5, queue="elsewhere")
    assert "Moved 5 messages, left 5" in migrate(source, destination, "-Q", "celery", "-t", "shop.*")
    assert (depth(source), depth(source, "elsewhere"), depth(destination)) == (5, 5, 5)
    assert "Moved 2 messages." in migrate(source, destination, "-Q", "elsewhere", "--limit", "2")
    assert (depth(source, "elsewhere"), depth(destination, "elsewhere")) == (3, 2)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_is_interrupted_loses_nothing_and_goes_on(how: signal.Signals, source: str, destination: str) -> None:
    fill(source, COUNT)
    process = subprocess.Popen(
        command(source, destination, "--batch", "10"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    pause = threading.Event()
    # On a busy machine it may have ended before anybody looked: then there was nothing to interrupt.
    while depth(destination) < 200 and process.poll() is None:
        pause.wait(0.01)
    process.send_signal(how)
    process.wait(60)
    assert depth(destination) >= 200
    # What a killed process held comes back when its lease has ended and somebody asks for it.
    migrate(source, destination)
    while depth(destination) < COUNT:
        pause.wait(1.0)
        migrate(source, destination)
    seen = Counter(drained(destination))
    assert set(seen) == set(range(COUNT))
    assert sum(seen.values()) <= COUNT + 10, "no more than one batch is there twice"


def test_what_names_a_broker_for_all_is_not_heard(
    source: str, destination: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(source, 1)
    monkeypatch.setenv("UMBEL_BROKER_URL", source)
    migrate(source, destination)
    monkeypatch.delenv("UMBEL_BROKER_URL")
    assert (depth(source), depth(destination)) == (0, 1)


@pytest.mark.needs("umbel-kombu")
def test_from_a_broker_without_leases_one_at_a_time_is_on_its_way(tmp_path: Path, destination: str) -> None:
    pytest.importorskip("sqlalchemy")
    source = f"sqla+sqlite:///{tmp_path / 'kombu.db'}"
    fill(source, 20)
    assert "Moved 20 messages." in migrate(source, destination, "-Q", "celery")
    assert drained(destination) == list(range(20))
    refused = subprocess.run(command(source, destination, "-Q", "celery", "-t", "x"), capture_output=True, text=True)
    assert refused.returncode == 1
    assert "has no leases" in refused.stderr


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kit = pytest.importorskip("umbel_conformance.rabbitmq_server")
    server = kit.RabbitmqServer(tmp_path_factory.mktemp("rabbitmq"))
    try:
        server.start()
        yield server.url(server.new_vhost())
    finally:
        server.close()


@pytest.mark.needs("umbel-rabbitmq", "umbel-conformance")
def test_from_sqlite_to_rabbitmq_and_back_though_each_is_killed_once(
    source: str, rabbitmq: str, destination: str
) -> None:
    """What a dead process held on RabbitMQ is its connection's, and is there again at once."""
    fill(source, COUNT)
    for here, there in ((source, rabbitmq), (rabbitmq, destination)):
        process = subprocess.Popen(
            command(here, there, "-Q", "celery", "--batch", "10"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        pause = threading.Event()
        while depth(there) < 200 and process.poll() is None:
            pause.wait(0.01)
        process.kill()
        process.wait(60)
        while depth(there) < COUNT:
            migrate(here, there, "-Q", "celery")
    seen = Counter(drained(destination))
    assert set(seen) == set(range(COUNT))
    assert sum(seen.values()) <= COUNT + 20, "no more than one batch of each way is there twice"


def test_a_bar_on_a_terminal_says_how_far_it_is(source: str, destination: str) -> None:
    fill(source, 250)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command(source, destination), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # EIO: its last writer is gone.
        pass
    finally:
        os.close(ours)
    assert process.wait(60) == 0
    assert b"250/250" in shown
