"""Who has nothing to do asks little of the server. A loop that is too hot shows only there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from umbel_conformance.redis_server import RedisServer

pytestmark = pytest.mark.needs("umbel-redis", "umbel-prefork", "umbel-conformance")

#: Commands a second, those that scripts call included.
MOST = 5
#: Seconds on the server's clock: longer than anything that is done from time to time.
WINDOW_S = 5.0

WAITING = """
import threading
from proj import add
results = [add.apply_async((1, 2), queue="nobody") for _ in range(50)]
waiting = [threading.Thread(target=result.get) for result in results]
for thread in waiting:
    thread.start()
add.apply_async((1, 2), queue="nobody", task_id="last").get()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    from umbel_conformance.redis_server import RedisServer  # noqa: PLC0415  (it needs hiredis)

    started = RedisServer(tmp_path / "redis").start()
    yield started
    started.kill()


@pytest.fixture
def on_redis(project: Any, server: RedisServer) -> Any:
    project.environment.update(UMBEL_BROKER_URL=server.url(), UMBEL_RESULT_BACKEND=server.url())
    return project


def commands(server: RedisServer) -> int:
    """How many the server has carried out, but for those that only we send."""
    calls = {}
    for line in server.call("INFO", "commandstats").decode().splitlines():
        name, _, facts = line.removeprefix("cmdstat_").partition(":calls=")
        calls[name] = int(facts.partition(",")[0] or 0)
    return sum(count for name, count in calls.items() if name not in ("info", "time"))


def now(server: RedisServer) -> float:
    seconds, microseconds = server.call("TIME")
    return int(seconds) + int(microseconds) / 1e6


def rate(server: RedisServer, settled: Callable[[], bool]) -> float:
    """Commands a second, a second after that: what was begun is done by then."""
    until(settled)
    begin = now(server) + 1.0
    until(lambda: now(server) >= begin)
    began, before = now(server), commands(server)
    until(lambda: now(server) >= began + WINDOW_S)
    return (commands(server) - before) / (now(server) - began)


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not condition():
        pause.wait(0.05)


@pytest.mark.parametrize("pool", ["solo", "prefork"])
def test_an_idle_worker_sends_few_commands(on_redis: Any, server: RedisServer, pool: str) -> None:
    worker = on_redis.worker("-P", pool, "-c", "2", "-l", "INFO")
    worker.until(" ready.")
    assert on_redis.python("from proj import add; print(add.delay(2, 3).get(timeout=30))") == "5\n"
    assert rate(server, lambda: True) < MOST


def test_a_client_that_waits_sends_few_commands(on_redis: Any, server: RedisServer) -> None:
    on_redis.start_python(WAITING)
    assert rate(server, lambda: server.call("PUBSUB", "NUMSUB", "celery-task-meta-last")[1] == 1) < MOST
