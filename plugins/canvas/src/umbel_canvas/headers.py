"""The headers of chords in any shared state; a backend that can do it in fewer steps has headers of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from umbel.contracts import Count, Headers, SharedState
from umbel_canvas import facts

_DONE = b"done"


class SharedHeaders(Headers):
    """Several steps each; who dies between two of them is followed by the reconciler."""

    def __init__(self, shared: SharedState) -> None:
        self._shared = shared

    def begin(
        self,
        key: str,
        size: int,
        values: Mapping[str, bytes],
        listed: Sequence[tuple[str, str]] = (),
        ttl_s: float | None = None,
        anew: bool = False,
    ) -> bool:
        if self._shared.get([f"{key}{facts.OVER}"])[0] == _DONE:
            if not anew:
                return False
            self._shared.delete([key, *(f"{key}{part}" for part in (facts.SIZE, facts.ADDED, facts.OVER))])
        self._shared.put_all({**values, f"{key}{facts.SIZE}": str(size).encode()}, ttl_s)
        self._shared.tally_all([(*each, b"") for each in listed], ttl_s)
        return True

    def count(
        self, counts: Sequence[Count], owner: str, claim_s: float, ttl_s: float | None = None
    ) -> Sequence[tuple[Mapping[str, bytes], bytes | None] | None]:
        members = [(each.key, name, value) for each in counts for name, value in each.members.items()]
        there: dict[str, int] = {}
        for (key, _, _), count in zip(members, self._shared.tally_all(members, ttl_s) if members else (), strict=True):
            there[key] = max(count, there.get(key, 0))
        found: list[tuple[Mapping[str, bytes], bytes | None] | None] = []
        for each, size in zip(counts, self._sizes([each.key for each in counts]), strict=True):
            all_ = self._complete(each.key, there.get(each.key), size, owner, claim_s)
            wanted = None if all_ is None or each.wanted is None else self._shared.get([each.wanted])[0]
            found.append(None if all_ is None else (all_, wanted))
        return found

    def end(self, keys: Sequence[str], values: Sequence[str], done_s: float) -> None:
        if keys:
            dropped = [f"{key}{part}" for key in keys for part in (facts.SIZE, facts.ADDED, "")]
            self._shared.delete([*dropped, *values])
            # A late copy of a member's task must not begin to count again: Celery's workers look here, too.
            self._shared.put_all({f"{key}{facts.OVER}": _DONE for key in keys}, done_s)

    def _sizes(self, keys: Sequence[str]) -> list[int | None]:
        """How many members there are; None where the chord is over, or not known yet."""
        found = self._shared.get([f"{key}{part}" for key in keys for part in (facts.SIZE, facts.ADDED)])
        pairs = zip(found[::2], found[1::2], strict=True)
        return [None if size is None else int(size) + int(added or 0) for size, added in pairs]

    def _complete(
        self, key: str, there: int | None, size: int | None, owner: str, claim_s: float
    ) -> Mapping[str, bytes] | None:
        """All members, if all are there and nobody else has claimed them. `there`: so many were counted just now."""
        if size is None or (len(self._shared.tallied(key)) if there is None else there) < size:
            return None
        if not self._shared.claim(key, owner, claim_s):
            return None
        members = self._shared.tallied(key)
        if self._sizes([key]) == [size] and len(members) >= size:
            return members
        self._shared.release(key, owner)  # Somebody was faster, or has added to it.
        return None
