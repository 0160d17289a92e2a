"""Where a URL says that the broker is, and what else it says.

    amqp://user:password@host:5672/vhost       amqps:// for TLS, port 5671; pyamqp:// is Celery's name for amqp://
    amqp://one//;amqp://two//                  several: the next one is tried when one cannot be reached

The virtual host is what follows the slash: nothing, or a slash (also as `%2F`), is RabbitMQ's default one. The query
holds settings (`?heartbeat=20`).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs
from attrs import frozen

from umbel.exceptions import ImproperlyConfigured
from umbel.settings.option import Section
from umbel.settings.text import from_text
from umbel_rabbitmq.settings import RabbitmqSettings

_PORTS = {False: 5672, True: 5671}


@frozen
class Location:
    """One broker, and who logs in there."""

    host: str
    port: int
    vhost: str
    user: str
    password: str
    tls: bool

    def __str__(self) -> str:
        """For errors: no password."""
        return f"RabbitMQ at {self.host}:{self.port}, virtual host {self.vhost!r}"


def parse(url: str, settings: RabbitmqSettings) -> tuple[tuple[Location, ...], RabbitmqSettings]:
    """The locations, and the settings with what the first URL says over them. Raises `ImproperlyConfigured`."""
    urls = [part.strip() for part in url.split(";") if part.strip()]
    settings = _settings(urls[0], settings)
    return tuple(_location(one, settings) for one in urls), settings


def _location(url: str, settings: RabbitmqSettings) -> Location:
    try:
        parts = urlsplit(url if "://" in url else f"amqp://{url}")
        tls = parts.scheme == "amqps" or bool(settings.use_ssl)
        port = parts.port or _PORTS[tls]
    except ValueError as error:
        raise ImproperlyConfigured(f"{shown(url)}: expected amqp://user:password@host:port/vhost: {error}") from error
    return Location(
        parts.hostname or "localhost",
        port,
        unquote(parts.path[1:]) or "/",
        unquote(parts.username or "") or settings.userid,
        unquote(parts.password or "") or settings.password,
        tls,
    )


def _settings(url: str, settings: RabbitmqSettings) -> RabbitmqSettings:
    options = Section("rabbitmq", RabbitmqSettings).options
    changes: dict[str, Any] = {}
    for key, text in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if key not in options:
            raise ImproperlyConfigured(
                f"{shown(url)}: unknown in the query: {key}; expected settings of umbel-rabbitmq"
            )
        try:
            changes[key] = from_text(text, options[key].hint)
        except ValueError:
            raise ImproperlyConfigured(f"{shown(url)}: {key}={text!r} is not {options[key].hint}") from None
    try:
        return attrs.evolve(settings, **changes)
    except ValueError as error:
        raise ImproperlyConfigured(f"{shown(url)}: {error.args[0]}") from error


def shown(url: str) -> str:
    """Without the password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}".partition("?")[0]
