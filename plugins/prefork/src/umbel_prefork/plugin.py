"""What the entry points `prefork` and `processes` name."""

from __future__ import annotations

from umbel.plugin.specs import hookimpl
from umbel_prefork.pool import PreforkPool


@hookimpl
def umbel_pool() -> type[PreforkPool]:
    return PreforkPool
