"""The contract of a compression: bytes in, fewer bytes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar


class Compression(ABC):
    """A compression of message bodies. `content_type` travels in the `compression` header (kombu.compression)."""

    contract_version: ClassVar[int]
    features: ClassVar[frozenset[str]] = frozenset()
    content_type: ClassVar[str]

    @abstractmethod
    def compress(self, data: bytes) -> bytes:
        """Compress."""

    @abstractmethod
    def decompress(self, data: bytes, max_bytes: int) -> bytes:
        """Decompress. Raises `umbel.exceptions.DecodeError` for damaged data or output above `max_bytes`."""
