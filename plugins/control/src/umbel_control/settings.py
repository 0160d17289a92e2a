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

    # Celery's, for the queues that its workers have for commands. Here a worker listens and has none.
    #: No effect: a worker has no queue of commands.
    queue_ttl: float = 300.0
    #: No effect, as `control_queue_ttl`.
    queue_expires: float = 10.0
    #: No effect, as `control_queue_ttl`.
    queue_exclusive: bool = True
    #: No effect, as `control_queue_ttl`.
    queue_durable: bool = False


#: Those without effect.
INERT = ("control_queue_ttl", "control_queue_expires", "control_queue_exclusive", "control_queue_durable")
