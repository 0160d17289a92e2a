"""Trying again for as long as it may help: for what a worker must not give up, a result or the end of a lease."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from umbel import clock
from umbel.exceptions import TemporaryError

T = TypeVar("T")
_log = logging.getLogger("umbel.worker")
#: Seconds between two tries at most: a broker that is back is not kept waiting.
_MOST_S = 2.0


class Patience:
    """How long to go on. It ends when the worker must end."""

    def __init__(self) -> None:
        self._deadline: float | None = None

    def end_in(self, seconds: float) -> None:
        """From now on there are `seconds` left."""
        self._deadline = clock.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return self._deadline is not None and clock.monotonic() >= self._deadline


def persist(what: str, call: Callable[[], T], patience: Patience) -> T:
    """`call()`, again after each `TemporaryError`, with a growing pause, until patience is over. Blocks."""
    pause_s = 0.05
    while True:
        try:
            return call()
        except TemporaryError as error:
            if patience.is_over:
                raise
            _log.warning("Cannot %s: %s; trying again in %.1f s", what, error, pause_s)
        clock.sleep(pause_s)
        pause_s = min(pause_s * 2, _MOST_S)
