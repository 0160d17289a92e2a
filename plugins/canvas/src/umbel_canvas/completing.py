"""The end of a chord's header: the body is sent with what was returned, or fails with what was raised.

Whoever counts the last member claims the right to do it. The claim ends by itself, should he die, and then another one
does it again, so that a body may be published twice; `umbel_canvas.gate` lets only one of the two run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from umbel.exceptions import TemporaryError
from umbel.wire import failure
from umbel_canvas import facts
from umbel_canvas.bodies import Bodies, Ended
from umbel_canvas.failing import Failing
from umbel_canvas.ids import new_id
from umbel_canvas.options import options_of
from umbel_canvas.references import result_id

#: Seconds in which a body must be published by who has claimed to do it.
CLAIM_S = 30.0


class Completion:
    """Ends the headers of an app's chords. All of it blocks."""

    def __init__(self, app: Any) -> None:
        self._app = app
        shared = options_of(app).shared
        assert shared is not None, "there are no chords without shared state"
        self._shared = shared
        self.serializer = app.formats.serializer(app.conf.result_serializer)
        self._bodies = Bodies(app, self.serializer, Failing(app, self.count_failed))

    def sizes(self, group_ids: Sequence[str]) -> list[int | None]:
        """How many members the headers of these chords have; None where the chord is over, or not known yet."""
        keys = [f"{facts.group_key(each)}{part}" for each in group_ids for part in (".s", ".t")]
        found = self._shared.get(keys)
        pairs = zip(found[::2], found[1::2], strict=True)
        return [None if size is None else int(size) + int(added or 0) for size, added in pairs]

    def look(self, group_id: str, body: Any, root_id: str | None, parent_id: str | None) -> bool:
        """End the header if all of it was counted; whether it is over."""
        (size,) = self.sizes([group_id])
        if size is None:
            return True
        if len(self._shared.tallied(facts.group_key(group_id))) < size:
            return False
        return bool(self.end([Ended(group_id, size, body, root_id, parent_id)]))

    def end(self, headers: Sequence[Ended]) -> Sequence[Ended]:
        """Send the bodies, or fail them, unless somebody else does; those that are over."""
        if not headers:
            return []
        token = new_id()
        won = self._shared.claim_all([each.key for each in headers], token, CLAIM_S)
        claimed = [each for each, is_mine in zip(headers, won, strict=True) if is_mine]
        try:
            over = self._complete(claimed, token)
            self._bodies.publish(over, token)
        except TemporaryError:
            with suppress(TemporaryError):
                for each in claimed:
                    self._shared.release(each.key, token)
            raise
        self._forget([each for each, _ in over])
        return [each for each, _ in over]

    def _complete(self, headers: Sequence[Ended], token: str) -> list[tuple[Ended, Mapping[str, bytes]]]:
        """Those of which all is there, with what was counted. Of the others somebody was faster, or added to them."""
        members = self._shared.tallied_all([each.key for each in headers])
        sizes = self.sizes([each.group_id for each in headers])
        found: list[tuple[Ended, Mapping[str, bytes]]] = []
        for each, counted, size in zip(headers, members, sizes, strict=True):
            if len(counted) < each.size or size != each.size:
                self._shared.release(each.key, token)
            else:
                found.append((each, counted))
        return found

    def count_failed(self, call: Any, error: BaseException, state: str) -> None:
        """A member of a chord will not run."""
        group_id, body = call.options["group_id"], call.options["chord"]
        described = failure.describe(error, self.serializer.dumps)
        part = self.part(call.id, state, described)
        self.count([(group_id, member_name(call.id, call.options.get("group_index")), part)])
        self.look(group_id, body, call.options.get("root_id"), call.id)

    def part(self, task_id: str, state: str, result: Any) -> bytes:
        """What is kept of a member, as Celery keeps it."""
        encoded: bytes = self.serializer.dumps([1, task_id, state, result])
        return encoded

    def count(self, members: Sequence[tuple[str, str, bytes]]) -> Sequence[int]:
        """Count members of groups, each once; how many there are then of the group of each."""
        counts = [(facts.group_key(group_id), member, part) for group_id, member, part in members]
        return self._shared.tally_all(counts, options_of(self._app).ttl_s)

    def _forget(self, headers: Sequence[Ended]) -> None:
        if not headers:
            return
        known = [facts.chord_key(found) for each in headers if (found := result_id(each.body))]
        self._shared.delete([*(f"{each.key}{part}" for each in headers for part in (".s", ".t", "")), *known])
        # A late copy of a member's task must not begin to count again: Celery's workers look here, too.
        self._shared.put_all({f"{each.key}.c": b"done" for each in headers}, facts.DONE_S)


def member_name(task_id: str, index: int | None) -> str:
    """By which a member is counted, as Celery names it."""
    return f"{task_id}:{'+inf' if index is None else index}"
