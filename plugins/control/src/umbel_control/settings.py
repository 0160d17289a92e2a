"""The settings of remote control, under the prefix `control_`."""

from __future__ import annotations

from attrs import field, frozen, validators


@frozen(kw_only=True, eq=False)
class ControlSettings:
    #: The first word of the exchanges: `celery.pidbox`, and `reply.celery.pidbox` for answers.
    exchange: str = field(default="celery", metadata={"old": "CONTROL_EXCHANGE"})
    #: How many revoked tasks a worker remembers; beyond that it forgets the oldest.
    revokes_max: int = field(default=50_000, validator=validators.ge(1))
    #: Seconds after which it is forgotten that a task was revoked. Revoke tasks with a later ETA again, or raise this.
    revoke_expires: float = field(default=10_800.0, validator=validators.gt(0))
    #: Seconds between two looks for what was revoked while this worker could not hear of it.
    revoke_poll_interval: float = field(default=30.0, validator=validators.gt(0))

    #: Celery's: seconds that a command may wait for a worker.
    queue_ttl: float = field(default=300.0, metadata={"gone": "a worker has no queue of commands, it listens"})
    #: Celery's: seconds after which the queue of a worker that is gone is deleted.
    queue_expires: float = field(default=10.0, metadata={"gone": "a worker has no queue of commands, it listens"})
    #: Celery's: whether a worker's queue of commands is exclusive.
    queue_exclusive: bool = field(default=True, metadata={"gone": "a worker has no queue of commands, it listens"})
    #: Celery's: whether a worker's queue of commands is durable.
    queue_durable: bool = field(default=False, metadata={"gone": "a worker has no queue of commands, it listens"})
