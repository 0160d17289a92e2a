"""Tests in a process of their own that was prepared before anything else: those of a driver that patches the standard
library, which nobody wants to be done to all the other tests.

A `conftest.py` beside them says how:

    pytest_runtest_protocol = apart(__file__, "umbel_gevent.patching:patch")

All that is selected from its folder runs in one process, and is reported as if it had run here.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

from umbel_conformance.mortal import mortal

#: Set in the process that runs the tests: the file descriptor to which it writes reports.
_VARIABLE = "UMBEL_TESTS_APART"


def apart(conftest: str, prepare: str) -> Callable[[pytest.Item], bool | None]:
    """A `pytest_runtest_protocol` for a conftest; `prepare` is `module:function`, called first in the other process."""
    folder = Path(conftest).parent
    runs: list[Iterator[Any]] = []

    def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
        if _VARIABLE in os.environ or folder not in item.path.parents:  # a conftest is asked about all
            return None
        if not runs:
            runs.append(_reports(prepare, [one for one in item.session.items if folder in one.path.parents]))
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for described in runs[0]:
            if described == item.nodeid:
                break
            report = item.config.hook.pytest_report_from_serializable(config=item.config, data=described)
            item.ihook.pytest_runtest_logreport(report=report)
        else:
            ended = f"the process in which the tests of {folder} run has ended before this one had"
            report = pytest.TestReport(item.nodeid, item.location, {}, "failed", ended, "call")
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    return pytest_runtest_protocol


def _reports(prepare: str, items: Sequence[pytest.Item]) -> Iterator[Any]:
    """Of each test its reports, then its name."""
    read, write = os.pipe()
    options = ["-p", "no:cacheprovider", *(item.nodeid for item in items)]
    module, _, function = prepare.partition(":")
    program = f"from {module} import {function} as prepare; prepare(); from umbel_conformance.apart import main; main()"
    command = [sys.executable, "-c", program, *options]
    environment = {**os.environ, _VARIABLE: str(write)}
    process = subprocess.Popen(
        mortal(command),
        cwd=items[0].config.rootpath,
        env=environment,
        pass_fds=[write],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with open(read, "rb") as said, suppress(EOFError, pickle.UnpicklingError):
            while True:
                yield pickle.load(said)
    finally:
        process.kill()
        process.wait()


class _Reporter:
    """A plugin of pytest's, in the other process."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def pytest_configure(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._say(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._say(nodeid)

    def _say(self, what: Any) -> None:
        pickle.dump(what, self._out)
        self._out.flush()


def main() -> None:
    """Of the other process."""
    with open(int(os.environ[_VARIABLE]), "wb") as out:
        sys.exit(pytest.main(sys.argv[1:], plugins=[_Reporter(out)]))
