"""The settings under the prefix `autoscale_`."""

from __future__ import annotations

from attrs import field, frozen, validators


@frozen(kw_only=True)
class AutoscaleSettings:
    #: How many tasks run at once, at most and at least, in either order: `10,3`. `--autoscale`. None: as many as
    #: `worker_concurrency` says.
    limits: str | None = None
    #: Seconds for which fewer must have been enough before the pool shrinks. None: what the environment variable
    #: AUTOSCALE_KEEPALIVE says, or 30.
    keepalive_s: float | None = field(default=None, validator=validators.optional(validators.ge(0)))
