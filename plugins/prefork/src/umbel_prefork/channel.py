"""The stream between the worker and one child: frames of a number and a payload, whole or not at all."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator

#: A mark that garbage will not have by chance, the number, the length of the payload.
_HEADER = struct.Struct("<4sQQ")
_MARK = b"Umb1"
_CHUNK = 1 << 18

#: Child to worker, under a job's number: it begins. Any other payload is its outcome.
BEGUN = b""
#: Frames numbered 0 are not about a job. Worker to child: end in order.
STOP = b"stop"
#: Child to worker: ready for jobs (its pid follows); could not get ready (a text follows); found a job withdrawn; above
#: its memory limit.
READY = b"ready:"
FAILED = b"failed:"
MISSED = b"missed"
FULL = b"full"

Frame = tuple[int, bytes]


def frame(number: int, payload: bytes) -> bytes:
    return _HEADER.pack(_MARK, number, len(payload)) + payload


class Channel:
    """One end. The worker's does not block, and keeps what the socket has no room for; the child's blocks."""

    __slots__ = ("_arrived", "_socket", "_unsent", "dry", "end")

    def __init__(self, end: socket.socket, blocking: bool) -> None:
        end.setblocking(blocking)
        self._socket = end
        self._arrived: bytes | bytearray = b""
        self._unsent = bytearray()
        #: The last read found nothing.
        self.dry = False
        #: Why nothing more can be read; None while all is well.
        self.end: str | None = None

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def unsent(self) -> bool:
        """Whether `flush` has work to do once the socket is writable."""
        return bool(self._unsent)

    def send(self, frames: bytes) -> None:
        """Send whole frames. Raises BrokenPipeError or ConnectionResetError on a blocking channel without a reader."""
        if self._socket.getblocking():
            self._socket.sendall(frames)
        elif self._unsent:
            self._unsent += frames
        else:
            sent = self._try(frames)
            if sent < len(frames):
                self._unsent += memoryview(frames)[sent:]

    def flush(self) -> bool:
        """Send what `send` could not, as far as there is room. Returns whether any went out."""
        sent = self._try(self._unsent[:_CHUNK])
        del self._unsent[:sent]
        return sent > 0

    def _try(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:  # nobody reads any more; the reading side will say so
            self._unsent.clear()
            return len(data)

    def receive(self) -> list[Frame]:
        """The frames that have arrived whole, after one read; sets `end` when there will be no more."""
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            self.dry = True
            return []
        except OSError as error:
            self.end = f"its channel broke: {error}"
            return []
        self.dry = False
        if not data:
            self.end = "its channel was closed"
            return []
        if self._arrived:
            self._arrived += data
            return self._parse(self._arrived)
        return self._parse(data)

    def drain(self) -> Iterator[Frame]:
        """Every frame that has arrived, to the last. For a sender that is dead."""
        self.dry = False
        while not self.dry and self.end is None:
            yield from self.receive()

    def _parse(self, arrived: bytes | bytearray) -> list[Frame]:
        frames: list[Frame] = []
        at, size = 0, len(arrived)
        while size - at >= _HEADER.size:
            mark, number, length = _HEADER.unpack_from(arrived, at)
            if mark != _MARK:
                self.end = f"something else was written to its channel: {bytes(arrived[at : at + 20])!r}"
                break
            start = at + _HEADER.size
            if size - start < length:
                break
            at = start + length
            frames.append((number, bytes(arrived[start:at])))
        if isinstance(arrived, bytearray):
            del arrived[:at]
        else:
            self._arrived = bytearray(arrived[at:]) if at < size else b""
        return frames

    def close(self) -> None:
        # Not only closed: another process may hold a copy, forked from this one by somebody else.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
