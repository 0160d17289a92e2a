"""The settings of workflows, under the prefix `canvas_`. Those that Celery has are the kernel's: `result_chord_…`."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen, validators


@frozen(kw_only=True, eq=False)
class CanvasSettings:
    #: What a message carries of the workflow that it is part of: so many calls. More are stored once in the backend,
    #: and the message refers to them, so that a workflow takes bytes in proportion to its calls.
    inline_calls: int = field(default=20, validator=validators.ge(2))
    #: Queues that Celery's workers serve too. They cannot follow references: what goes there carries all of it.
    celery_queues: Any = ()
    #: Remember workflows for `umbel workflow`.
    track: bool = True
    #: Seconds between two looks for chords whose worker died before it could count; and how old they must be for it.
    reconcile_interval: float = field(default=15.0, validator=validators.gt(0))
