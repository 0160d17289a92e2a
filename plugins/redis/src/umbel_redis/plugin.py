"""What the kernel finds here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from umbel.plugin import hookimpl

if TYPE_CHECKING:
    from umbel_redis.backend import RedisBackend
    from umbel_redis.transport import RedisTransport


# A worker without results never needs the backend, a client that only asks for results never the transport.


@hookimpl
def umbel_transport() -> type[RedisTransport]:
    from umbel_redis.transport import RedisTransport  # noqa: PLC0415

    return RedisTransport


@hookimpl
def umbel_backend() -> type[RedisBackend]:
    from umbel_redis.backend import RedisBackend  # noqa: PLC0415

    return RedisBackend
