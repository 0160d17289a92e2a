"""Where a URL says that the server is, and what else it says.

    redis://user:password@host:6379/0          rediss:// for TLS
    unix:///run/redis.sock?db=2                redis+socket:// is Celery's name for it
    sentinel://host:26379/0;sentinel://host2   the master is called `master_name`
    redis+cluster://host:6379                  any of the nodes; rediss+cluster:// for TLS

The query holds settings (`?socket_timeout=2`), options of TLS (`?ssl_ca_certs=/etc/ca.pem`) and, as with Celery,
`db` or `virtual_host`, `username` and `password`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs
from attrs import frozen

from umbel.exceptions import ImproperlyConfigured
from umbel.settings.option import Section
from umbel.settings.text import from_text
from umbel_redis.settings import RedisSettings

Mode = Literal["single", "sentinel", "cluster"]
_PORTS = {"single": 6379, "sentinel": 26379, "cluster": 6379}
_MODES: dict[str, Mode] = {"sentinel": "sentinel", "redis+cluster": "cluster", "rediss+cluster": "cluster"}
_UNIX = frozenset({"unix", "redis+socket", "socket"})


@frozen
class Location:
    """One server, or those that know where it is."""

    mode: Mode
    #: Host and port; none for a Unix socket.
    addresses: tuple[tuple[str, int], ...]
    path: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = None
    #: Options of TLS by redis-py's names; None: no TLS.
    tls: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        """For errors: no password."""
        where = self.path or ", ".join(f"{host}:{port}" for host, port in self.addresses)
        return (
            f"Redis {'sentinel' if self.mode == 'sentinel' else self.mode if self.mode == 'cluster' else ''}".rstrip()
            + (f" at {where}" + (f", database {self.db}" if self.db else ""))
        )


def parse(url: str, settings: RedisSettings) -> tuple[Location, RedisSettings]:
    """The location, and the settings with what the URL says over them. Raises `ImproperlyConfigured`."""
    urls = [part.strip() for part in url.split(";") if part.strip()]
    parts = urlsplit(urls[0])
    mode = _MODES.get(parts.scheme, "single")
    query, settings = _settings(url, dict(parse_qsl(parts.query, keep_blank_values=True)), settings)
    tls = _tls(parts.scheme.startswith("rediss"), query, settings)
    name = query.pop("db", query.pop("virtual_host", ""))
    username = unquote(parts.username or "") or query.pop("username", "") or settings.username
    password = unquote(parts.password or "") or query.pop("password", "") or settings.password
    path = ""
    addresses: tuple[tuple[str, int], ...] = ()
    if parts.scheme in _UNIX:
        path = unquote(parts.netloc.rpartition("@")[2] + parts.path)
        if not path.startswith("/"):
            raise ImproperlyConfigured(f"{_shown(url)}: expected unix:///absolute/path.sock, found the path {path!r}")
    else:
        name = name or unquote(parts.path.strip("/"))
        addresses = tuple(address for one in urls for address in _addresses(one, _PORTS[mode]))
    if query:
        raise ImproperlyConfigured(
            f"{_shown(url)}: unknown in the query: {', '.join(sorted(query))}; expected settings of umbel-redis, "
            "db, or options of TLS (ssl_…)"
        )
    if mode == "sentinel" and not settings.master_name:
        raise ImproperlyConfigured(
            f"{_shown(url)}: which master? Set broker_transport_options = {{'master_name': …}} or ?master_name=…"
        )
    return Location(mode, addresses, path, _db(url, name, mode), username, password, tls), settings


def _addresses(url: str, port: int) -> list[tuple[str, int]]:
    if "://" not in url:
        url = f"redis://{url}"
    found = []
    for place in urlsplit(url).netloc.rpartition("@")[2].split(","):
        try:
            parts = urlsplit(f"redis://{place}")
            found.append((parts.hostname or "localhost", parts.port or port))
        except ValueError as error:
            raise ImproperlyConfigured(f"{_shown(url)}: {place!r} is no host:port: {error}") from error
    return found


def _settings(url: str, query: dict[str, str], settings: RedisSettings) -> tuple[dict[str, str], RedisSettings]:
    """What of the query is no setting, and the settings with the rest of it."""
    options = Section("redis", RedisSettings).options
    changes: dict[str, Any] = {}
    for key in [key for key in query if key in options and key not in ("username", "password")]:
        text = query.pop(key)
        try:
            changes[key] = from_text(text, options[key].hint)
        except ValueError:
            raise ImproperlyConfigured(f"{_shown(url)}: {key}={text!r} is not {options[key].hint}") from None
    try:
        return query, attrs.evolve(settings, **changes)
    except ValueError as error:
        raise ImproperlyConfigured(f"{_shown(url)}: {error.args[0]}") from error


def _tls(wanted: bool, query: dict[str, str], settings: RedisSettings) -> Mapping[str, Any] | None:
    said = settings.use_ssl if settings.use_ssl is not None else settings.backend_use_ssl
    options: dict[str, Any] = dict(said) if isinstance(said, Mapping) else {}
    for key in [key for key in query if key.startswith("ssl_")]:
        options[key] = query.pop(key)
    if not (wanted or said or options):
        return None
    if "ssl_cert_reqs" in options:
        options["ssl_cert_reqs"] = _cert_reqs(options["ssl_cert_reqs"])
        if options["ssl_cert_reqs"] == "none":
            options.setdefault("ssl_check_hostname", False)
    if isinstance(check := options.get("ssl_check_hostname"), str):
        options["ssl_check_hostname"] = check.lower() in ("1", "true", "yes", "on")
    return options


def _cert_reqs(value: Any) -> str:
    """`none`, `optional` or `required`, of Celery's ways to say so: CERT_NONE, ssl.CERT_NONE, none, None."""
    name = getattr(value, "name", None) or {0: "none", 1: "optional", 2: "required"}.get(value, str(value))
    return name.lower().replace("cert_", "")


def _db(url: str, name: str, mode: Mode) -> int:
    try:
        db = int(name or 0)
    except ValueError:
        raise ImproperlyConfigured(f"{_shown(url)}: expected the number of a database, found {name!r}") from None
    if db and mode == "cluster":
        raise ImproperlyConfigured(f"{_shown(url)}: a cluster has database 0 only, found {db}")
    return db


def _shown(url: str) -> str:
    """Without the password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}".partition("?")[0]
