"""Programs in Node, with the npm clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).resolve().parents[1] / "node"
#: Nothing here waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 30.0


class Node:
    def __init__(self, modules: Path) -> None:
        self._environment = {**os.environ, "NODE_PATH": str(modules), "NODE_NO_WARNINGS": "1"}
        self._started: list[subprocess.Popen[str]] = []

    def call(self, program: str, url: str, *calls: list[Any], backend: str = "") -> list[dict[str, Any]]:
        """What the calls of one client became. Results are where the broker is, unless `backend` says otherwise."""
        command = ["node", f"{program}.js", url, json.dumps(calls), backend or url]
        ran = subprocess.run(
            command, cwd=PROGRAMS, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=LIMIT_S,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        found = [json.loads(line) for line in ran.stdout.splitlines()]
        assert len(found) == len(calls), ran.stdout + ran.stderr
        return found

    def start(self, program: str, url: str, log: Path, backend: str = "") -> None:
        """A program that runs until the end of the test."""
        with log.open("ab") as out:
            self._started.append(
                subprocess.Popen(
                    ["node", f"{program}.js", url, backend or url], cwd=PROGRAMS, env=self._environment,
                    stdin=subprocess.DEVNULL, stdout=out, stderr=out, text=True, start_new_session=True,
                )
            )  # fmt: skip

    def close(self) -> None:
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(LIMIT_S)
