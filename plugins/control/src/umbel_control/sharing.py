"""Marks in the backend: every worker sees them, and they outlive all of them."""

from __future__ import annotations

from collections.abc import Sequence

from umbel import clock
from umbel.contracts import SharedState
from umbel.wire.ids import new_id

#: Marks of so many seconds are kept together, and go together.
_BUCKET_S = 600
_NEWS = "umbel-revoked"


class SharedMarks:
    """Marks lie in buckets of ten minutes, so that the old ones go by themselves, and whoever looks for news need not
    read all of them. That there are any is seen from one small value."""

    def __init__(self, shared: SharedState, expires_s: float) -> None:
        self._shared = shared
        self._expires_s = expires_s
        self._seen: bytes | None = None
        self._complete = False

    def add(self, marks: Sequence[str]) -> None:
        """Keep these. Blocks; raises as a backend does."""
        now, ttl_s = clock.time(), self._expires_s + _BUCKET_S
        value = repr(now).encode()
        self._shared.tally_all([(_bucket(now), mark, value) for mark in marks], ttl_s)
        self._shared.put(_NEWS, new_id().encode(), ttl_s)  # after them: who sees it finds them

    def news(self) -> dict[str, float]:
        """What may have come since the last call, and at the first one all there is. Blocks; raises as a backend
        does."""
        (seen,) = self._shared.get([_NEWS])
        if seen == self._seen and self._complete:
            return {}
        now = clock.time()
        back_s = 2 * _BUCKET_S if self._complete else self._expires_s + _BUCKET_S
        buckets = [_bucket(now - age) for age in range(0, int(back_s) + 1, _BUCKET_S)]
        found = {mark: float(at) for marks in self._shared.tallied_all(buckets) for mark, at in marks.items()}
        self._seen, self._complete = seen, True
        return found


def _bucket(now: float) -> str:
    return f"{_NEWS}-{int(now // _BUCKET_S)}"
