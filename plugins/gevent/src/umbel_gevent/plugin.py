"""What the entry point `gevent` names."""

from __future__ import annotations

from umbel.plugin.specs import hookimpl
from umbel_gevent.pool import GeventPool


@hookimpl
def umbel_pool() -> type[GeventPool]:
    return GeventPool
