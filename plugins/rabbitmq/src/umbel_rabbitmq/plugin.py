"""What the kernel finds here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from umbel.plugin import hookimpl

if TYPE_CHECKING:
    from umbel_rabbitmq.rpc import RpcBackend
    from umbel_rabbitmq.transport import RabbitmqTransport


# A worker without results never needs the backend, a client that only asks for results never the transport.


@hookimpl
def umbel_transport() -> type[RabbitmqTransport]:
    from umbel_rabbitmq.transport import RabbitmqTransport  # noqa: PLC0415

    return RabbitmqTransport


@hookimpl
def umbel_backend() -> type[RpcBackend]:
    from umbel_rabbitmq.rpc import RpcBackend  # noqa: PLC0415

    return RpcBackend
