"""A process that a page leaves running, such as a worker in another terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from expectation import end_of_match

#: Nothing waits for time to pass; this only bounds a page that has failed already.
LIMIT_S = 60.0


class Background:
    """Its output is read as it comes, and compared piece by piece."""

    def __init__(self, command: str, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._output = ""
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._output += line
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def expect(self, expected: str) -> str | None:
        """Block until the output goes on with these lines; returns what came instead when they cannot come any more."""
        deadline = time.monotonic() + LIMIT_S
        with self._changed:
            while (end := end_of_match(expected, self._output)) is None:
                if self._ended or not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    return self._output
            self._output = self._output[end:]
            return None

    def end(self) -> None:
        """Kill it, and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(LIMIT_S)
        self._thread.join(LIMIT_S)
