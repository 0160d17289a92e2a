"""A real redis-server for tests: on a free port, in a folder of its own, to be stopped, killed, paused, started again.

For those who test something that runs on Redis: `pip install umbel-conformance[redis]`. The environment variable
UMBEL_REDIS_SERVER names another server than the one on the PATH: an older one, or `valkey-server`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import hiredis
import pytest

from umbel_conformance.mortal import mortal

#: Nothing waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 20.0


class RedisServer:
    """A redis-server that a test may stop, kill, pause and start again, on the same port."""

    def __init__(self, folder: Path, *options: str, config: str = "") -> None:
        """`options` are its arguments, `config` what stands in its file."""
        self.folder = folder
        self.port = _free_port()
        self.options = [*options]
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    def start(self) -> RedisServer:
        """Returns when the server answers."""
        executable = _executable()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "redis.conf").write_text(self._config)
        command = [
            executable,
            "redis.conf",
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self.folder),
            "--save",
            "",
        ]
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                mortal([*command, *self.options]), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        pause = threading.Event()
        for _ in range(int(LIMIT_S / 0.01)):
            if self._answers():
                return self
            assert self._process.poll() is None, (self.folder / "redis.log").read_text()
            pause.wait(0.01)
        raise AssertionError(f"redis-server on port {self.port} does not answer")

    def _answers(self) -> bool:
        try:
            self.call("PING")
        except OSError:
            return False
        except hiredis.ReplyError as error:  # It wants a password, say.
            return not str(error).startswith("LOADING")
        return True

    def stop(self) -> None:
        """SIGTERM, and wait for the end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """It holds its connections, and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def call(self, *command: str | bytes | int, database: int = 0) -> Any:
        """The answer to a command, on a connection of its own; an error is raised."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S) as connection:
            reader = hiredis.Reader()
            commands: list[Any] = [("SELECT", database), command] if database else [command]
            connection.sendall(b"".join(map(hiredis.pack_command, commands)))
            answers: list[Any] = []
            while len(answers) < len(commands):
                if (answer := reader.gets()) is not False:
                    answers.append(answer)
                elif received := connection.recv(65536):
                    reader.feed(received)
                else:
                    raise ConnectionResetError("the server closed the connection")
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers[-1]

    def clients(self, kind: str = "normal") -> list[dict[str, str]]:
        """Who is connected, apart from the one who asks: the fields of `CLIENT LIST`."""
        lines = self.call("CLIENT", "LIST", "TYPE", kind).decode().splitlines()
        fields = [dict(part.partition("=")[::2] for part in line.split()) for line in lines]
        return [one for one in fields if one["cmd"] not in ("client|list", "client")]

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(how)
            self._process.wait(LIMIT_S)
            self._process = None


def _executable() -> str:
    """Where there is none, a test fails if it is meant to find everything (CI=true), and is skipped otherwise."""
    wanted = os.environ.get("UMBEL_REDIS_SERVER") or "redis-server"
    executable = shutil.which(wanted)
    if executable is None:
        missing = f"there is no {wanted} on the PATH: apt-get install redis-server, or set UMBEL_REDIS_SERVER"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return executable


def _free_port() -> int:
    """One that leaves room for that of a cluster's bus, which is 10,000 above it."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 55_000:
            return port
