"""RabbitMQ: one node for all runs, which takes five seconds to start, and a virtual host of its own for each."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from . import Broker

if TYPE_CHECKING:
    from umbel_conformance.rabbitmq_server import RabbitmqServer

TITLE = "RabbitMQ"
#: Durable queues and persistent messages, which the contenders send if nobody says otherwise.
DURABILITIES = ("persistent",)


def version() -> str:
    return _node().evaluate("rpc:call(N, rabbit_misc, version, [])").strip('"')


@contextmanager
def open_broker(folder: Path, durability: str) -> Iterator[Broker]:
    server = _node()
    vhost = server.new_vhost()
    try:
        yield Broker("rabbitmq", folder, server.url(vhost), durability, RabbitmqNode(server))
    finally:
        server.evaluate(f'rpc:call(N, rabbit_vhost, delete, [<<"{vhost}">>, <<"benchmarks">>])')


@cache
def _node() -> RabbitmqServer:
    from umbel_conformance.rabbitmq_server import RabbitmqServer  # noqa: PLC0415  (who measures elsewhere needs no kit)

    folder = Path(tempfile.mkdtemp(prefix="umbel-rabbitmq-"))
    server = RabbitmqServer(folder, busy=True)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.close)
    return server.start()


class RabbitmqNode:
    """What the node, and the system, say of it."""

    def __init__(self, server: RabbitmqServer) -> None:
        self._server = server

    def commands(self) -> int:
        """Packets that connections which are open now have sent: AMQP's own commands are counted nowhere."""
        return self._sum("recv_cnt")

    def received(self) -> int:
        """Bytes that connections which are open now have sent."""
        return self._sum("recv_oct")

    def cpu_s(self) -> float:
        """Seconds of CPU that it has had."""
        fields = Path(f"/proc/{self._server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Bytes that it has allocated."""
        return int(self._server.evaluate("rpc:call(N, erlang, memory, [total])"))

    def _sum(self, what: str) -> int:
        found = self._server.evaluate(f"rpc:call(N, rabbit_networking, connection_info_all, [[{what}]])")
        return sum(int(number) for number in re.findall(rf"{{{what},(\d+)}}", found))
