"""The settings of the transport, under the prefix `kombu_`.

`broker_transport_options` may hold these without the prefix, and any option of kombu's transport: those are handed on.
"""

from __future__ import annotations

from typing import Any

from attrs import Factory, field, frozen, validators

_POSITIVE: Any = validators.gt(0.0)
_POSITIVE_OR_NONE: Any = validators.optional(_POSITIVE)


@frozen(kw_only=True, eq=False)
class KombuSettings:
    #: The transport class, as `package.module:Class`, for URLs that begin with `kombu://`.
    transport: str | None = None
    #: Seconds between two looks at queues that have been empty for a while. None: one second.
    polling_interval: float | None = field(default=None, validator=_POSITIVE_OR_NONE)
    #: Seconds after which a message that nobody extended is handed out again, where the broker has leases (SQS, PGMQ);
    #: it rounds up to whole seconds. `visibility_timeout`, where that is among the options, counts more.
    lease_s: float = field(default=60.0, validator=_POSITIVE)
    #: Seconds to wait for a connection.
    connection_timeout: float | None = field(default=4.0, validator=_POSITIVE_OR_NONE)
    #: TLS: True, or the options that kombu's transport takes.
    use_ssl: bool | dict[str, Any] | None = None
    #: How to log in, where kombu's transport has a choice.
    login_method: str | None = None
    #: What kombu's transport is told: every transport option that is not one of the above.
    options: dict[str, Any] = field(default=Factory(dict), metadata={"rest": True})
