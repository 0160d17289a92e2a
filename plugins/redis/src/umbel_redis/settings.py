"""The settings of the transport and of the backend, under the prefix `redis_`.

Where Celery or kombu has a name for it, in `broker_transport_options` or as a setting `redis_…`, the name is theirs: a
configuration that serves Celery serves Umbel. What is said in the URL's query counts more, then the transport options.
"""

from __future__ import annotations

from typing import Any, Literal

from attrs import Factory, field, frozen, validators

_POSITIVE = validators.gt(0.0)


@frozen(kw_only=True, eq=False)
class RedisSettings:
    # The connection

    #: Seconds to wait for an answer before the connection is given up. Never without end.
    socket_timeout: float | None = field(default=4.0, validator=validators.optional(validators.gt(0)))  # type: ignore[arg-type]
    #: Seconds to wait for a connection. None: as `broker_connection_timeout` says, or else `socket_timeout`.
    socket_connect_timeout: float | None = field(
        default=None, validator=validators.optional(_POSITIVE), metadata={"like": "broker_connection_timeout"}
    )
    #: Have the system find out about hosts that are gone (tcp(7), SO_KEEPALIVE).
    socket_keepalive: bool = True
    #: How it does so: socket option (such as `socket.TCP_KEEPIDLE`) to value.
    socket_keepalive_options: dict[Any, Any] | None = None
    #: The name of the connections in `CLIENT LIST`.
    client_name: str | None = None
    #: Who logs in, where the URL does not say so.
    username: str | None = None
    #: With which password, where the URL does not say so.
    password: str | None = None
    #: TLS: True, or its options (`ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`, `ssl_cert_reqs`, …). The scheme
    #: `rediss` means True.
    use_ssl: bool | dict[str, Any] | None = None
    #: Celery's name for the same in its backend.
    backend_use_ssl: bool | dict[str, Any] | None = None
    #: Sentinel: the name of the master.
    master_name: str | None = None
    #: Sentinel: how to log in at the sentinels themselves (`username`, `password`, `ssl`, …).
    sentinel_kwargs: dict[str, Any] | None = None

    # The keys

    #: Put in front of every key, where several share one database.
    global_keyprefix: str = ""
    #: Between a queue's name and the priority of one of its lists, and between the parts of a binding.
    sep: str = "\x06\x16"
    #: The priorities that have a list of their own; others go to the next lower one.
    priority_steps: list[int] = Factory(lambda: [0, 3, 6, 9])
    #: What was handed out and is not acknowledged yet.
    unacked_key: str = "unacked"
    #: When that was handed out.
    unacked_index_key: str = "unacked_index"
    #: Who of Celery's workers is looking for what was lost.
    unacked_mutex_key: str = "unacked_mutex"
    #: Broadcasts go to channels that begin with `/{db}.` (True), with nothing (False), or with this text.
    fanout_prefix: bool | str = True
    #: The routing key is part of the channel, so that listeners may choose by patterns.
    fanout_patterns: bool = True

    # Results

    #: What the header of a chord has returned is kept in the header's order, as Celery's workers do by default. All
    #: must agree.
    result_chord_ordered: bool = True

    # Handing out

    #: Seconds after which a message that nobody extended is handed out again.
    lease_s: float = field(default=10.0, validator=_POSITIVE)
    #: Seconds after which what a Celery worker holds unacknowledged is taken for lost, as Celery does; it must be
    #: longer than any task that a Celery worker runs, and any countdown that one waits for.
    visibility_timeout: float = field(default=3600.0, validator=_POSITIVE)
    #: Which queue comes first: `round_robin`, each in turn; `priority`, as they were named; `sorted`, by name.
    queue_order_strategy: Literal["round_robin", "priority", "sorted"] = field(
        default="round_robin", validator=validators.in_(("round_robin", "priority", "sorted"))
    )
    #: Seconds after which a waiting worker looks for itself: at what the dead left, and should a wake-up be lost.
    poll_s: float = field(default=2.0, validator=_POSITIVE)
    #: How many dead letters a queue keeps; the oldest go first.
    max_dead_letters: int = field(default=10_000, validator=validators.ge(0))

    # What Celery's configurations have, and what has no effect here: there is no pool of connections, nothing is sent
    # to find out whether one is alive, an acknowledgement is always one, and what is lost comes back without asking.

    #: No effect: there is no pool of connections.
    max_connections: int | None = None
    #: No effect: a connection that waits is looked after, and one that is lost is opened again.
    health_check_interval: float | None = None
    #: No effect, for the same reason.
    backend_health_check_interval: float | None = None
    #: No effect: whoever publishes or stores tries again, and says how often.
    retry_on_timeout: bool = False
    #: No effect: an acknowledgement is always one.
    ack_emulation: bool = True
    #: No effect: looking for what was lost needs no lock.
    unacked_mutex_expire: float = 300.0
    #: No effect: all that was lost comes back.
    unacked_restore_limit: int | None = None
    #: No effect: what was lost comes back within seconds.
    unacked_restore_interval: float = 10.0
    #: No effect: what was lost comes back within seconds.
    unacked_restore_throttle: int = 10
    #: No effect: a connection logs in when it is opened.
    reauth_check_interval: float = 10.0
    #: No effect: broadcasts have one form.
    sentinel_fanout_compat: bool = False
    #: No effect: any sentinel that answers is believed.
    min_other_sentinels: int = 0
    #: No effect: nothing polls.
    polling_interval: float | None = None
    #: No effect: a worker tries to store a result until it is stored.
    retry_policy: dict[str, Any] | None = None
    #: No effect: every error of the network counts as one.
    additional_connection_errors: Any = None
