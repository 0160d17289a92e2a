"""One task runs in the same way everywhere: eagerly, in a worker of this process, and in every pool."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork", "umbel-memory")

SAME = '''
import json, os, sys, threading
from umbel import Task, Umbel, signals
from umbel.exceptions import Ignore, Reject

app = Umbel("same")
if os.environ.get("SAME_MEMORY"):
    app.conf.update(broker_url="memory://same", result_backend="memory://same")

def note(task, what):
    """One line in one write, whichever process this is."""
    file = os.open(os.environ["SAME_TRACE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{task.name} {what}\\n".encode())
    os.close(file)

class Telling(Task):
    abstract = True

    def before_start(self, task_id, args, kwargs):
        note(self, f"before_start {self.request.retries}")

    def on_success(self, retval, task_id, args, kwargs):
        note(self, f"on_success {retval}")

    def on_failure(self, exc, task_id, args, kwargs, einfo):
        note(self, f"on_failure {type(exc).__name__} {'raise' in einfo.traceback}")

    def on_retry(self, exc, task_id, args, kwargs, einfo):
        note(self, f"on_retry {exc}")

    def after_return(self, status, retval, task_id, args, kwargs, einfo):
        note(self, f"after_return {status}")

for name in ("task_prerun", "task_postrun", "task_success", "task_failure", "task_retry"):
    def hear(sender, name=name, **said):
        note(sender, f"{name} {said.get('state', '')}".strip())

    getattr(signals, name).connect(hear)

@app.task(base=Telling, name="succeed")
def succeed():
    return 3

@app.task(base=Telling, name="await_it")
async def await_it():
    return 4

@app.task(base=Telling, name="fail")
def fail():
    raise ValueError("no")

@app.task(base=Telling, name="leave")
def leave():
    raise SystemExit("bye")

@app.task(base=Telling, name="again", bind=True)
def again(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0, exc=OSError("not yet"))
    return self.request.retries

@app.task(base=Telling, name="by_itself", autoretry_for=(OSError,), retry_kwargs={"max_retries": 1, "countdown": 0})
def by_itself():
    raise OSError("never")

@app.task(base=Telling, name="refuse")
def refuse():
    raise Reject("not mine")

@app.task(base=Telling, name="skip")
def skip():
    raise Ignore()

TASKS = [succeed, await_it, fail, leave, again, by_itself, refuse]

def ends(result):
    value = result.get(timeout=60, propagate=False)
    return [result.state, value if isinstance(value, int) else f"{type(value).__name__}: {value}"]

def call_all():
    skip.delay()
    print(json.dumps({task.name: ends(task.delay()) for task in TASKS}))

if __name__ == "__main__":
    from umbel.worker import Worker

    if sys.argv[1] == "call":
        call_all()
    elif sys.argv[1] == "eager":
        app.conf.task_always_eager = True
        call_all()
    else:
        worker = Worker(app, pool="solo")
        thread = threading.Thread(target=worker.run, kwargs={"handle_signals": False})
        thread.start()
        call_all()
        worker.stop()
        thread.join()
'''


def traced(project: Project, how: str, *arguments: str) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """How each task ended, and what was heard of it, in order."""
    trace = project.folder / f"trace-{how}"
    project.environment["SAME_TRACE"] = str(trace)
    if arguments:
        project.worker(*arguments, app="same").until("ready")
    program = f"import sys, runpy; sys.argv[1:] = [{how!r}]; runpy.run_path('same.py', None, '__main__')"
    ends = json.loads(project.python(program))
    heard: dict[str, list[str]] = {}
    for line in trace.read_text().splitlines():
        name, _, what = line.partition(" ")
        heard.setdefault(name, []).append(what)
    return ends, heard


@pytest.fixture
def same(project: Project) -> Project:
    (project.folder / "same.py").write_text(SAME)
    return project


def test_what_a_task_and_its_caller_see_is_the_same_without_a_worker(same: Project) -> None:
    ends, heard = traced(same, "eager")
    assert ends == {
        "succeed": ["SUCCESS", 3],
        "await_it": ["SUCCESS", 4],
        "fail": ["FAILURE", "ValueError: no"],
        "leave": ["FAILURE", "SystemExit: bye"],
        "again": ["SUCCESS", 2],
        "by_itself": ["FAILURE", "OSError: never"],
        "refuse": ["FAILURE", "Reject: ('not mine', False)"],
    }
    assert heard["succeed"] == [
        "task_prerun", "before_start 0", "on_success 3", "task_success", "after_return SUCCESS", "task_postrun SUCCESS",
    ]  # fmt: skip
    assert heard["fail"] == [
        "task_prerun", "before_start 0", "on_failure ValueError True", "task_failure", "after_return FAILURE",
        "task_postrun FAILURE",
    ]  # fmt: skip
    assert heard["skip"] == ["task_prerun", "before_start 0", "task_postrun IGNORED"]
    retried = ["on_retry not yet", "task_retry", "task_postrun RETRY"]
    assert heard["again"] == [
        "task_prerun", "before_start 0", *retried, "task_prerun", "before_start 1", *retried, "task_prerun",
        "before_start 2", "on_success 2", "task_success", "after_return SUCCESS", "task_postrun SUCCESS",
    ]  # fmt: skip
    same.environment["SAME_MEMORY"] = "1"
    assert traced(same, "memory") == (ends, heard)


MORE = ("threads", "asyncio", "gevent", "eventlet")
POOLS = ("solo", "prefork", *(pytest.param(n, marks=pytest.mark.needs(f"umbel-{n}")) for n in MORE))


@pytest.mark.parametrize("pool", POOLS)
def test_it_is_the_same_in_every_pool(same: Project, pool: str) -> None:
    assert traced(same, "call", "-P", pool, "-c", "1", "-l", "INFO") == traced(same, "eager")
