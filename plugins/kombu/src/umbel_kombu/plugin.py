"""What the kernel finds here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from umbel.plugin import hookimpl

if TYPE_CHECKING:
    from umbel_kombu.transport import KombuTransport


@hookimpl
def umbel_transport() -> type[KombuTransport]:
    from umbel_kombu.transport import KombuTransport  # noqa: PLC0415  (kombu takes a while to import)

    return KombuTransport
