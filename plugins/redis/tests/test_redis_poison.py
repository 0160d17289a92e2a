"""A message that kills its worker again and again is found out, and those that the worker held beside it are not."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from umbel.model import Action, Message, Settlement
from umbel_redis.settings import RedisSettings
from umbel_redis.transport import RedisTransport

PROJECT = Path(__file__).with_name("poisonous.py")
#: Bounds a test that has failed already.
LIMIT_S = 60.0


def start(url: str, what: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(PROJECT), url, what]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_task_that_kills_its_worker_is_buried_alone(url: str, transport: RedisTransport) -> None:
    assert start(url, "send").wait(LIMIT_S) == 0
    pids = []
    for _ in range(3):
        with start(url, "run") as worker:
            _, log = worker.communicate(timeout=LIMIT_S)
            assert worker.returncode == -signal.SIGKILL, log
            pids.append(worker.pid)
    with start(url, "run") as worker:  # as a supervisor would, once more
        try:
            with start(url, "check") as check:
                said, log = check.communicate(timeout=LIMIT_S)
                assert check.returncode == 0, log
        finally:
            worker.terminate()
            _, log = worker.communicate(timeout=LIMIT_S)
    killer, ran, dead = json.loads(said)
    assert "died 3 times" in killer
    assert (ran, dead) == (200, [["killer", 3]])
    assert worker.returncode == 0, log
    (letter,) = transport.admin().dead("celery")
    assert [one.worker for one in letter.history] == [f"{socket.gethostname()}/{pid}" for pid in (*pids, worker.pid)]
    assert ["while it ran" in one.what for one in letter.history] == [False, True, True, False]
    assert letter.history[-1].what == letter.reason


@pytest.fixture
def transport(url: str) -> Iterator[RedisTransport]:
    made = RedisTransport(url, RedisSettings())
    yield made
    made.close()


def test_nothing_of_a_run_stays_in_the_envelope(transport: RedisTransport) -> None:
    transport.publish([Message("q", b"{}", {"id": "3f1d"})])
    for action in (Action.REQUEUE, Action.DEAD):
        (held,) = transport.reserve(["q"], 1, 0.0)
        if not held.lost:
            transport.settle([Settlement(held, Action.REQUEUE, lost=True)])
            (held,) = transport.reserve(["q"], 1, 0.0)
        transport.begun([held])
        link = transport._settling.link("q")
        assert b'"umbel-begun":true' in link.call("HVALS", "unacked")[0]
        transport.settle([Settlement(held, action)])
        values = [*link.call("LRANGE", "q", 0, -1), *link.call("HVALS", "umbel.dead.q")]
        assert [b"umbel-begun" in value for value in values] == [False]
        assert [value.count(b'"umbel-lost":1') for value in values] == [1]
