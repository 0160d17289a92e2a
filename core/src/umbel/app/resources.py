"""What an app has open, under one state of its settings: each part is made when it is first asked for."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

from umbel.app.drivers import Drivers
from umbel.app.formats import Formats
from umbel.app.publisher import Publisher
from umbel.contracts.backend import Backend
from umbel.contracts.transport import Transport
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load_object
from umbel.plugin.observers import Observers, observers
from umbel.results.store import Results


class Resources:
    """Made by the app, thrown away when a setting changes, closed with it."""

    def __init__(self, app: Any, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.pid = os.getpid()
        self._app = app
        self._conf = app.conf
        self.revision: int = app.conf.revision
        self._additions: dict[str, Any] = {}

    @cached_property
    def drivers(self) -> Drivers:
        return Drivers(self.catalogue, self._conf, self._app.main)

    @cached_property
    def observers(self) -> Observers:
        return observers(self.catalogue)

    @cached_property
    def formats(self) -> Formats:
        return Formats(self.catalogue, self._conf.accept_content, self._conf.broker_message_max_bytes)

    @cached_property
    def transport(self) -> Transport:
        """The transport that this process publishes with."""
        return self.drivers.open_transport()

    @cached_property
    def backend(self) -> Backend | None:
        backend = self.drivers.open_backend()
        if backend is not None:
            backend.reply_to = self._app.oid
        return backend

    @cached_property
    def publisher(self) -> Publisher:
        return Publisher(self.transport, self.observers.umbel_message_published, self._conf.broker_connection_timeout)

    @cached_property
    def sender(self) -> Any:
        from umbel.app.sender import Sender  # noqa: PLC0415  (a worker whose tasks send none does without)

        return Sender(self._app)

    @cached_property
    def results(self) -> Results:
        conf = self._conf
        serializer = self.formats.serializer(conf.result_serializer)
        return Results(self.backend, serializer, conf.result_expires, conf.result_failure_expires)

    def addition(self, name: str) -> Any:
        """What a plugin adds to the app as `app.NAME`: made once, and closed with the rest if it has a `close`."""
        if name not in self._additions:
            entries = (entry for entry in self.catalogue.entries("api") if entry.status == "ok")
            entry = next((entry for entry in entries if entry.name == f"app.{name}"), None)
            if entry is None:
                hint = f"a plugin would bring it with `pip install 'umbel[{name}]'`"
                raise AttributeError(f"the app has no attribute {name!r}; if it is a feature, {hint}")
            self._additions[name] = load_object(self.catalogue, entry)(self._app)
        return self._additions[name]

    def close(self) -> None:
        """Close what was opened, the publisher first. Blocks until it has published what was posted."""
        for addition in self._additions.values():
            getattr(addition, "close", lambda: None)()
        self._additions.clear()
        for name in ("publisher", "results", "transport", "backend"):
            part = self.__dict__.pop(name, None)
            if part is not None:
                part.close()
