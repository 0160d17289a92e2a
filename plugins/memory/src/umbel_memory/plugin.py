"""What the entry points name: one hook a kind, each gives the class of its driver."""

from __future__ import annotations

from umbel.plugin import hookimpl
from umbel_memory.backend import MemoryBackend
from umbel_memory.transport import MemoryTransport


@hookimpl
def umbel_transport() -> type[MemoryTransport]:
    return MemoryTransport


@hookimpl
def umbel_backend() -> type[MemoryBackend]:
    return MemoryBackend
