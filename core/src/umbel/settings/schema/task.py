"""Settings that begin with `task_`: what holds for every task that does not say otherwise."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from attrs import field, frozen


def _retry_policy() -> dict[str, Any]:
    return {"max_retries": 3, "interval_start": 0, "interval_max": 1, "interval_step": 0.2}


@frozen(kw_only=True, eq=False)
class TaskSettings:
    old_prefix: ClassVar[str] = "CELERY_"

    #: Changes to attributes of tasks: a dict `{name or "*": {attribute: value}}`, an object with `annotate(task)`, or a
    #: list of them.
    annotations: Any = None
    #: How messages are compressed: the name of a compression; None: not at all.
    compression: str | None = field(default=None, metadata={"old": "CELERY_MESSAGE_COMPRESSION"})
    #: The version of the message protocol that is sent.
    protocol: Literal[1, 2] = field(default=2, metadata={"old": "CELERY_TASK_PROTOCOL"})
    #: How arguments are encoded: the name of a serializer.
    serializer: str = field(default="json", metadata={"old": "CELERY_TASK_SERIALIZER"})
    #: Publish again when the broker cannot be reached.
    publish_retry: bool = field(default=True, metadata={"old": "CELERY_TASK_PUBLISH_RETRY"})
    #: How often and when: `max_retries`, and `interval_start`, `interval_step`, `interval_max` in seconds.
    publish_retry_policy: dict[str, Any] = field(
        factory=_retry_policy, metadata={"old": "CELERY_TASK_PUBLISH_RETRY_POLICY"}
    )

    #: Run tasks in the caller's process instead of sending them; for tests.
    always_eager: bool = False
    #: Let errors of tasks that run eagerly reach the caller.
    eager_propagates: bool = field(default=False, metadata={"old": "CELERY_EAGER_PROPAGATES_EXCEPTIONS"})
    #: Store the results of tasks that run eagerly.
    store_eager_result: bool = False
    #: Rebuild the worker's traceback where the result is read.
    remote_tracebacks: bool = False
    #: Results are not stored.
    ignore_result: bool = False
    #: Failures are stored even where results are not.
    store_errors_even_if_ignored: bool = False
    #: Store the state STARTED when a task begins.
    track_started: bool = False
    #: Seconds after which a task is killed; None: never.
    time_limit: float | None = field(default=None, metadata={"old": "CELERYD_TASK_TIME_LIMIT"})
    #: Seconds after which `SoftTimeLimitExceeded` is raised in a task; None: never.
    soft_time_limit: float | None = field(default=None, metadata={"old": "CELERYD_TASK_SOFT_TIME_LIMIT"})

    #: Acknowledge after the task has run instead of before: nothing is lost, and a task may run twice.
    acks_late: bool = False
    #: With `task_acks_late`: acknowledge what failed. None: as `task_acks_on_failure_or_timeout`.
    acks_on_failure: bool | None = None
    #: With `task_acks_late`: acknowledge what ran into its time limit. None: as `task_acks_on_failure_or_timeout`.
    acks_on_timeout: bool | None = None
    #: Both of these in one; Celery will drop it.
    acks_on_failure_or_timeout: bool = True
    #: With `task_acks_late`: put back a task whose process died, instead of recording a failure.
    reject_on_worker_lost: bool | None = None
    #: Send a task whose process died again, as a retry that counts.
    retry_on_worker_lost: bool = False

    #: The queues that a worker consumes from: names, queue objects, or a dict of names to options.
    #: None: the one of `task_default_queue`.
    queues: list[Any] | dict[str, Any] | None = None
    #: Which queue a task goes to: a dict of names or patterns to options, a callable, its dotted name, or a list.
    routes: Any = None
    #: Create queues that are not in `task_queues` when they are named; otherwise naming one is an error.
    create_missing_queues: bool = True
    #: The type of the queues that are created so.
    create_missing_queue_type: Literal["classic", "quorum"] = "classic"
    #: The type of their exchanges; None: `task_default_exchange_type`.
    create_missing_queue_exchange_type: str | None = None
    #: The queue of tasks that name none.
    default_queue: str = "celery"
    #: The type of that queue.
    default_queue_type: Literal["classic", "quorum"] = "classic"
    #: The exchange of tasks that name none. None: named as the queue.
    default_exchange: str | None = field(default=None, metadata={"like": "task_default_queue"})
    #: The type of that exchange.
    default_exchange_type: str = "direct"
    #: The routing key of tasks that name none. None: named as the queue.
    default_routing_key: str | None = field(default=None, metadata={"like": "task_default_queue"})
    #: Whether messages outlive the broker's restart: 2 or `persistent`, 1 or `transient`.
    default_delivery_mode: Literal[1, 2, "transient", "persistent"] = 2
    #: The priority of tasks that name none, 0 to 9; which end is served first is the transport's.
    default_priority: int | None = None
    #: Tasks have the priority of the task that sent them.
    inherit_parent_priority: bool = False
    #: The highest priority of queues that do not say so themselves, where a queue must be told.
    queue_max_priority: int | None = None
    #: How often a task may start, such as `100/m`; None: no limit.
    default_rate_limit: str | float | None = None

    #: Tell monitors of every task that is sent.
    send_sent_event: bool = field(default=False, metadata={"old": "CELERY_SEND_TASK_SENT_EVENT"})
    #: Give `link_error` of a chord to the tasks of its header as well.
    allow_error_cb_on_chord_header: bool = False
    #: How deep the arguments of a task are shown in logs and headers.
    repr_maxlevels: int = 3
