"""Opens connections: py-amqp does the network, TLS, the login and what both sides agree upon.

Importing py-amqp takes some time: it waits for the first connection.
"""

from __future__ import annotations

import ssl
from importlib import import_module
from typing import Any

from umbel.exceptions import DriverError, PermanentError, TemporaryError
from umbel_rabbitmq.errors import translated
from umbel_rabbitmq.location import Location, parse
from umbel_rabbitmq.settings import RabbitmqSettings

#: py-amqp is not typed.
Connection = Any


class Opener:
    """Knows where the broker is, or those that know of one another; the one that answered last comes first."""

    def __init__(self, url: str, settings: RabbitmqSettings | None) -> None:
        """Connects to nothing. Raises `ImproperlyConfigured` for a URL of no known form."""
        locations, self.settings = parse(url, settings or RabbitmqSettings())
        self._locations = list(locations)

    @property
    def where(self) -> str:
        """For errors."""
        return str(self._locations[0])

    def open(self, heartbeat: bool, **options: Any) -> Connection:
        """A connection that is logged in. Blocks up to the time limits of the settings, for each of the locations.

        Raises `TemporaryError`, or `PermanentError` if that is what all of them say.
        """
        problems: list[DriverError] = []
        for location in list(self._locations):
            try:
                return self._opened(location, heartbeat, options)
            except DriverError as error:
                problems.append(error)
                self._locations.append(self._locations.pop(0))
        if len(problems) == 1:
            raise problems[0]
        kind = PermanentError if all(isinstance(one, PermanentError) for one in problems) else TemporaryError
        raise kind("; ".join(str(one) for one in problems)) from problems[-1]

    def _opened(self, location: Location, heartbeat: bool, options: dict[str, Any]) -> Connection:
        amqp = import_module("amqp")
        settings = self.settings
        connection = None
        try:
            connection = amqp.Connection(
                host=f"{f'[{location.host}]' if ':' in location.host else location.host}:{location.port}",
                userid=location.user,
                password=location.password,
                virtual_host=location.vhost,
                login_method=settings.login_method,
                ssl=_tls(settings.use_ssl, location.host) if location.tls else False,
                connect_timeout=settings.connection_timeout,
                heartbeat=(settings.heartbeat or 0) if heartbeat else 0,
                client_properties={"connection_name": settings.client_name} if settings.client_name else None,
                **options,
            )
            connection.connect()
        except Exception as error:  # py-amqp lets errors of ssl and of the system through as they are
            if connection is not None:
                connection.collect()
            raise translated(error, location) from error
        return connection


def _tls(said: bool | dict[str, Any] | None, host: str) -> dict[str, Any]:
    """py-amqp's options. Its default checks no certificate; here that has to be said."""
    options = dict(said) if isinstance(said, dict) else {}
    paths = ssl.get_default_verify_paths()
    options.setdefault("cert_reqs", ssl.CERT_REQUIRED)
    options.setdefault("server_hostname", host)
    if options["cert_reqs"] != ssl.CERT_NONE:
        options.setdefault("ca_certs", paths.cafile or paths.openssl_cafile)
    return options
