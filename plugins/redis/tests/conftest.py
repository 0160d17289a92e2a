"""What the tests of this plugin share: real servers, on ports of their own."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import hiredis
import pytest

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
        executable = shutil.which("redis-server")
        assert executable, "there is no redis-server on the PATH: apt-get install redis-server"
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
                [*command, *self.options], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        pause = threading.Event()
        for _ in range(int(LIMIT_S / 0.01)):
            with suppress(OSError):
                with suppress(hiredis.ReplyError):  # It wants a password, say.
                    self.call("PING")
                return self
            assert self._process.poll() is None, (self.folder / "redis.log").read_text()
            pause.wait(0.01)
        raise AssertionError(f"redis-server on port {self.port} does not answer")

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
        return [one for one in fields if one["cmd"] != "client|list"]

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(how)
            self._process.wait(LIMIT_S)
            self._process = None


def _free_port() -> int:
    """One that leaves room for that of a cluster's bus, which is 10,000 above it."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 55_000:
            return port


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One that all tests share, who do it no harm."""
    server = RedisServer(tmp_path_factory.mktemp("redis"), "--databases", "2000").start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def _databases() -> Iterator[int]:
    return count(1)


@pytest.fixture
def database(_databases: Iterator[int]) -> int:
    """The number of a database of the shared server that nobody has used."""
    return next(_databases)


@pytest.fixture
def url(redis_server: RedisServer, database: int) -> str:
    """That database."""
    return redis_server.url(database)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Starts a server of the test's own, with these options; gone at its end."""
    started: list[RedisServer] = []

    def start(*options: str, config: str = "") -> RedisServer:
        started.append(RedisServer(tmp_path / f"redis-{len(started)}", *options, config=config).start())
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def own_server(start_server: Callable[..., RedisServer]) -> RedisServer:
    """One that this test may do anything to."""
    return start_server()


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RedisServer]]:
    """A cluster of two servers, with half of the slots each."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
    started = [RedisServer(tmp_path_factory.mktemp("node"), *options).start() for _ in range(2)]
    for server, slots in zip(started, ((0, 8191), (8192, 16383)), strict=True):
        server.call("CLUSTER", "ADDSLOTSRANGE", *slots)
    started[0].call("CLUSTER", "MEET", "127.0.0.1", started[1].port)
    pause = threading.Event()
    for server in started:
        while not (b"cluster_state:ok" in server.call("CLUSTER", "INFO") and len(server.call("CLUSTER", "SLOTS")) == 2):
            pause.wait(0.01)
    yield started
    for server in started:
        server.kill()


@pytest.fixture
def cluster_url(nodes: list[RedisServer], _databases: Iterator[int]) -> str:
    """A part of the cluster that nobody has used: a cluster has one database."""
    return f"redis+cluster://127.0.0.1:{nodes[0].port}?global_keyprefix=part{next(_databases)}."
