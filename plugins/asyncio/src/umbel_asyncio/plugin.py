"""What the entry point `asyncio` names."""

from __future__ import annotations

from umbel.plugin.specs import hookimpl
from umbel_asyncio.pool import AsyncioPool


@hookimpl
def umbel_pool() -> type[AsyncioPool]:
    return AsyncioPool
