"""One connection, which comes back by itself inside the next call.

py-amqp opens it and has its say in everything that is rare: its channels declare, consume and cancel. What goes by the
thousand goes past it: deliveries, confirms and what is returned are taken from the bytes that come, and what is sent is
bytes already. So both read from one buffer, this one.
"""

from __future__ import annotations

import logging
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from struct import Struct, unpack_from
from threading import RLock
from typing import Any

from attrs import define

from umbel import clock
from umbel.exceptions import DriverError, PermanentError
from umbel_rabbitmq import frames
from umbel_rabbitmq.errors import GoneError, translated
from umbel_rabbitmq.opening import Connection, Opener
from umbel_rabbitmq.timeouts import limit

_log = logging.getLogger(__name__)

Frame = tuple[int, int, bytes]
#: What is read from the socket at once. Memory for more than 128 KiB is asked of the system each time, and given back,
#: which costs more than the reading (https://man7.org/linux/man-pages/man3/mallopt.3.html, M_MMAP_THRESHOLD).
_CHUNK = 1 << 16
#: Seconds for which a connection is taken to be there as it was.
FRESH_S = 0.5
_METHOD = Struct(">I").unpack_from
_NUMBER = Struct(">QB").unpack_from
_SIZE = Struct(">Q").unpack_from


@define(slots=True, eq=False)
class Content:
    """A message as it came, not looked into."""

    #: The consumer's name, if it was pushed.
    consumer: str
    number: int
    redelivered: bool
    exchange: str
    routing_key: str
    #: Why it was given back, if it was.
    problem: str = ""
    properties: bytes = b""
    body: bytes = b""


class Listener:
    """What a link tells of; called by the thread that reads."""

    def opened(self, link: Link) -> None:
        """A new connection: prepare it. What was known of the old one is over."""

    def delivered(self, content: Content) -> None:
        """A message to be acknowledged."""

    def got_nothing(self) -> None:
        """A queue that was asked (basic.get) is empty."""

    def confirmed(self, number: int, multiple: bool, good: bool) -> None:
        """The broker has, or has not, what was published with that number; `multiple`: and with those before."""

    def returned(self, content: Content) -> None:
        """What was published goes to no queue."""


class Link:
    """One thread reads, any may write. Everything raises `TemporaryError` or `PermanentError`."""

    def __init__(self, opener: Opener, listener: Listener, heartbeat: bool = False) -> None:
        """`heartbeat`: somebody sees to it that the connection is used (`Heart`)."""
        #: Grows with each connection: what came over an older one is not held any more.
        self.openings = 0
        self.blocked = False
        self.heard_at = self.sent_at = 0.0
        self._opener = opener
        self._listener = listener
        self._heartbeat = heartbeat
        self._writing = RLock()
        self._connection: Connection = None
        self._socket: socket.socket | None = None
        self._closed = self._doomed = False

    # The connection

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    @property
    def where(self) -> str:
        """For errors."""
        return self._opener.where

    @property
    def heartbeat_s(self) -> float:
        """Seconds between heartbeats as both sides have agreed; 0: there are none."""
        connection = self._connection
        return float(connection.heartbeat or 0) if connection is not None else 0.0

    @property
    def frame_max(self) -> int:
        return int(self._connection.frame_max)

    def open(self) -> None:
        """Be connected. Does nothing if that is so; blocks until it is."""
        if self._socket is not None:
            return
        if self._closed:
            raise PermanentError(f"{self.where}: this connection was closed by its own process")
        connection = self._opener.open(self._heartbeat, on_blocked=self._on_blocked, on_unblocked=self._on_unblocked)
        transport = connection.transport
        self._connection, self._socket = connection, transport.sock
        self._data, self._place = bytes(transport._read_buffer), 0
        #: More has come with an answer than py-amqp has asked for.
        self._is_ahead = self._place < len(self._data)
        self._content: Content | None = None
        self._parts: list[bytes] = []
        self._missing = 0
        self.blocked = self._doomed = False
        self._poll = select.poll()
        self._poll.register(self._socket.fileno(), select.POLLIN)
        self._pending: Callable[[], int] | None = getattr(self._socket, "pending", None)
        self._is_limited = limit(self._socket, self._opener.settings.socket_timeout)
        transport.read_frame = self._read_frame
        write_frame = connection.frame_writer

        def write(*arguments: Any) -> None:
            with self._writing:
                write_frame(*arguments)

        connection.frame_writer = write
        self.openings += 1
        self.heard_at = self.sent_at = clock.monotonic()
        with self.calling():
            self.hot = connection.channel(frames.HOT)
            # A channel that the broker closes is opened again by py-amqp, but what it knew is gone.
            self.hot._do_revive = self._doom
            self._desk: Any = None
            self._listener.opened(self)

    @property
    def desk(self) -> Any:
        """py-amqp's channel for declaring and looking: an error there costs nothing. Use it within `calling`."""
        if self._desk is None:
            self._desk = self._connection.channel(frames.HOT + 1)
        return self._desk

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Around calls of py-amqp's channels: translates errors, and gives the connection up if it is gone."""
        try:
            yield
        except Exception as error:
            problem = translated(error, self.where)
            if self._doomed or not self._is_refusal(error):
                self.drop()
            raise problem from error

    def _is_refusal(self, error: Exception) -> bool:
        """The broker has closed the desk, and py-amqp has opened it again."""
        names = {kind.__name__ for kind in type(error).__mro__}
        return "ChannelError" in names and self._connection is not None and bool(self._connection.connected)

    def drop(self) -> None:
        """Give up the connection; `open` makes another."""
        connection, self._connection, self._socket = self._connection, None, None
        if connection is not None:
            with suppress(Exception):  # It is gone in any case.
                connection.collect()

    def hang_up(self) -> None:
        """Let the thread that reads find the connection broken. From any thread."""
        connection_socket, self.heard_at = self._socket, 0.0
        if connection_socket is not None:
            with suppress(OSError):
                connection_socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Say goodbye, so that the broker takes back at once what was held. Nobody may be reading."""
        self._closed = True
        if self._socket is not None and not self.blocked:
            with suppress(Exception):
                self._connection.close()
        self.drop()

    # Bytes

    def fileno(self) -> int:
        """For `select.poll`; -1 without a connection."""
        return -1 if self._socket is None else self._socket.fileno()

    def write(self, data: bytes) -> None:
        """Send. Blocks while the broker takes nothing, up to the time limit."""
        with self._writing:
            connection_socket = self._socket
            if connection_socket is None:
                raise GoneError(f"{self.where}: the connection was lost")
            try:
                connection_socket.sendall(data)
            except OSError as error:
                self.hang_up()
                raise translated(error, self.where) from error
        self.sent_at = clock.monotonic()

    def read(self, timeout_s: float) -> bool:
        """Tell the listener what has come; blocks up to `timeout_s` seconds, or less, for the first. False if nothing
        came."""
        if self._socket is None:
            raise GoneError(f"{self.where}: the connection was lost")
        try:
            came = self._is_ahead or self._fill(timeout_s)
            self._is_ahead = False
            while (frame := self._scan()) is not None:
                self._connection.on_inbound_frame(frame)
        except BaseException as error:  # In here it is the end of the connection.
            self.drop()
            if isinstance(error, Exception):
                raise translated(error, self.where) from error
            raise
        if self._doomed:
            self.drop()
            raise GoneError(f"{self.where}: the channel was closed")
        return came

    def read_answer(self) -> None:
        """Tell what has come, and wait for that, since the broker owes an answer."""
        if not self.read(self._opener.settings.socket_timeout):
            self.drop()
            raise GoneError(f"{self.where}: no answer within {self._opener.settings.socket_timeout} s")

    @property
    def is_fresh(self) -> bool:
        """Something has come just now, so that it need not be looked at before it is used."""
        return self._socket is not None and not self.blocked and clock.monotonic() - self.heard_at < FRESH_S

    def is_there(self) -> bool:
        """Take in what has come, without waiting; whether the connection is still open then."""
        if self._socket is None:
            return False
        try:
            while self.is_readable() and self.read(0.0):
                pass
        except DriverError as error:
            _log.info("%s", error)
        return self._socket is not None

    def is_readable(self, timeout_s: float = 0.0) -> bool:
        """Whether something is to be read, the end included; blocks up to `timeout_s` seconds for it."""
        if self._is_ahead or (self._pending is not None and self._pending()):
            return True
        # Not shorter than asked for: poll counts milliseconds, and drops what is less.
        return bool(self._poll.poll(timeout_s and timeout_s * 1000 + 0.999))

    def _fill(self, timeout_s: float) -> bool:
        assert self._socket is not None
        # Where the system sees to the time, one call is for waiting and reading.
        is_one_call = self._is_limited and timeout_s >= self._opener.settings.socket_timeout
        if not is_one_call and not self.is_readable(timeout_s):
            return False
        try:
            received = self._received(self._socket)
        except BlockingIOError:
            return False
        if not received:
            raise GoneError(f"{self.where}: the broker closed the connection")
        self._data = self._data[self._place :] + received
        self._place = 0
        self.heard_at = clock.monotonic()
        return True

    def _received(self, connected: socket.socket) -> bytes:
        if self._is_limited:
            return connected.recv(_CHUNK)
        with self._writing:  # TLS is not for two threads at once.
            return connected.recv(_CHUNK)

    def _read_frame(self) -> Frame:
        """For py-amqp: the next frame that is for it. Deliveries that come before are told of."""
        limit_s, self._is_ahead = self._opener.settings.socket_timeout, False
        while (frame := self._scan()) is None:
            if self._socket is None or not self._fill(limit_s):
                raise TimeoutError("no answer in time")
        self._is_ahead = self._place < len(self._data)
        return frame

    def _scan(self) -> Frame | None:
        """The next whole frame in the buffer that is py-amqp's. The others are dealt with on the way."""
        data, place, end = self._data, self._place, len(self._data)
        try:
            while end - place >= 8:
                kind, channel, size = frames.HEAD.unpack_from(data, place)
                start = place + 7
                stop = start + size
                if stop >= end:
                    break
                if data[stop] != frames.END:
                    raise GoneError(f"{self.where}: what came is no frame")
                place = stop + 1
                if channel != frames.HOT:
                    if kind != frames.HEARTBEAT:
                        return (kind, channel, data[start:stop])
                elif kind == frames.METHOD:
                    if not self._take_method(_METHOD(data, start)[0], data, start + 4):
                        return (kind, channel, data[start:stop])
                elif kind == frames.HEADER:
                    self._take_header(data[start + 12 : stop], _SIZE(data, start + 4)[0])
                elif kind == frames.BODY:
                    self._take_body(data[start:stop])
                else:
                    raise GoneError(f"{self.where}: what came is no frame")
        finally:
            self._place = place
        return None

    def _take_method(self, method: int, data: bytes, place: int) -> bool:
        """Whether it is one of those that are not py-amqp's."""
        if method == frames.BASIC_DELIVER:
            consumer, place = _short(data, place)
            number, redelivered = _NUMBER(data, place)
            exchange, place = _short(data, place + 9)
            routing_key, place = _short(data, place)
            self._content = Content(consumer, number, bool(redelivered), exchange, routing_key)
        elif method in (frames.BASIC_ACK, frames.BASIC_NACK):
            number, bits = _NUMBER(data, place)
            self._listener.confirmed(number, bool(bits & 1), method == frames.BASIC_ACK)
        elif method == frames.BASIC_GET_OK:
            number, redelivered = _NUMBER(data, place)
            exchange, place = _short(data, place + 9)
            routing_key, place = _short(data, place)
            self._content = Content("", number, bool(redelivered), exchange, routing_key)
        elif method == frames.BASIC_GET_EMPTY:
            self._listener.got_nothing()
        elif method == frames.BASIC_RETURN:
            (code,) = unpack_from(">H", data, place)
            text, place = _short(data, place + 2)
            exchange, place = _short(data, place)
            routing_key, place = _short(data, place)
            self._content = Content("", 0, False, exchange, routing_key, f"{code} {text}")
        else:
            return False
        return True

    def _take_header(self, properties: bytes, size: int) -> None:
        assert self._content is not None
        self._content.properties = properties
        self._missing, self._parts = size, []
        if not size:
            self._tell()

    def _take_body(self, part: bytes) -> None:
        self._parts.append(part)
        self._missing -= len(part)
        if self._missing <= 0:
            self._tell()

    def _tell(self) -> None:
        content, self._content = self._content, None
        assert content is not None
        content.body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        if content.problem:
            self._listener.returned(content)
        else:
            self._listener.delivered(content)

    def _doom(self) -> None:
        self._doomed = True

    def _on_blocked(self, *_: Any) -> None:
        self.blocked = True

    def _on_unblocked(self, *_: Any) -> None:
        self.blocked = False


def _short(data: bytes, place: int) -> tuple[str, int]:
    after = place + 1 + data[place]
    return data[place + 1 : after].decode(), after
