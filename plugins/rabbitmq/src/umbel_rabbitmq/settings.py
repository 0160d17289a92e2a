"""The settings of the transport, under the prefix `rabbitmq_`.

Where Celery or kombu has a name for it, in `broker_transport_options` or as a setting, the name is theirs. One group
has the names of settings of the kernel's (`task_queues`, `broker_use_ssl`): who sets those need not set these.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from attrs import field, frozen, validators

_POSITIVE: Any = validators.gt(0.0)
_POSITIVE_OR_NONE: Any = validators.optional(_POSITIVE)
_NOT_NEGATIVE_OR_NONE: Any = validators.optional(validators.ge(0.0))
QueueType = Literal["classic", "quorum"]


@frozen(kw_only=True, eq=False)
class RabbitmqSettings:
    #: Seconds to wait for an answer of the broker before the connection is given up.
    socket_timeout: float = field(default=10.0, validator=_POSITIVE)
    #: Seconds to wait until the broker has confirmed what was published, memory alarms included.
    confirm_timeout: float = field(default=30.0, validator=_POSITIVE)
    #: Who logs in, where the URL does not say so.
    userid: str = "guest"
    #: With which password, where the URL does not say so.
    password: str = "guest"
    #: The name of the connections in `rabbitmqctl list_connections` and in the management UI.
    client_name: str | None = None
    #: Seconds after which the broker closes a channel on which a delivery was not acknowledged, as its own setting
    #: `consumer_timeout` says. What is held for half of that is held anew; None: the broker has no such limit.
    consumer_timeout: float | None = field(default=1800.0, validator=_POSITIVE_OR_NONE)
    #: How many dead letters a queue keeps; the oldest go first.
    max_dead_letters: int = field(default=10_000, validator=validators.ge(1))
    #: Seconds for which the broker remembers that a message had begun to run when its worker died.
    suspicion: float = field(default=24 * 3600.0, validator=_POSITIVE)

    # Settings of the kernel's, by their own names without the first word.

    #: TLS: True, or its options (`ca_certs`, `certfile`, `keyfile`, `cert_reqs`, `server_hostname`). The scheme `amqps`
    #: means True.
    use_ssl: bool | dict[str, Any] | None = None
    #: How to log in: `PLAIN`, `AMQPLAIN`, `EXTERNAL`. None: the first of these that the server knows.
    login_method: str | None = None
    #: Seconds to wait for a connection.
    connection_timeout: float | None = field(default=4.0, validator=_POSITIVE_OR_NONE)
    #: Seconds between heartbeats; after two that are missing the other side is dead, and what it held comes back. None
    #: or 0: none.
    heartbeat: float | None = field(default=10.0, validator=_NOT_NEGATIVE_OR_NONE)
    #: The queues that are not like any other: kombu's `Queue` objects, or a dict of names to options.
    queues: list[Any] | dict[str, Any] | None = None
    #: The queue of tasks that name none.
    default_queue: str = "celery"
    #: The type of that queue.
    default_queue_type: QueueType = "classic"
    #: Its exchange; None: named as the queue.
    default_exchange: str | None = None
    #: The type of that exchange.
    default_exchange_type: str = "direct"
    #: The routing key of that queue; None: named as the queue.
    default_routing_key: str | None = None
    #: Whether messages outlive the broker's restart: 2 or `persistent`, 1 or `transient`.
    default_delivery_mode: Literal[1, 2, "transient", "persistent"] = 2
    #: The type of queues that are named nowhere but in a call or on a command line.
    create_missing_queue_type: QueueType = "classic"
    #: The type of their exchanges; None: `default_exchange_type`.
    create_missing_queue_exchange_type: str | None = None
    #: Whether such queues are made at all.
    create_missing_queues: bool = True
    #: The highest priority of queues that do not say so themselves. None: their messages have no priorities.
    queue_max_priority: int | None = field(
        default=None, validator=validators.optional([validators.ge(1), validators.le(255)])
    )
    #: The type of the queues in which delayed messages wait.
    native_delayed_delivery_queue_type: QueueType = "quorum"

    #: Where results go: with `rpc://`, to a queue that the transport makes for who calls.
    backend: str | None = None
    #: Seconds after which that queue goes if nobody uses it. None: never.
    expires: float | timedelta | None = 24 * 3600.0

    # What Celery's configurations have, and what has no effect here.

    #: No effect: a message is always confirmed.
    confirm_publish: bool = True
    #: No effect: whoever publishes tries again, and says how often.
    max_retries: int | None = None
    #: No effect: for the same reason.
    interval_start: float | None = None
    #: No effect: for the same reason.
    interval_step: float | None = None
    #: No effect: for the same reason.
    interval_max: float | None = None
    #: No effect: an answer of the broker has one time limit, `socket_timeout`.
    read_timeout: float | None = None
    #: No effect: for the same reason.
    write_timeout: float | None = None
