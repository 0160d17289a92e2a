"""Settings that begin with `result_`."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import Any, ClassVar

from attrs import Factory, field, frozen


@frozen(kw_only=True, eq=False)
class ResultSettings:
    old_prefix: ClassVar[str] = "CELERY_RESULT_"

    #: Where results are kept: a URL whose scheme names the backend. None is the default backend. The environment
    #: variables UMBEL_RESULT_BACKEND and CELERY_RESULT_BACKEND beat every other source.
    backend: str | None = None
    #: Options of the backend, by the names of its own settings.
    backend_transport_options: dict[str, Any] = Factory(dict)
    #: How results are encoded: the name of a serializer.
    serializer: str = "json"
    #: Content types or serializers that are decoded when results are read. None: those of `accept_content`.
    accept_content: list[str] | None = field(
        default=None, metadata={"old": "RESULT_ACCEPT_CONTENT", "like": "accept_content"}
    )
    #: How results are compressed: the name of a compression; None: not at all.
    compression: str | None = None
    #: Seconds (or a timedelta) after which a result is dropped; None or 0: never.
    expires: float | timedelta | None = field(default=timedelta(days=1), metadata={"old": "CELERY_TASK_RESULT_EXPIRES"})
    #: Seconds after which the result of a failed task is dropped, where the backend can; None: as `result_expires`.
    failure_expires: float | timedelta | None = None
    #: Keep name, arguments, worker, queue and number of retries with every result.
    extended: bool = False
    #: Results survive a restart of the broker, for backends that keep them there.
    persistent: bool | None = None
    #: Try again when the backend fails in a way that may pass.
    backend_always_retry: bool = False
    #: How often to try again.
    backend_max_retries: float = inf
    #: Milliseconds before the first new attempt; later ones wait longer.
    backend_base_sleep_between_retries_ms: int = 10
    #: Milliseconds between two attempts, at most.
    backend_max_sleep_between_retries_ms: int = 10_000
    #: Threads share one backend. They always do here; the name is kept for Celery's users.
    backend_thread_safe: bool = False
    #: How many results a client remembers; None or 0: all, -1: none.
    cache_max: int | None = field(default=-1, metadata={"old": "CELERY_MAX_CACHED_RESULTS"})
    #: The exchange of backends that send results as messages.
    exchange: str = "celeryresults"
    #: The type of that exchange.
    exchange_type: str = "direct"
    #: Seconds after which what a chord has gathered is dropped; None: as `result_expires`.
    chord_expires: float | timedelta | None = None
    #: Seconds to wait for the results of a chord's header when they are joined.
    chord_join_timeout: float | None = 3.0
    #: Seconds between two looks at a chord's header, for backends that cannot count.
    chord_retry_interval: float = 1.0
