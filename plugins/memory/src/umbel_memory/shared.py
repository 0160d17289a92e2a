"""Small facts on which the workers of one process agree."""

from __future__ import annotations

from collections.abc import Sequence

from umbel.contracts import SharedState
from umbel_memory.store import MemoryStore


class MemorySharedState(SharedState):
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def put(self, key: str, value: bytes, ttl_s: float | None = None) -> None:
        with self._store.changed:
            self._store.values.put(key, value, ttl_s)

    def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        with self._store.changed:
            return [self._store.values.get(key) for key in keys]

    def delete(self, keys: Sequence[str]) -> None:
        with self._store.changed:
            for facts in (self._store.values, self._store.owners, self._store.tallies):
                for key in keys:
                    facts.pop(key)

    def claim(self, key: str, owner: str, ttl_s: float) -> bool:
        with self._store.changed:
            if self._store.owners.get(key) not in (None, owner):
                return False
            self._store.owners.put(key, owner, ttl_s)
            return True

    def release(self, key: str, owner: str) -> bool:
        with self._store.changed:
            if self._store.owners.get(key) != owner:
                return False
            self._store.owners.pop(key)
            return True

    def tally(self, key: str, member: str, value: bytes, ttl_s: float | None = None) -> int:
        with self._store.changed:
            members = self._store.tallies.get(key) or {}
            members.setdefault(member, value)
            # The time of the whole tally begins again, for it is over when the last member is.
            self._store.tallies.put(key, members, ttl_s)
            return len(members)

    def tallied(self, key: str) -> dict[str, bytes]:
        with self._store.changed:
            return dict(self._store.tallies.get(key) or {})
