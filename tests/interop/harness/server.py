"""A redis-server of the tests' own: on a free port, in a folder of its own, to be stopped, killed and started again."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

#: Nothing here waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 20.0
#: Has the system kill what a test starts, when the test run itself was killed (setpriv(1)).
MORTAL = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


class RedisServer:
    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = _free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    def start(self) -> RedisServer:
        """Returns when the server answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        executable = shutil.which("redis-server")
        assert executable, "there is no redis-server on the PATH: apt-get install redis-server"
        command = [
            executable, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "",
            "--appendonly", "no", *self._options,
        ]  # fmt: skip
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([*MORTAL, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        pause = threading.Event()
        for _ in range(int(LIMIT_S / 0.01)):
            if self._answers():
                return self
            assert self._process.poll() is None, (self.folder / "redis.log").read_text()
            pause.wait(0.01)
        raise AssertionError(f"redis-server on port {self.port} does not answer")

    def stop(self) -> None:
        """SIGTERM, and wait for the end."""
        self._end(subprocess.Popen.terminate)

    def kill(self) -> None:
        self._end(subprocess.Popen.kill)

    def _end(self, how: object) -> None:
        if self._process is not None:
            how(self._process)  # type: ignore[operator]
            self._process.wait(LIMIT_S)
            self._process = None

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
