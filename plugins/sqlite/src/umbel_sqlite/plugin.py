"""What the kernel finds here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from umbel.plugin import hookimpl

if TYPE_CHECKING:
    from umbel_sqlite.backend import SqliteBackend
    from umbel_sqlite.transport import SqliteTransport


# A worker without results never needs the backend, a client that only asks for results never the transport.


@hookimpl
def umbel_transport() -> type[SqliteTransport]:
    from umbel_sqlite.transport import SqliteTransport  # noqa: PLC0415

    return SqliteTransport


@hookimpl
def umbel_backend() -> type[SqliteBackend]:
    from umbel_sqlite.backend import SqliteBackend  # noqa: PLC0415

    return SqliteBackend
