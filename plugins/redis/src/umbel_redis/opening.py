"""Opens connections: those with TLS are redis-py's, for the network and the login; what follows goes past it.

Importing redis-py takes a tenth of a second, most of it for what is not used here: it waits for who wants TLS.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from umbel.exceptions import PermanentError, TemporaryError
from umbel_redis.errors import translated
from umbel_redis.location import Location
from umbel_redis.plain import PlainConnection
from umbel_redis.settings import RedisSettings

#: A `PlainConnection`, or one of redis-py's, which are not typed.
Connection = Any

#: The oldest one that has all that the scripts use: LPOP with a count came with 6.2, and so did ZMSCORE and SMISMEMBER.
OLDEST = "6.2"


class Opener:
    """Knows where the server is, or whom to ask."""

    def __init__(self, location: Location, settings: RedisSettings) -> None:
        self.location = location
        self._settings = settings
        #: Those sentinels first that answered last.
        self._sentinels = list(location.addresses)

    def open(self, address: tuple[str, int] | None = None, protocol: int = 2) -> Connection:
        """A connection that is logged in: to `address`, else to the server, which Sentinel may have to name.

        Blocks up to the timeouts of the settings. Raises `TemporaryError` or `PermanentError`.
        """
        where = self.location
        if address is None and where.mode == "sentinel":
            return self._to_master(protocol)
        address = address or (where.addresses[0] if where.addresses else None)
        return self._connected(address, self._options(protocol))

    def _options(self, protocol: int) -> dict[str, Any]:
        settings, where = self._settings, self.location
        options: dict[str, Any] = {
            "db": where.db,
            "username": where.username,
            "password": where.password,
            "socket_timeout": settings.socket_timeout or RedisSettings().socket_timeout,
            "client_name": settings.client_name,
            "protocol": protocol,
        }
        if not where.path:
            options["socket_keepalive"] = settings.socket_keepalive
            if settings.socket_keepalive_options is not None:
                options["socket_keepalive_options"] = settings.socket_keepalive_options
            options["socket_connect_timeout"] = settings.socket_connect_timeout or options["socket_timeout"]
        return options

    def _connected(self, address: tuple[str, int] | None, options: Mapping[str, Any]) -> Connection:
        connection: Connection
        try:
            if address is None:
                connection = PlainConnection(path=self.location.path, **options)
            elif self.location.tls is not None:
                redis_py: Any = import_module("redis.connection")
                connection = redis_py.SSLConnection(
                    host=address[0], port=address[1], **{**self.location.tls, **options}
                )
            else:
                connection = PlainConnection(*address, **options)
            connection.connect()
        except Exception as error:  # redis-py lets errors of ssl and of the system through as they are
            where = f"Redis at {address[0]}:{address[1]}" if address else str(self.location)
            if isinstance(error, (ValueError, TypeError)):
                raise PermanentError(f"{where}: {error}") from error
            raise translated(error, where) from error
        return connection

    # Sentinel (https://redis.io/docs/latest/develop/reference/sentinel-clients/)

    def _to_master(self, protocol: int) -> Connection:
        address = self._master()
        connection = self._connected(address, self._options(protocol))
        try:
            # The sentinel may not know yet what has become of it.
            connection.send_command("ROLE")
            role = connection.read_response()
        except Exception as error:
            connection.disconnect()
            raise translated(error, f"Redis at {address[0]}:{address[1]}") from error
        if role[0] not in (b"master", "master"):
            connection.disconnect()
            raise TemporaryError(f"Redis at {address[0]}:{address[1]}: it is {role[0]!r}; a failover is under way")
        return connection

    def _master(self) -> tuple[str, int]:
        name, problems = self._settings.master_name, []
        for sentinel in self._sentinels:
            try:
                connection = self._connected(sentinel, self._sentinel_options())
                try:
                    connection.send_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name)
                    found = connection.read_response()
                finally:
                    connection.disconnect()
            except Exception as error:  # the next one may know
                problems.append(str(error))
                continue
            if found:
                self._sentinels.remove(sentinel)
                self._sentinels.insert(0, sentinel)
                host, port = (part.decode() if isinstance(part, bytes) else part for part in found)
                return host, int(port)
            problems.append(f"{sentinel[0]}:{sentinel[1]} knows no master {name!r}")
        raise TemporaryError(f"{self.location}: no sentinel could name the master {name!r}: {'; '.join(problems)}")

    def _sentinel_options(self) -> dict[str, Any]:
        options = self._options(2)
        return {**options, "db": 0, "username": None, "password": None, **(self._settings.sentinel_kwargs or {})}
