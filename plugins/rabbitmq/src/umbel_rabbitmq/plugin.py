"""What the kernel finds here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from umbel.plugin import hookimpl

if TYPE_CHECKING:
    from umbel_rabbitmq.transport import RabbitmqTransport


@hookimpl
def umbel_transport() -> type[RabbitmqTransport]:
    from umbel_rabbitmq.transport import RabbitmqTransport  # noqa: PLC0415

    return RabbitmqTransport
