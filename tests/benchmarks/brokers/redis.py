"""Redis: a server of the run's own, on a free port of the loopback, with nothing in it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..apps.resp import ask
from . import Broker

TITLE = "Redis"
#: No snapshots and no log: a killed worker loses nothing, a killed server everything. It is what all the peers'
#: figures on Redis are made with; with a log, the disk would be compared.
DURABILITIES = ("appendonly=no",)
START_S = 20.0


def version() -> str:
    said = subprocess.run([_executable(), "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"v=(\S+)", said)
    return found.group(1) if found else said.strip()


@contextmanager
def open_broker(folder: Path, durability: str) -> Iterator[Broker]:
    port = _free_port()
    options = {
        "--port": str(port),
        "--bind": "127.0.0.1",
        "--dir": str(folder),
        "--save": "",
        "--appendonly": durability.partition("=")[2],
    }
    command = [_executable(), *(word for option in options.items() for word in option)]
    with (folder / "redis.log").open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
    try:
        url = f"redis://127.0.0.1:{port}/0"
        _until_it_answers(url, process, folder / "redis.log")
        yield Broker("redis", folder, url, durability, RedisServer(url))
    finally:
        process.kill()
        process.wait()


class RedisServer:
    """What the server says of itself (https://redis.io/docs/latest/commands/info/)."""

    def __init__(self, url: str) -> None:
        self._url = url
        #: How often this has asked.
        self._asked = 0

    def commands(self) -> int:
        """How many commands it has carried out for others, those inside of scripts included."""
        asked = self._asked  # the answer does not count its own question
        return int(self._info("stats")["total_commands_processed"]) - asked

    def received(self) -> int:
        """Bytes that it was sent."""
        return int(self._info("stats")["total_net_input_bytes"])

    def cpu_s(self) -> float:
        """Seconds of CPU that it has had."""
        info = self._info("cpu")
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])

    def memory(self) -> int:
        """Bytes that it has allocated."""
        return int(self._info("memory")["used_memory"])

    def _info(self, section: str) -> dict[str, str]:
        lines = str(ask(self._url, "INFO", section)).splitlines()
        self._asked += 1
        return dict(line.split(":", 1) for line in lines if ":" in line)


def _executable() -> str:
    found = shutil.which("redis-server")
    if not found:
        sys.exit("there is no redis-server on the PATH: apt-get install redis-server")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, RuntimeError):
            ask(url, "PING")
            return
        time.sleep(0.01)
    sys.exit(f"redis-server does not answer: {log.read_text(errors='replace')[-300:]}")
