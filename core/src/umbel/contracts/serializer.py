"""The contract of a serializer: plain data in, bytes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar


class Serializer(ABC):
    """A data format. The content type and encoding are what travels; Celery's: kombu.serialization."""

    contract_version: ClassVar[int]
    features: ClassVar[frozenset[str]] = frozenset()
    content_type: ClassVar[str]
    content_encoding: ClassVar[str] = "utf-8"
    #: Decoding content from a stranger can run code; then it must be named in `accept_content` on purpose.
    unsafe: ClassVar[bool] = False

    @abstractmethod
    def dumps(self, value: Any) -> bytes:
        """Encode. Raises `TypeError` or `ValueError` for what the format cannot hold."""

    @abstractmethod
    def loads(self, data: bytes) -> Any:
        """Decode. Raises `umbel.exceptions.DecodeError` for bytes that are not of this format."""
