"""One run of one contender: an empty broker, a counter at zero, workers, clients; gone when it is over."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from . import environment
from .apps.counter import VARIABLE, Counter
from .brokers import Broker, BrokerModule
from .contender import Contender, Setup
from .processes import Tree, running

APPS = Path(__file__).parent / "apps"


class BenchmarkError(Exception):
    """A run that gave no number: what was awaited, and what the worker said."""


class Session:
    def __init__(self, contender: Contender, setup: Setup | None, broker: Broker, stores: bool) -> None:
        self.contender = contender
        self.scripts = environment.scripts_of(contender)
        self.counter = Counter(str(broker.folder / "counter"))
        self._setup = setup
        self._trees: list[Tree] = []
        self.folder = broker.folder
        #: None where the broker is none.
        self.server = broker.server
        self.environment = {
            "PATH": f"{self.scripts}:{os.environ['PATH']}",
            "HOME": str(broker.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(APPS),
            VARIABLE: str(broker.folder / "counter"),
            **contender.environment(broker),
            **dict(setup.environment if setup else ()),
        }
        if stores:
            self.environment["BENCH_RESULTS"] = "1"

    @contextmanager
    def workers(self) -> Iterator[list[Tree]]:
        """Start the set-up's workers; they are killed at the end."""
        assert self._setup is not None
        commands = [(str(self.scripts / script), *rest) for script, *rest in self._setup.commands]
        with running(commands, self.environment, self.folder) as self._trees:
            yield self._trees

    def client(self, **environment: str) -> AbstractContextManager[Client]:
        """A process that calls tasks, with what its environment has besides the session's."""
        return Client.opened(self, environment)

    def until(self, condition: Callable[[], bool], what: str, timeout_s: float = 120) -> None:
        """Blocks until `condition`; raises `BenchmarkError` when a worker has ended, or after `timeout_s` seconds."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if not all(tree.alive() for tree in self._trees):
                raise BenchmarkError(f"a worker ended before {what}; {self.last_words()}")
            if time.monotonic() > deadline:
                raise BenchmarkError(f"no {what} within {timeout_s:.0f} s; {self.last_words()}")
            time.sleep(0.005)

    def until_count(self, n: int, timeout_s: float = 120) -> None:
        self.until(lambda: self.counter.count >= n, f"{n} executions", timeout_s)

    def last_words(self) -> str:
        logs = sorted(self.folder.glob("worker*.log"))
        said = " / ".join(log.read_text(errors="replace").strip()[-300:] for log in logs)
        return f"{self.counter.count} executions; the worker said: {said or 'nothing'}"


class Client:
    """A process that calls tasks; see `apps/driver.py`."""

    def __init__(self, session: Session, environment: Mapping[str, str]) -> None:
        self._log = session.folder / "client.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(session.scripts / "python"), str(APPS / "driver.py"), session.contender.app],
                env={**session.environment, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.pid = self._process.pid

    @classmethod
    @contextmanager
    def opened(cls, session: Session, environment: Mapping[str, str]) -> Iterator[Client]:
        client = cls(session, environment)
        try:
            client.ask("hello")
            yield client
        finally:
            client._process.kill()
            client._process.communicate()

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        """Have it done and wait for the answer."""
        self.begin(op, **arguments)
        return self.answer()

    def begin(self, op: str, **arguments: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            said = self._log.read_text(errors="replace").strip()[-300:]
            raise BenchmarkError(f"the client ended with status {self._process.wait()}: {said}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def session(
    contender: Contender, setup: Setup | None, broker_module: BrokerModule, durability: str, stores: bool
) -> Iterator[Session]:
    """A session in a fresh folder, which is removed at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="umbel-bench-")))
        broker = stack.enter_context(broker_module.open_broker(folder, durability))
        yield Session(contender, setup, broker, stores)
