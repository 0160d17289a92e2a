"""Which server has which queue: the same for all, or one of a cluster."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable, Iterable
from threading import Lock

from umbel.exceptions import DriverError, TemporaryError
from umbel_redis.link import Link
from umbel_redis.server import Server

SLOTS = 16384


class Nodes:
    """Links of one use (reserving, say) to where the queues are."""

    def __init__(self, server: Server, *, protocol: int = 2, prepare: Callable[[Link], None] | None = None) -> None:
        self._server = server
        self._protocol = protocol
        self._prepare = prepare
        self._links: dict[tuple[str, int] | None, Link] = {}
        self._slots: list[tuple[int, int, tuple[str, int]]] = []
        self._lock = Lock()
        if server.location.mode != "cluster":
            self._links[None] = self._link(None)

    def link(self, queue: str) -> Link:
        """To where the queue is. Asks the cluster if that is not known; raises `TemporaryError`."""
        if self._server.location.mode != "cluster":
            return self._links[None]
        with self._lock:
            return self._link_to_slot(queue)

    def forget(self) -> None:
        """Something went wrong: ask the cluster again who serves what."""
        self._slots = []

    def any(self) -> Link:
        """To any of the servers, for what concerns them all."""
        return self.link("")

    def close(self) -> None:
        """Close all links."""
        for link in list(self._links.values()):
            link.close()

    def _link_to_slot(self, queue: str) -> Link:
        slot = slot_of(queue)
        # A link was given up: its server is gone, or said that another one serves the slot.
        lost = any(link.openings and link.fileno() < 0 for link in self._links.values())
        if lost or not self._slots:
            self._slots = self._ask()
            self._drop_unused()
        for first, last, address in self._slots:
            if first <= slot <= last:
                if address not in self._links:
                    self._links[address] = self._link(address)
                return self._links[address]
        self._slots = []
        raise TemporaryError(f"{self._server.location}: nobody serves slot {slot}, where queue {queue!r} would be")

    def _link(self, address: tuple[str, int] | None) -> Link:
        return self._server.link(address=address, protocol=self._protocol, prepare=self._prepare)

    def _drop_unused(self) -> None:
        """What has been given up, and what serves no slot any more."""
        serving = {address for _, _, address in self._slots}
        for address, link in list(self._links.items()):
            if address not in serving or link.fileno() < 0:
                self._links.pop(address).close()

    def _ask(self) -> list[tuple[int, int, tuple[str, int]]]:
        """https://redis.io/docs/latest/commands/cluster-slots/"""
        problems = []
        for address in _unique([*self._links, *self._server.location.addresses]):
            link = self._server.link(address=address)
            try:
                answer = link.call("CLUSTER", "SLOTS")
            except DriverError as error:  # another node may know
                problems.append(str(error))
                continue
            finally:
                link.close()
            # A node that does not know its own host says none: it is the one that was asked.
            return [
                (first, last, ((master[0] or b"").decode() or address[0], master[1]))
                for first, last, master, *_ in answer
            ]
        raise TemporaryError(f"{self._server.location}: no node answers: {'; '.join(problems)}")


def slot_of(queue: str) -> int:
    """https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model"""
    return crc_hqx(queue.encode(), 0) % SLOTS


def _unique(addresses: Iterable[tuple[str, int] | None]) -> list[tuple[str, int]]:
    return list(dict.fromkeys(address for address in addresses if address is not None))
