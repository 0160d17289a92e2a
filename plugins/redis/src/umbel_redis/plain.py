"""Connections without TLS, which need nothing of redis-py: to import that takes a tenth of a second and 15 MB, in every
process that sends a task or gets a result."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from umbel_redis.errors import ErrorReply

_CHUNK = 1 << 16


class PlainConnection:
    """What is used of redis-py's `Connection`, over TCP or a Unix socket. To log in is one round trip."""

    def __init__(
        self,
        host: str = "",
        port: int = 0,
        path: str = "",
        *,
        db: int,
        username: str | None,
        password: str | None,
        socket_timeout: float,
        client_name: str | None,
        protocol: int,
        socket_connect_timeout: float | None = None,
        socket_keepalive: bool | None = None,
        socket_keepalive_options: Mapping[int, int | bytes] | None = None,
    ) -> None:
        self.host, self.port = host, port
        self._path = path
        self._timeout_s = socket_timeout
        self._connect_timeout_s = socket_connect_timeout or socket_timeout
        self._keepalive, self._keepalive_options = socket_keepalive, socket_keepalive_options or {}
        self._login: list[Any] = list(_login(db, username, password, client_name, protocol))
        self._sock: socket.socket | None = None
        self._reader: Any = None

    def connect(self) -> None:
        """Connect and log in. Blocks; raises `OSError`, or the server's answer as an `ErrorReply`."""
        import hiredis  # noqa: PLC0415  (for those who connect)

        self._reader = hiredis.Reader(replyError=ErrorReply)
        self._sock = self._opened()
        try:
            self._sock.settimeout(self._timeout_s)
            self._sock.sendall(b"".join([hiredis.pack_command(command) for command in self._login]))
            for _ in self._login:
                self.read_response()
        except BaseException:
            self.disconnect()
            raise

    def _opened(self) -> socket.socket:
        if self._path:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                made.settimeout(self._connect_timeout_s)
                made.connect(self._path)
            except BaseException:
                made.close()
                raise
            return made
        # A name in bytes is not looked at for letters that are not ASCII, with what would have to be imported for it.
        host: Any = self.host.encode() if self.host.isascii() else self.host
        made = socket.create_connection((host, self.port), self._connect_timeout_s)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._keepalive:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in self._keepalive_options.items():
                made.setsockopt(socket.IPPROTO_TCP, option, value)
        return made

    def send_command(self, *command: Any) -> None:
        import hiredis  # noqa: PLC0415

        assert self._sock is not None
        self._sock.sendall(hiredis.pack_command(command))

    def read_response(self) -> Any:
        """The next answer; raises it if it is an error."""
        assert self._sock is not None
        while (reply := self._reader.gets()) is False:
            received = self._sock.recv(_CHUNK)
            if not received:
                raise ConnectionResetError("the server closed the connection")
            self._reader.feed(received)
        if isinstance(reply, ErrorReply):
            raise reply
        return reply

    def disconnect(self) -> None:
        made, self._sock = self._sock, None
        if made is not None:
            with suppress(OSError):
                made.shutdown(socket.SHUT_RDWR)
            made.close()


def _login(
    db: int, username: str | None, password: str | None, client_name: str | None, protocol: int
) -> Sequence[tuple[str | int, ...]]:
    """The commands (https://redis.io/docs/latest/commands/hello/)."""
    auth = ("AUTH", username or "default", password or "") if username or password else ()
    commands: list[tuple[str | int, ...]] = []
    if protocol == 3:
        commands.append(("HELLO", 3, *auth))
    elif auth:
        commands.append(auth if username else ("AUTH", password or ""))
    if client_name:
        commands.append(("CLIENT", "SETNAME", client_name))
    if db:
        commands.append(("SELECT", db))
    return commands
