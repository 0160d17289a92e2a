"""Chords that were left behind: their members have ended, but who should have counted died before he could.

Every chord that begins is put on a list (`umbel_canvas.facts.index_key`). From time to time one of the workers reads
these lists, and counts what is stored and not counted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from umbel import clock, states
from umbel.model import Record
from umbel_canvas import facts
from umbel_canvas.bodies import Counted
from umbel_canvas.completing import Completion, member_name
from umbel_canvas.ids import MemberIds
from umbel_canvas.options import options_of

_log = logging.getLogger("umbel.canvas")
#: How far back chords are looked for, in seconds, and how many records are read at once.
_BACK_S, _AT_ONCE = 86400.0, 500


class Reconciler:
    """Looks at what is open. `look` is called by one thread."""

    def __init__(self, app: Any, owner: str, interval_s: float) -> None:
        self._app = app
        self._owner = owner
        self._interval_s = interval_s
        self._completion = Completion(app)
        shared = options_of(app).shared
        assert shared is not None
        self._shared = shared
        self._done: set[str] = set()

    def run(self) -> None:
        """`look`, for a timer."""
        self.look()

    def look(self) -> int:
        """One pass, unless another worker does it; how many members were counted. Blocks."""
        if not self._shared.claim("umbel-canvas:reconciler", self._owner, 2 * self._interval_s):
            return 0
        now = clock.time()
        back_s = min(_BACK_S, options_of(self._app).ttl_s or _BACK_S)
        keys = facts.index_keys(now - back_s, now)
        fresh = set(facts.index_keys(now - 2 * facts.BUCKET_S, now))
        self._done.intersection_update(keys)
        return sum(self._bucket(key, key in fresh, now) for key in keys if key not in self._done)

    def _bucket(self, key: str, fresh: bool, now: float) -> int:
        chords = [member[2:] for member in self._shared.tallied(key) if member.startswith("c:")]
        found = 0
        left = False
        for start in range(0, len(chords), _AT_ONCE):
            ids = chords[start : start + _AT_ONCE]
            for group_id, known in zip(ids, self._shared.get([facts.chord_key(each) for each in ids]), strict=True):
                if known is None:
                    continue
                left = True
                chord = facts.unpacked(known)
                if now - chord["at"] >= self._interval_s:
                    found += self.reconcile(group_id, chord)
        if not left and not fresh:
            self._done.add(key)
        return found

    def reconcile(self, group_id: str, chord: Mapping[str, Any]) -> int:
        """Count what is stored of a chord's members, and end its header if that is all; how many were counted."""
        counted = {name.rpartition(":")[0] for name in self._shared.tallied(facts.group_key(group_id))}
        missing = {
            task_id: place for task_id, place in self._members(group_id, chord).items() if task_id not in counted
        }
        header = Counted(group_id, chord["body"], chord.get("root_id"), chord.get("parent_id"))
        found = 0
        ids = list(missing)
        for start in range(0, max(len(ids), 1), _AT_ONCE):
            records = self._app.results.backend.fetch(ids[start : start + _AT_ONCE])
            parts = {
                member_name(record.task_id, missing[record.task_id]): self._part(record)
                for record in records
                if record is not None and record.state in states.READY_STATES
            }
            self._completion.count([(header, parts)])
            found += len(parts)
        if found:
            _log.warning("Chord %s: counted %d members whose worker had died before it could", group_id, found)
        return found

    def _members(self, group_id: str, chord: Mapping[str, Any]) -> dict[str, int | None]:
        """The calls that are counted, with their places."""
        others = {int(index): task_id for index, task_id in chord.get("others", {}).items()}
        ids = MemberIds(group_id, chord["size"], others)
        found: dict[str, int | None] = {task_id: index for index, task_id in enumerate(ids)}
        for task_id, place in self._shared.tallied(facts.added_key(group_id)).items():
            found[task_id] = int(place) if place else None
        return found

    def _part(self, record: Record) -> bytes:
        fields = self._completion.serializer.loads(record.payload)
        return self._completion.part(record.task_id, record.state, fields.get("result"))
