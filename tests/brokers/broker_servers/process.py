"""A server that is started, waited for, and gone when the tests are."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from umbel_conformance.mortal import mortal

#: Nothing waits for time to pass; this only bounds a start that has failed already.
LIMIT_S = 60.0


class Server:
    """A process in a folder of its own; its log stands there."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None, user: str = ""
    ) -> None:
        self.folder = folder
        self._log = folder / "server.log"
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"] if user else []
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                mortal([*as_user, *command]), cwd=folder, env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def until(self, is_ready: Callable[[], bool]) -> Server:
        """Returns when it is; fails with the server's last words."""
        pause = threading.Event()
        for _ in range(int(LIMIT_S / 0.05)):
            with suppress(OSError):
                if is_ready():
                    return self
            if self._process.poll() is not None:
                break
            pause.wait(0.05)
        words = self._log.read_text(errors="replace")[-2000:]
        self.kill()
        raise AssertionError(f"the server did not start: {words}")

    def ended(self) -> None:
        """Returns when it has; fails if it failed."""
        code = self._process.wait(LIMIT_S)
        assert code == 0, self._log.read_text(errors="replace")[-2000:]

    def until_port(self, port: int) -> Server:
        return self.until(lambda: listens(port))

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(LIMIT_S)


def listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program(name: str, package: str, *places: str) -> str:
    """Its path. Where there is none, a test fails if it is meant to find everything (CI=true), or is skipped."""
    found = shutil.which(name) or next((place for place in places if Path(place).exists()), None)
    if found is None:
        absent(f"there is no {name}: {package}")
    return str(found)


def absent(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true")
    pytest.skip(reason)
