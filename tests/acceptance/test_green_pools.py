"""Workers with the pools `gevent` and `eventlet`, each in a process of its own, whose standard library is patched."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite")
GREEN = '''
import asyncio, socket, threading, time
from pathlib import Path
from queue import SimpleQueue
from umbel import Umbel

HERE = Path(__file__).parent
app = Umbel("green")
together = set()
lock, turn = threading.Lock(), threading.Semaphore(0)
inbox = SimpleQueue()

def until(condition):
    while not condition():
        time.sleep(0.01)

@app.task
def meet(number, count):
    """All of them run at once, or none ends."""
    together.add(number)
    until(lambda: len(together) >= count)
    return number

@app.task
async def meet_async(number, count):
    together.add(number)
    while len(together) < count:
        await asyncio.sleep(0.01)
    return number

@app.task
def meet_in_a_loop_of_its_own(number, count):
    return asyncio.run(meet_async.run(number, count))

@app.task
def take():
    """Waits for what another task sends: over a socket, a queue, a lock and a semaphore."""
    here, there = socket.socketpair()
    inbox.put(there)
    heard = here.recv(100).decode()
    turn.acquire()
    with lock:
        return heard

@app.task
def give(text):
    with lock:
        inbox.get().sendall(text.encode())
        turn.release()
        time.sleep(0.01)

@app.task
def ask(number):
    """A task that waits for another one."""
    return meet.delay(number, 1).get(timeout=60)

@app.task(acks_late=True)
def wait_for(name):
    (HERE / f"{name}.started").touch()
    try:
        until((HERE / name).exists)
    finally:
        (HERE / f"{name}.ended").touch()
    return name

@app.task(acks_late=True)
def hog(name):
    """Never lets another one run."""
    (HERE / f"{name}.started").touch()
    while not (HERE / name).exists():
        pass
    return name

@app.task(soft_time_limit=0.2)
def soft():
    try:
        time.sleep(3600)
    except Exception as error:
        return type(error).__name__

@app.task(time_limit=0.2)
def hard():
    time.sleep(3600)

@app.task
def left_unpatched():
    """What the worker's modules still have that blocks."""
    import importlib, sys
    if "gevent" in greenlets.run():
        from gevent.monkey import get_original as original
    else:
        from eventlet import patcher
        original = lambda module, name: getattr(patcher.original(module), name)
    blocking = [original(*one.split()) for one in ("queue SimpleQueue", "time sleep", "socket socket", "select select",
                                                   "_thread allocate_lock", "threading Event", "threading Condition")]
    mine = [module for name, module in sys.modules.items() if name.partition(".")[0].startswith("umbel")]
    return [
        f"{module.__name__}.{name}"
        for module in mine
        for name, value in vars(module).items()
        if any(value is each for each in blocking)
    ]

@app.task
def greenlets():
    """Which library's greenlets it runs in."""
    import greenlet
    return type(greenlet.getcurrent()).__mro__[1].__module__.partition(".")[0]
'''


@pytest.fixture(params=["gevent", "eventlet"])
def pool(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(f"umbel_{request.param}")
    name: str = request.param
    return name


@pytest.fixture
def green(project: Project) -> Project:
    (project.folder / "green.py").write_text(GREEN)
    return project


def on_server(green: Project, broker: str, folder: Path) -> Any:
    """Starts a server of this kind, and has the project use it."""
    pytest.importorskip(f"umbel_{broker}")
    module: Any = pytest.importorskip(f"umbel_conformance.{broker}_server")
    server = getattr(module, f"{broker.capitalize()}Server")(folder / broker).start()
    backend = {"redis": server.url(), "rabbitmq": "rpc://"}[broker]
    green.environment.update(UMBEL_BROKER_URL=server.url(), UMBEL_RESULT_BACKEND=backend)
    return server


@pytest.fixture(params=["sqlite", "redis", "rabbitmq"])
def anywhere(request: pytest.FixtureRequest, green: Project, tmp_path: Path) -> Iterator[Project]:
    """The project on one broker after another."""
    if request.param == "sqlite":
        yield green
        return
    server = on_server(green, request.param, tmp_path)
    yield green
    server.kill()


def started(green: Project, pool: str, *arguments: str) -> Any:
    running = green.worker("--pool", pool, "-c", "1000", "-l", "INFO", *arguments, app="green")
    running.until("ready")
    return running


def test_a_thousand_that_sleep_run_at_once_and_a_warm_shutdown_is_in_order(anywhere: Project, pool: str) -> None:
    running = started(anywhere, pool)
    said = anywhere.python(
        "from green import meet\n"
        "results = meet.apply_many((number, 1000) for number in range(1000))\n"
        "print(sum(result.get(timeout=60) for result in results))"
    )
    assert said == f"{sum(range(1000))}\n"
    running.signal(signal.SIGTERM)
    assert running.end() == 0
    assert "Traceback" not in running.output


def test_the_worker_has_nothing_that_was_imported_before_the_patch(green: Project, pool: str) -> None:
    started(green, pool)
    said = green.python("from green import left_unpatched; print(left_unpatched.delay().get(timeout=60))")
    assert said == "[]\n"


def test_it_runs_in_the_background_and_ends_in_order(
    green: Project, pool: str, appears: Callable[[Path], None]
) -> None:
    pidfile = green.folder / "pid"
    ran = green.umbel(
        "worker", "-P", pool, "--detach", "--pidfile", str(pidfile), "--logfile", "log", "-l", "INFO", app="green"
    )
    assert ran.returncode == 0, ran.stderr
    appears(pidfile)
    assert green.python("from green import ask; print(ask.delay(7).get(timeout=60))") == "7\n"
    os.kill(int(pidfile.read_text()), signal.SIGTERM)
    watch = threading.Event()
    while pidfile.exists():
        watch.wait(0.01)
    assert "warm shutdown (SIGTERM)" in (green.folder / "log").read_text()


def test_tasks_wait_for_one_another_in_whatever_the_standard_library_has(green: Project, pool: str) -> None:
    started(green, pool)
    said = green.python(
        "from green import ask, give, greenlets, take\n"
        "taken = take.delay()\n"
        "give.delay('a word')\n"
        "print(taken.get(timeout=60), ask.delay(7).get(timeout=60), greenlets.delay().get(timeout=60))"
    )
    assert said == f"a word 7 {pool}\n"


@pytest.mark.parametrize("task", ["meet_async", "meet_in_a_loop_of_its_own"])
def test_coroutines_run_beside_one_another_each_in_a_loop_of_its_own(green: Project, pool: str, task: str) -> None:
    started(green, pool)
    said = green.python(
        f"from green import {task} as task, meet\n"
        "results = [task.delay(number, 60) for number in range(50)]\n"
        "results += [meet.delay(number, 60) for number in range(50, 60)]\n"
        "print(sum(result.get(timeout=60) for result in results))"
    )
    assert said == f"{sum(range(60))}\n"


def test_limits_are_kept_and_the_task_is_told(green: Project, pool: str) -> None:
    started(green, pool)
    said = green.python(
        "from green import hard, soft\n"
        "print(soft.delay().get(timeout=60), repr(hard.delay().get(timeout=60, propagate=False)))"
    )
    assert said == "SoftTimeLimitExceeded TimeLimitExceeded(0.2)\n"


def test_a_warm_shutdown_lets_tasks_end(green: Project, pool: str, appears: Callable[[Path], None]) -> None:
    running = started(green, pool)
    task_id = green.umbel("call", "green.wait_for", "--args", '["go"]', app="green").stdout.strip()
    appears(green.folder / "go.started")
    running.signal(signal.SIGTERM)
    running.until("warm shutdown")
    (green.folder / "go").touch()
    assert running.end() == 0
    assert green.umbel("result", task_id, "--timeout", "10", app="green").stdout == "go\n"


@pytest.mark.parametrize("task", ["wait_for", "hog"])
def test_a_cold_shutdown_ends_at_once_and_the_task_is_done_by_another_worker(
    green: Project, appears: Callable[[Path], None], pool: str, task: str
) -> None:
    """Even a task that never waits is held up by a signal."""
    running = started(green, pool)
    task_id = green.umbel("call", f"green.{task}", "--args", '["go"]', app="green").stdout.strip()
    appears(green.folder / "go.started")
    running.signal(signal.SIGTERM)
    running.until("warm shutdown")
    running.signal(signal.SIGTERM)
    running.until("cold shutdown")
    assert running.end() == 1
    assert (green.folder / "go.ended").exists() == (task == "wait_for")
    (green.folder / "go").touch()
    started(green, pool)
    assert green.umbel("result", task_id, "--timeout", "60", app="green").stdout == "go\n"


@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_a_broker_that_was_away_is_found_again(green: Project, pool: str, tmp_path: Path, broker: str) -> None:
    server = on_server(green, broker, tmp_path)
    try:
        running = started(green, pool)
        ask = "from green import ask; print(ask.delay(7).get(timeout=60))"
        assert green.python(ask) == "7\n"
        server.kill()
        running.until("trying again")
        server.start()
        assert green.python(ask) == "7\n"
        running.signal(signal.SIGTERM)
        assert running.end() == 0
    finally:
        server.kill()


def test_the_pool_may_be_chosen_by_the_settings_of_the_app(green: Project, pool: str) -> None:
    with (green.folder / "green.py").open("a") as file:
        file.write(f"\napp.conf.worker_pool = {pool!r}\n")
    running = green.worker("-l", "INFO", app="green")
    running.until("ready")
    said = green.python("from green import greenlets; print(greenlets.delay().get(timeout=60))")
    assert said == f"{pool}\n"


def test_it_may_be_chosen_by_the_environment(green: Project, pool: str) -> None:
    green.environment["UMBEL_WORKER_POOL"] = pool
    green.worker("-l", "INFO", app="green").until("ready")
    assert green.python("from green import greenlets; print(greenlets.delay().get(timeout=60))") == f"{pool}\n"


def test_where_it_is_too_late_to_patch_it_is_refused(green: Project, pool: str) -> None:
    running = green.start_python(f"from green import app; app.worker_main(['worker', '--pool', {pool!r}])")
    running.until(f"the pool '{pool}' needs a standard library that waits in greenlets")
    assert running.end() == 1
