"""The end of a chord's header: the body is sent with what was returned, or fails with what was raised.

Whoever counts the last member claims the right to do it. The claim ends by itself, should he die, and then another one
does it again, so that a body may be published twice; `umbel_canvas.gate` lets only one of the two run.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from umbel import api, states
from umbel.exceptions import ChordError, TemporaryError
from umbel.wire import failure
from umbel_canvas import facts
from umbel_canvas.failing import Failing
from umbel_canvas.ids import new_id
from umbel_canvas.options import options_of
from umbel_canvas.references import result_id

_log = logging.getLogger("umbel.canvas")
#: Seconds in which a body must be published by who has claimed to do it.
CLAIM_S = 30.0
#: The header of a message that says which of two publications of one body it is: `GROUP/TOKEN`.
TOKEN = "umbel_token"


class Completion:
    """Ends the headers of an app's chords."""

    def __init__(self, app: Any) -> None:
        self._app = app
        shared = options_of(app).shared
        assert shared is not None, "there are no chords without shared state"
        self._shared = shared
        self.serializer = app.formats.serializer(app.conf.result_serializer)

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
        return self.end(group_id, size, body, root_id, parent_id)

    def end(self, group_id: str, size: int, body: Any, root_id: str | None, parent_id: str | None) -> bool:
        """Send the body, or fail it, unless somebody else does; whether it is over."""
        key, token = facts.group_key(group_id), new_id()
        if not self._shared.claim(key, token, CLAIM_S):
            return False
        counted = self._shared.tallied(key)
        if len(counted) < size or self.sizes([group_id]) != [size]:  # somebody was faster, or added to it
            self._shared.release(key, token)
            return False
        options = {"root_id": root_id, "parent_id": parent_id, "headers": {TOKEN: f"{group_id}/{token}"}}
        try:
            self._publish(api.load("Signature").from_dict(body, app=self._app), counted, options)
        except TemporaryError:
            self._shared.release(key, token)
            raise
        self._forget(group_id, result_id(body))
        return True

    def _publish(self, body: Any, counted: dict[str, bytes], options: dict[str, Any]) -> None:
        failing = Failing(self._app, self.count_failed)
        try:
            values = [self._value(self.serializer.loads(part)) for _, part in sorted(counted.items(), key=_place)]
        except ChordError as error:
            failing.fail_body(body, error)
            return
        try:
            body._app = body._app or self._app
            body.apply_async((values,), **options, add_to_parent=False)
        except TemporaryError:
            raise
        except Exception as error:  # it cannot be sent at all: who waits for it must hear of it
            _log.exception("The body of a chord could not be sent")
            problem = ChordError(f"Callback error: {error!r}")
            problem.__cause__ = error
            failing.fail_body(body, problem)

    @staticmethod
    def _value(part: Any) -> Any:
        """What a member returned: Celery's `[1, id, state, result]`. Raises `ChordError` if it has failed."""
        _, task_id, state, result = part
        if state not in states.PROPAGATE_STATES:
            return result
        error = failure.rebuild(result)
        problem = ChordError(f"Dependency {task_id} raised {error!r}")
        problem.__cause__ = error
        raise problem

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

    def _forget(self, group_id: str, chord_id: str | None) -> None:
        key = facts.group_key(group_id)
        chord = [facts.chord_key(chord_id)] if chord_id else []
        self._shared.delete([f"{key}.s", f"{key}.t", key, *chord])
        # A late copy of a member's task must not begin to count again: Celery's workers look here, too.
        self._shared.put(f"{key}.c", b"done", facts.DONE_S)


def member_name(task_id: str, index: int | None) -> str:
    """By which a member is counted, as Celery names it."""
    return f"{task_id}:{'+inf' if index is None else index}"


def _place(counted: tuple[str, bytes]) -> tuple[int, str]:
    member = counted[0]
    place = member.rpartition(":")[2]
    return (int(place), member) if place.isdecimal() else (1 << 60, member)
