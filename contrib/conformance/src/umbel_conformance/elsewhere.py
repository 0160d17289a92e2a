"""Another process: what a driver claims across processes is tested with real ones.

The child is a fresh interpreter, not a fork: it inherits no thread, no lock and no connection. An *action* is a
generator function of this package; what it yields comes out of `Child.receive`.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from attrs import frozen

from umbel_conformance.mortal import mortal
from umbel_conformance.patience import Background

Action = Callable[..., Iterator[Any]]


@frozen
class Blueprint:
    """How to build the driver again in another process: its class must be importable there."""

    driver: type[Any]
    url: str
    settings: Any = None
    lease_s: float | None = None

    @classmethod
    def of(cls, instance: Any) -> Blueprint:
        return cls(type(instance), instance.url, instance.settings, getattr(instance, "lease_s", None))

    def build(self) -> Any:
        instance = self.driver(self.url, self.settings)
        if self.lease_s is not None and instance.lease_s != self.lease_s:
            instance.lease_s = self.lease_s
        return instance


class Child:
    """A process that runs one action."""

    def __init__(self, action: Action, *args: Any, patience_s: float) -> None:
        self._patience_s = patience_s
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            mortal([sys.executable, "-c", "from umbel_conformance.elsewhere import main; main()"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        self._stdin, self._stdout = stdin, stdout
        pickle.dump((action, args), stdin)
        stdin.flush()

    @property
    def pid(self) -> int:
        return self._process.pid

    def receive(self) -> Any:
        """The next value that the action yields; fails the test if none comes."""
        try:
            return Background(lambda: pickle.load(self._stdout)).result(self._patience_s)
        except EOFError:
            code = self._process.wait(self._patience_s)
            pytest.fail(f"the other process ended with code {code} before it answered; its stderr says why")

    def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        self._process.kill()
        self._process.wait(self._patience_s)

    def left_behind(self) -> list[Any]:
        """What the killed process had said and nobody has heard yet."""
        values = []
        with suppress(EOFError, pickle.UnpicklingError):
            while True:
                values.append(pickle.load(self._stdout))
        return values

    def finish(self) -> Any:
        """The last value that the action yields, once the process has ended by itself."""
        value = self.receive()
        self._process.wait(self._patience_s)
        assert self._process.returncode == 0, f"the other process ended with code {self._process.returncode}"
        return value

    def bury(self) -> None:
        """See to it that nothing of it is left."""
        self.kill()
        self._stdin.close()
        self._stdout.close()


@contextmanager
def children(patience_s: float) -> Iterator[Callable[..., Child]]:
    """Gives a function that starts an action in another process; all of them are gone afterwards."""
    born: list[Child] = []

    def start(action: Action, *args: Any) -> Child:
        born.append(Child(action, *args, patience_s=patience_s))
        return born[-1]

    try:
        yield start
    finally:
        for child in born:
            child.bury()


def until_the_parent_is_gone() -> None:
    """Blocks until the test ends or kills this process."""
    sys.stdin.buffer.read()


def main() -> None:
    # What the action prints must not come between the values: stdout carries those alone.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    action, args = pickle.load(sys.stdin.buffer)
    for value in action(*args):
        pickle.dump(value, answers)
        answers.flush()
