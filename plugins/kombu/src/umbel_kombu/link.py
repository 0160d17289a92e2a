"""A connection of kombu's with one channel, opened when it is needed and again after it broke."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, RLock
from typing import Any

from kombu import Connection
from kombu.transport import virtual

from umbel.exceptions import DriverError, ImproperlyConfigured
from umbel_kombu.errors import translated
from umbel_kombu.location import Location
from umbel_kombu.settings import KombuSettings

_log = logging.getLogger(__name__)
#: Clients such as boto3 may be used by many threads, and must not be made by two at once.
_one_at_a_time = Lock()
_in_turn = RLock()


class Link:
    """Threads may share it: one at a time has the channel."""

    def __init__(self, location: Location, settings: KombuSettings, options: dict[str, Any]) -> None:
        self._location = location
        self._settings = settings
        self._options = options
        self._lock = _in_turn if location.kind.takes_turns else RLock()
        self._connection: Any = None
        self._channel: Any = None
        self._known: set[str] = set()
        #: How often it was opened.
        self.openings = 0

    @property
    def is_virtual(self) -> bool:
        """Whether kombu plays the broker's part over something that is none. Only known once it is open."""
        return isinstance(self._channel, virtual.Channel)

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """The channel, for this thread alone. What is raised meanwhile becomes an error of the kernel's."""
        with self._lock, self.errors():
            if self._channel is None:
                self._open()
            yield self._channel

    @contextmanager
    def channel_meanwhile(self) -> Iterator[Any]:
        """The channel, though another thread may have it: for clients that several threads may use."""
        channel = self._channel
        if channel is None:
            with self.channel() as channel:
                pass
        with self.errors():
            yield channel

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What is raised becomes an error of the kernel's; the connection is given up."""
        try:
            yield
        except (DriverError, ImproperlyConfigured):
            raise
        except Exception as error:
            self.drop()
            raise translated(error, self._location) from error

    def holds(self, received: Any) -> bool:
        """Whether the broker has it down as ours, as far as the channel that it came over can tell."""
        tell = getattr(self._channel, "still_holds", None)
        return tell is None or bool(tell(received))

    def declare(self, queue: str) -> None:
        """Have the queue exist; once for each connection."""
        if queue not in self._known:
            self._channel.queue_declare(queue=queue, durable=True, auto_delete=False)
            if self._location.kind.binds:
                self._channel.exchange_declare(queue, "direct", durable=True, auto_delete=False)
                self._channel.queue_bind(queue, queue, queue)
            self._known.add(queue)

    def forget(self, queue: str) -> None:
        """It may be gone: declare it again before it is used."""
        self._known.discard(queue)

    def drain(self, timeout_s: float) -> None:
        """Have the consumers called with what is there. Raises `socket.timeout`."""
        connection = self._connection
        connection.transport.drain_events(connection.connection, timeout=timeout_s)

    def drop(self) -> None:
        """Close it; the next call opens another one."""
        with self._lock:
            connection, channel = self._connection, self._channel
            self._connection = self._channel = None
            self._known = set()
            if connection is not None:
                with suppress(Exception):
                    connection.close()
                # ZooKeeper's client has a thread, which kombu leaves alone.
                if callable(stop := getattr(getattr(channel, "_client", None), "stop", None)):
                    with suppress(Exception):
                        stop()

    def _open(self) -> None:
        settings = self._settings
        connection = Connection(
            self._location.url,
            transport=self._location.load(),
            ssl=settings.use_ssl or False,
            connect_timeout=settings.connection_timeout,
            login_method=settings.login_method,
            transport_options=dict(self._options),
        )
        with _one_at_a_time:
            channel = connection.channel()
        if isinstance(channel, virtual.Channel):
            # What is held is given back here, one by one: kombu would route it by an exchange that may not be known.
            channel.do_restore = False
        self._connection, self._channel = connection, channel
        self.openings += 1
