"""What a transport and a backend have in common: the server, and links to it."""

from __future__ import annotations

from collections.abc import Callable

from umbel_redis.link import Link
from umbel_redis.location import Location, parse
from umbel_redis.opening import Opener
from umbel_redis.settings import RedisSettings


class Server:
    """Made from a URL; connects to nothing by itself."""

    def __init__(self, url: str, settings: RedisSettings | None) -> None:
        """Raises `ImproperlyConfigured` for a URL that is of no known form."""
        location, self.settings = parse(url, settings or RedisSettings())
        self.location: Location = location
        self.opener = Opener(location, self.settings)

    def link(
        self,
        *,
        address: tuple[str, int] | None = None,
        protocol: int = 2,
        listens: bool = False,
        prepare: Callable[[Link], None] | None = None,
    ) -> Link:
        """A new link, which connects when it is first used. See `Link`."""
        return Link(self.opener, self.timeout_s, address=address, protocol=protocol, listens=listens, prepare=prepare)

    @property
    def timeout_s(self) -> float:
        """Seconds to wait for an answer."""
        timeout_s = self.settings.socket_timeout or RedisSettings().socket_timeout
        assert timeout_s is not None
        return timeout_s
