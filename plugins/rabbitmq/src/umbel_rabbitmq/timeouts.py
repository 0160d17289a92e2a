"""How long calls of a socket may block, where the system itself can see to it.

With a timeout of Python's own each call is two: one waits until the socket is ready, one does the work. The system's
timeouts cost nothing (SO_RCVTIMEO and SO_SNDTIMEO: https://pubs.opengroup.org/onlinepubs/9699919799/functions/V2_chap02.html).
A call that took too long raises `BlockingIOError` then.
"""

from __future__ import annotations

import socket
import ssl
import struct


def limit(connected: socket.socket, timeout_s: float) -> bool:
    """Let its calls block for that long; whether it is the system that sees to it, and so one call may be for two."""
    if isinstance(connected, ssl.SSLSocket):
        connected.settimeout(timeout_s)  # TLS may have to read in order to write, so it does its own waiting.
        return False
    connected.settimeout(None)
    seconds = int(timeout_s)
    # No time at all would be for ever.
    value = struct.pack("ll", seconds, max(1, int((timeout_s - seconds) * 1e6)))
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)
    return True
