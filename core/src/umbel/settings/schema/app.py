"""Settings without a prefix."""

from __future__ import annotations

from datetime import tzinfo
from typing import ClassVar

from attrs import Factory, field, frozen


@frozen(kw_only=True, eq=False)
class AppSettings:
    old_prefix: ClassVar[str] = "CELERY_"

    #: Content types or names of serializers that are decoded on receipt. Everything else is refused.
    accept_content: list[str] = Factory(lambda: ["json"])
    #: Times in messages are UTC. If False, they are in `timezone`.
    enable_utc: bool = field(default=True, metadata={"old": "ENABLE_UTC"})
    #: The time zone of schedules and of times without one: an IANA name such as `Europe/Prague`, or a `tzinfo`.
    #: None is UTC, or the machine's local time where `enable_utc` is False.
    timezone: str | tzinfo | None = None
    #: Modules that a worker imports when it starts, before those of `include`.
    imports: tuple[str, ...] = ()
    #: More modules that a worker imports when it starts; `Umbel(include=[…])` sets it.
    include: tuple[str, ...] = ()
