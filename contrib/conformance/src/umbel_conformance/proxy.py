"""A network in between, which a test may cut: a small TCP proxy."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Proxy:
    """Passes on to `port` of this machine what comes to its own."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._bytes_left: int | None = None
        self._changed = threading.Condition()
        self._is_frozen = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection there is."""
        for pair in self._pairs:
            _close(pair)
        self._pairs = []

    def cut_after(self, count: int) -> None:
        """Break every connection when so many more bytes have been sent to the broker: in the middle of them."""
        self._bytes_left = count

    def freeze(self) -> None:
        """Pass nothing on, and break nothing: what a cable that is pulled looks like."""
        self._is_frozen = True

    def thaw(self) -> None:
        with self._changed:
            self._is_frozen = False
            self._changed.notify_all()

    def close(self) -> None:
        self._listener.close()
        self.thaw()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                client.close()
                continue
            self._pairs.append((client, server))
            for pair, counts in (((client, server), True), ((server, client), False)):
                threading.Thread(target=self._pass_on, args=(pair, counts), daemon=True).start()

    def _pass_on(self, pair: tuple[socket.socket, socket.socket], counts: bool) -> None:
        source, target = pair
        with suppress(OSError):
            while received := source.recv(65536):
                with self._changed:
                    self._changed.wait_for(lambda: not self._is_frozen)
                if counts and self._bytes_left is not None:
                    received = received[: self._bytes_left]
                    self._bytes_left -= len(received)
                    if self._bytes_left == 0:
                        self._bytes_left = None
                        target.sendall(received)
                        self.cut()
                        return
                target.sendall(received)
        _close(pair)


def _close(pair: tuple[socket.socket, socket.socket]) -> None:
    for one in pair:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
