"""The header of a chord on its way: first the backend knows how many to count, then they are sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from umbel import api, clock
from umbel.execution.context import running
from umbel_canvas import facts
from umbel_canvas.bodies import TOKEN, Counted
from umbel_canvas.completing import Completion
from umbel_canvas.ids import MemberIds
from umbel_canvas.making import kind_of
from umbel_canvas.members import Stream
from umbel_canvas.options import options_of
from umbel_canvas.sending import call_of, send_calls, settled
from umbel_canvas.tracking import Track
from umbel_canvas.trees import Row, Tree, tree_of


class Header:
    """Sends it once. `ids` are those of the calls that are counted."""

    def __init__(self, chord: Any, group_id: str, result: Any) -> None:
        self._chord = chord
        self._app = chord.app
        self._is_frozen = "task_id" in chord.options
        self.group_id = group_id
        self.ids = MemberIds(group_id)
        self._row = Row(group_id)
        known = options_of(self._app)
        assert known.shared is not None, "it was checked"
        assert known.headers is not None
        self._shared, self._headers, self._ttl_s = known.shared, known.headers, known.ttl_s
        self._each_its_own = bool(known.celery_queues)

    @property
    def tree(self) -> Tree:
        """What was sent."""
        return {"k": "chord", "i": self.group_id, "c": self._row.trees, "b": tree_of(self._chord.body)}

    def send(self, args: Sequence[Any], kwargs: Mapping[str, Any], options: Mapping[str, Any], track: Track) -> None:
        """Blocks until the broker has all of it."""
        streamed = isinstance(self._chord.source, Stream)
        self._size = None if streamed else len(list(self._chord.members()))
        members = self._settled()
        if not streamed:
            members = iter(list(members))
            if not self.ids:
                self._send_body(options)
                return
            if not self._begin(options, track):
                return
        send_calls(self._app, self._calls(members, args, kwargs, options))
        if streamed:
            self._begin(options, track)
            # All of them may have been counted before anyone knew how many they are.
            header = Counted(self.group_id, self._chord.body, options.get("root_id"), self._frame_id())
            Completion(self._app).count([(header, {})])

    def _settled(self) -> Iterator[tuple[Any, str]]:
        for index, each in enumerate(self._chord.members()):
            member, task_id = settled(each, self.group_id, index, self._body(each))
            self.ids.append(task_id)
            plain = kind_of(member) == "task"
            self._row.add({"k": "task", "n": member["task"], "i": task_id} if plain else tree_of(member))
            yield member, task_id

    def _calls(
        self,
        members: Iterator[tuple[Any, str]],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> Iterator[Any]:
        """The calls of the plain members; the others are begun on the way."""
        for index, (member, task_id) in enumerate(members):
            if kind_of(member) != "task":
                member.apply_async(args, kwargs, **{**options, "add_to_parent": False})
                continue
            place = {"group_id": self.group_id, "group_index": index, "chord": self._body(member), "task_id": task_id}
            call = call_of(member, args, kwargs, {**options, **place})
            if call is not None:
                yield call
            else:
                member.apply_async(args, kwargs, **{**options, **place, "add_to_parent": False})

    def _body(self, member: Any) -> Any:
        """The body in the form in which the member's message carries it; mostly the same for all of them."""
        if self._fitted is not None and not self._each_its_own:
            return self._fitted
        fit = api.load("reference").fitted
        call = member if kind_of(member) == "task" else self._chord
        self._fitted = fit(call, call.options, [self._chord.body], self._size)[0]
        return self._fitted

    _fitted: Any = None
    #: How many members there are; None: nobody knows yet.
    _size: int | None = None

    def _begin(self, options: Mapping[str, Any], track: Track) -> bool:
        """Have the backend know the chord, for whoever counts and whoever looks for what was left behind. False: it has
        run already, and a worker sends it again because one before it died when it had sent it."""
        size = len(self.ids)
        known = {"size": size, "body": self._fitted, "at": clock.time()}
        for key, value in (("others", self.ids.others), *((key, options.get(key)) for key in ("root_id", "parent_id"))):
            if value:
                known[key] = value
        track.tree = self.tree
        values, members = track.take()
        values[facts.chord_key(self.group_id)] = facts.packed(known)
        index = facts.index_key(clock.time())
        listed = [(index, member) for member in (*members, f"c:{self.group_id}")]
        # A client that sends a frozen chord again wants it to run again.
        again = self._is_frozen and running() is None and not (options.get("headers") or {}).get(TOKEN)
        if again:
            self._shared.delete([facts.added_key(self.group_id)])
        return self._headers.begin(facts.group_key(self.group_id), size, values, listed, self._ttl_s, again)

    def _send_body(self, options: Mapping[str, Any]) -> None:
        """There is nothing to wait for."""
        kept = {key: options[key] for key in ("root_id", "parent_id", "headers") if options.get(key)}
        self._chord.body.apply_async(([],), **kept, add_to_parent=False)

    def _frame_id(self) -> str | None:
        frame = running()
        return frame.request.id if frame is not None else None
