"""Settings that begin with `broker_`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from attrs import Factory, field, frozen

_ONE_URL = "write it into broker_url, as in scheme://user:password@host:port/vhost"


@frozen(kw_only=True, eq=False)
class BrokerSettings:
    old_prefix: ClassVar[str] = "BROKER_"

    #: Where messages go: `scheme://user:password@host:port/vhost`; the scheme names the transport. Of a list, or of
    #: URLs joined by `;`, the first is used, but by transports whose servers know of one another. None is the default
    #: transport. The environment variables UMBEL_BROKER_URL and CELERY_BROKER_URL beat every other source.
    url: str | list[str] | None = None
    #: The broker that workers consume from, where that is not `broker_url` (environment: CELERY_BROKER_READ_URL).
    read_url: str | list[str] | None = field(default=None, metadata={"like": "broker_url"})
    #: The broker that messages are published to, where that is not `broker_url` (environment: CELERY_BROKER_WRITE_URL).
    write_url: str | list[str] | None = field(default=None, metadata={"like": "broker_url"})
    #: Options of the transport, by the names of its own settings.
    transport_options: dict[str, Any] = Factory(dict)
    #: Which of several URLs comes next: `round-robin`, `shuffle`, or a callable that takes the list and gives an
    #: iterator over it. None is `round-robin`.
    failover_strategy: str | Callable[..., Any] | None = None
    #: Encrypt the connection; a dict has the transport's TLS options. Has no effect with transports without TLS.
    use_ssl: bool | dict[str, Any] | None = False
    #: How to authenticate, where the transport knows several ways.
    login_method: str | None = None
    #: Seconds to wait for a connection, and for a broker that does not answer: the tries to publish that follow the
    #: first one may take so long together. None: as long as they do.
    connection_timeout: float | None = 4.0
    #: Connect again when the connection is lost.
    connection_retry: bool = True
    #: Try again when the first connection of a worker fails. None: as `broker_connection_retry` says.
    connection_retry_on_startup: bool | None = field(default=None, metadata={"like": "broker_connection_retry"})
    #: How often to try before giving up; None or 0: for ever.
    connection_max_retries: int | None = 100
    #: Treat errors of a channel as errors of the connection, which are tried again.
    channel_error_retry: bool = False
    #: Seconds between heartbeats, where the transport has them; None or 0: none.
    heartbeat: float | None = 120.0
    #: How often within `broker_heartbeat` the broker's heartbeats are checked.
    heartbeat_checkrate: float = 3.0
    #: How many connections an app may keep open at once, where the transport pools them; None or 0: no pool.
    pool_limit: int | None = 10
    #: Seconds to wait for a connection of the pool; None: for ever.
    pool_acquire_timeout: float | None = None
    #: The type of the queues that hold delayed messages, where the broker delays them by queues.
    native_delayed_delivery_queue_type: Literal["quorum", "classic"] = "quorum"
    #: Bytes above which a message is refused, when it is published and when it is received.
    message_max_bytes: int = 64 * 1024 * 1024

    #: A part of the URL in old versions of Celery.
    transport: str | None = field(default=None, metadata={"gone": _ONE_URL})
    #: A part of the URL in old versions of Celery.
    host: str | None = field(default=None, metadata={"gone": _ONE_URL})
    #: A part of the URL in old versions of Celery.
    port: int | None = field(default=None, metadata={"gone": _ONE_URL})
    #: A part of the URL in old versions of Celery.
    user: str | None = field(default=None, metadata={"gone": _ONE_URL})
    #: A part of the URL in old versions of Celery.
    password: str | None = field(default=None, metadata={"gone": _ONE_URL})
    #: A part of the URL in old versions of Celery.
    vhost: str | None = field(default=None, metadata={"gone": _ONE_URL})
