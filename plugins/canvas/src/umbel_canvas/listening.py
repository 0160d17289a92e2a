"""Hearing of many results through one subscription of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from umbel import clock
from umbel.model import Record

#: Seconds to wait for a record before looking at the clock again.
_TURN_S = 1.0
#: How many are waited for at a time: who waits for more hears of the rest when these are ready.
_WINDOW = 2000


def heard(
    app: Any,
    task_ids: Sequence[str],
    deadline: float | None,
    interval_s: float = 0.5,
    on_interval: Callable[[], Any] | None = None,
) -> Iterator[Record]:
    """The ready records of these tasks as they come, until the deadline, on the monotonic clock. Blocks."""
    for start in range(0, len(task_ids), _WINDOW):
        waited = set(task_ids[start : start + _WINDOW])
        subscription = app.results.backend.subscribe()
        try:
            subscription.add(list(waited))
            while waited:
                turn_s = _TURN_S if on_interval is None else interval_s
                if deadline is not None:
                    turn_s = min(turn_s, deadline - clock.monotonic())
                    if turn_s <= 0:
                        return
                records = subscription.receive(turn_s)
                for record in records:
                    if record.task_id in waited:
                        waited.discard(record.task_id)
                        yield record
                if not records and on_interval is not None:
                    on_interval()
        finally:
            subscription.close()
