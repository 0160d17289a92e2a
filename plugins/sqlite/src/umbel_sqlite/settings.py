"""The settings of the transport and of the backend, under the prefix `sqlite_`."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen, validators


@frozen(kw_only=True)
class SqliteSettings:
    #: What a commit waits for (https://sqlite.org/pragma.html#pragma_synchronous). With `normal` a killed process loses
    #: nothing, and a power cut the last moments at most; with `full` that loses nothing either, but every commit waits
    #: for the disk; with `off` a power cut may damage the file.
    synchronous: Literal["normal", "full", "off"] = field(
        default="normal", validator=validators.in_(("normal", "full", "off"))
    )
    #: Seconds after which a message that nobody extended is handed out again.
    lease_s: float = field(default=10.0, validator=validators.gt(0))
    #: Seconds to wait for the lock of another process before giving up with `TemporaryError`.
    busy_timeout_s: float = field(default=5.0, validator=validators.ge(0))
    #: Seconds after which a waiting process looks for itself, should a wake-up have been lost.
    poll_s: float = field(default=1.0, validator=validators.gt(0))
    #: How many dead letters a queue keeps; the oldest go first.
    max_dead_letters: int = field(default=10_000, validator=validators.ge(0))
    #: Seconds for which a broadcast message is kept for listeners that are slow to fetch it.
    fanout_window_s: float = field(default=60.0, validator=validators.gt(0))
