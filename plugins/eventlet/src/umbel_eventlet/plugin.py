"""What the entry point `eventlet` names."""

from __future__ import annotations

from umbel.plugin.specs import hookimpl
from umbel_eventlet.pool import EventletPool


@hookimpl
def umbel_pool() -> type[EventletPool]:
    return EventletPool
