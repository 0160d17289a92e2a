"""The end of a chord's header: the body is sent with what was returned, or fails with what was raised.

Whoever counts the last member claims the right to do it. The claim ends by itself, should he die, and then another one
does it again, so that a body may be published twice; `umbel_canvas.gate` lets only one of the two run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from umbel.contracts import Count
from umbel.exceptions import TemporaryError
from umbel.wire import failure
from umbel_canvas import facts
from umbel_canvas.bodies import Bodies, Complete, Counted
from umbel_canvas.failing import Failing
from umbel_canvas.options import options_of
from umbel_canvas.references import stored_at

#: Seconds in which a body must be published by who has claimed to do it.
CLAIM_S = 30.0


class Completion:
    """Ends the headers of an app's chords. All of it blocks."""

    def __init__(self, app: Any) -> None:
        self._app = app
        known = options_of(app)
        assert known.shared is not None, "there are no chords without shared state"
        assert known.headers is not None
        self._shared, self._headers, self._ttl_s = known.shared, known.headers, known.ttl_s
        self.serializer = app.formats.serializer(app.conf.result_serializer)
        self._bodies = Bodies(app, self.serializer, Failing(app, self.count_failed))

    def count(self, members: Sequence[tuple[Counted, Mapping[str, bytes]]]) -> None:
        """Count members of headers, each once, and end the headers of which all is there: send the bodies, or fail
        them, unless somebody else does."""
        token = facts.short_id()
        counts = [Count(each.key, parts, stored_at(each.body)) for each, parts in members]
        found = self._headers.count(counts, token, CLAIM_S, self._ttl_s)
        complete = [(each, *all_) for (each, _), all_ in zip(members, found, strict=True) if all_ is not None]
        if complete:
            self._end(complete, token)

    def _end(self, complete: Sequence[Complete], token: str) -> None:
        try:
            self._bodies.publish(complete, token)
        except TemporaryError:
            with suppress(TemporaryError):
                for each, *_ in complete:
                    self._shared.release(each.key, token)
            raise
        known = [facts.chord_key(each.group_id) for each, *_ in complete]
        self._headers.end([each.key for each, *_ in complete], known, facts.DONE_S)

    def count_failed(self, call: Any, error: BaseException, state: str) -> None:
        """A member of a chord will not run."""
        group_id, body = call.options["group_id"], call.options["chord"]
        described = failure.describe(error, self.serializer.dumps)
        counted = Counted(group_id, body, call.options.get("root_id"), call.id)
        part = self.part(call.id, state, described)
        self.count([(counted, {member_name(call.id, call.options.get("group_index")): part})])

    def part(self, task_id: str, state: str, result: Any) -> bytes:
        """What is kept of a member, as Celery keeps it."""
        encoded: bytes = self.serializer.dumps([1, task_id, state, result])
        return encoded


def member_name(task_id: str, index: int | None) -> str:
    """By which a member is counted, as Celery names it."""
    return f"{task_id}:{'+inf' if index is None else index}"
