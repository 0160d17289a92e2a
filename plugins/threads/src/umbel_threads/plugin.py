"""What the entry point `threads` names."""

from __future__ import annotations

from umbel.plugin.specs import hookimpl
from umbel_threads.pool import ThreadsPool


@hookimpl
def umbel_pool() -> type[ThreadsPool]:
    return ThreadsPool
