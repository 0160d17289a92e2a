"""Message bodies in and out: serializers by name and content type, compressions, what is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from umbel.contracts.compression import Compression
from umbel.contracts.serializer import Serializer
from umbel.exceptions import DecodeError, ImproperlyConfigured
from umbel.model.message import Message
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load


class Formats:
    """Finds drivers through the catalogue, once each."""

    def __init__(self, catalogue: Catalogue, accept: Sequence[str], max_bytes: int) -> None:
        self._catalogue = catalogue
        self._accept = tuple(accept)
        self.max_bytes = max_bytes
        self._by_name: dict[str, Serializer] = {}
        self._by_type: dict[str, Serializer] = {}
        self._compressions: dict[str, Compression] = {}

    def serializer(self, name: str) -> Serializer:
        """By name; raises `PluginNotFound`."""
        found = self._by_name.get(name)
        if found is None:
            found = self._by_name[name] = cast(Serializer, load(self._catalogue, "serializer", name)())
        return found

    def compression(self, name: str) -> Compression:
        """By name or content type; raises `PluginNotFound`."""
        found = self._compressions.get(name)
        if found is None:
            for candidate in self._catalogue.names("compression") if "/" in name else (name,):
                driver = cast(Compression, load(self._catalogue, "compression", candidate)())
                self._compressions[candidate] = self._compressions[driver.content_type] = driver
            found = self._compressions.get(name)
        if found is None:
            raise ImproperlyConfigured(f"no installed plugin has the compression {name!r}")
        return found

    def decode(self, message: Message) -> Any:
        """The body of a message; raises `DecodeError`, also for content that is not accepted."""
        serializer = self._by_type.get(message.content_type) or self._accepted(message.content_type)
        body = message.body
        compression = message.headers.get("compression")
        if compression:
            try:
                body = self.compression(compression).decompress(body, self.max_bytes)
            except ImproperlyConfigured as error:
                raise DecodeError(str(error)) from error
        try:
            return serializer.loads(body)
        except DecodeError:
            raise
        except Exception as error:  # a third party's serializer may raise anything on bytes it does not know
            raise DecodeError(f"{message.content_type}: {type(error).__name__}: {error}") from error

    def _accepted(self, content_type: str) -> Serializer:
        # An entry is a name or a content type; a content type may be served by any installed serializer.
        names = self._catalogue.names("serializer") if content_type in self._accept else self._accept
        for name in names:
            serializer = self.serializer(name) if "/" not in name else None
            if serializer is not None and serializer.content_type == content_type:
                self._by_type[content_type] = serializer
                return serializer
        raise DecodeError(
            f"content type {content_type!r} is not accepted; accept_content is {list(self._accept)}: "
            "add the serializer's name there if its sender is trusted"
        )
