"""One command to a Redis server, without any library: what it says of itself, and how many results it has.

This module is imported by every peer's interpreter: standard library only.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager
from urllib.parse import urlsplit


def ask(url: str, *words: str | int) -> int | str:
    """The answer, on a connection of its own. No arrays."""
    with asking(url) as call:
        return call(*words)


@contextmanager
def asking(url: str):
    """What asks on one connection; `url` is `redis://host:port/database`."""
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 6379)
    with socket.create_connection(address, timeout=30) as connection, connection.makefile("rwb") as stream:
        if (database := parts.path.strip("/")) not in ("", "0"):
            _call(stream, "SELECT", database)
        yield lambda *words: _call(stream, *words)


def _call(stream, *words: str | int) -> int | str:
    """https://redis.io/docs/latest/develop/reference/protocol-spec/"""
    parts = [str(word).encode() for word in words]
    stream.write(b"".join([b"*%d\r\n" % len(parts), *(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)]))
    stream.flush()
    line = stream.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    if kind == b":":
        return int(rest)
    if kind == b"+":
        return rest.decode()
    if kind == b"$":
        return stream.read(int(rest) + 2)[:-2].decode() if int(rest) >= 0 else ""
    raise RuntimeError(f"the Redis server answered {line.decode() or 'nothing'}")
