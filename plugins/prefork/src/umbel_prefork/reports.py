"""What goes between the worker and the template: fixed records, so that passed file descriptors stay with theirs."""

from __future__ import annotations

import os
import socket
import struct
from typing import NamedTuple

_RECORD = struct.Struct("<cQqq")
_CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class Order(NamedTuple):
    """Fork child `number` with this channel and this end of the claims."""

    number: int
    channel: int
    claims: int

    def send(self, control: socket.socket) -> None:
        record = _RECORD.pack(b"F", self.number, 0, 0)
        socket.send_fds(control, [record], [self.channel, self.claims])

    @classmethod
    def receive(cls, control: socket.socket) -> Order | None:
        """The next order, or None when the worker is gone. Blocks."""
        data, fds, _, _ = socket.recv_fds(control, _RECORD.size, 2, _CLOEXEC)
        if len(data) < _RECORD.size or len(fds) < 2:
            return None
        for fd in fds:
            os.set_inheritable(fd, False)
        return cls(_RECORD.unpack(data)[1], *fds)


class Report(NamedTuple):
    """Child `number` was born (`status` is None), or has died: `status` is its exit code, or minus a signal."""

    number: int
    pid: int
    status: int | None

    def send(self, control: socket.socket) -> None:
        kind = b"B" if self.status is None else b"D"
        control.sendall(_RECORD.pack(kind, self.number, self.pid, self.status or 0))

    @classmethod
    def parse(cls, data: bytearray) -> list[Report]:
        """Take the whole records out of `data`."""
        reports = []
        for at in range(0, len(data) - _RECORD.size + 1, _RECORD.size):
            kind, number, pid, status = _RECORD.unpack_from(data, at)
            reports.append(cls(number, pid, None if kind == b"B" else status))
        del data[: len(reports) * _RECORD.size]
        return reports
