"""How long calls of a socket may block, where the system itself can see to it.

With a timeout of Python's own each call is two: one waits until the socket is ready, one does the work. The system's
timeouts cost nothing (SO_RCVTIMEO and SO_SNDTIMEO: https://pubs.opengroup.org/onlinepubs/9699919799/functions/V2_chap02.html).
A call that took too long raises `TimeoutError` under the one regime and `BlockingIOError` under the other: `TIMED_OUT`.
"""

from __future__ import annotations

import os
import socket
import struct

TIMED_OUT = (TimeoutError, BlockingIOError)


def limit(connected: socket.socket, timeout_s: float) -> None:
    """Have calls of a socket end after `timeout_s` seconds."""
    # TLS takes what the system calls a timeout for a pause, and tries again. Windows counts in other units.
    if os.name != "posix" or hasattr(connected, "pending"):
        connected.settimeout(timeout_s)
        return
    connected.settimeout(None)
    seconds = int(timeout_s)
    # No time at all would be for ever.
    value = struct.pack("ll", seconds, max(1, int((timeout_s - seconds) * 1e6)))
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)
