"""What follows from results: chords count their headers, and what comes after a failure fails."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from umbel import states
from umbel.exceptions import DecodeError
from umbel.model import Message, Record
from umbel.wire import protocol
from umbel_canvas.bodies import Counted
from umbel_canvas.completing import Completion, member_name
from umbel_canvas.failing import Failing

_log = logging.getLogger("umbel.canvas")
#: How the body of a message ends that carries neither a chain nor a chord.
_PLAIN_ENDS = (b'"chain": null, "chord": null}]', b'"chain":null,"chord":null}]')
#: Of so many chords the body is remembered, which is the same in the message of each member.
_REMEMBERED = 1000


class Counter:
    """The follower (`umbel.contracts.bootstep.Follower`). It runs in the worker's own process, batch by batch."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._completion = Completion(app)
        self._bodies: OrderedDict[str, Any] = OrderedDict()

    def follow(self, stored: Sequence[tuple[Message, Record]]) -> None:
        """Count and fail what follows. Blocks; raises `TemporaryError`, and may be called again with the same."""
        members: dict[str, dict[str, bytes]] = {}
        last: dict[str, Message] = {}
        for message, record in stored:
            if record.state not in states.READY_STATES:
                continue
            failed = record.state in states.PROPAGATE_STATES
            group_id = message.headers.get("group")
            if failed or (group_id and group_id not in self._bodies):
                self._look(message, record, failed)
            if group_id and self._bodies.get(group_id) is not None:
                members.setdefault(group_id, {})[self._member(message)] = self._part(record)
                last[group_id] = message
        if members:
            self._completion.count([(self._counted(last[group_id]), parts) for group_id, parts in members.items()])

    def _counted(self, last: Message) -> Counted:
        group_id = last.headers["group"]
        return Counted(group_id, self._bodies[group_id], last.headers.get("root_id"), last.headers.get("id"))

    def _look(self, message: Message, record: Record, failed: bool) -> None:
        """Remember the body of a chord; fail what comes after a failure."""
        embed = self._embed(message)
        group_id = message.headers.get("group")
        if group_id:
            self._bodies[group_id] = embed.get("chord")
            while len(self._bodies) > _REMEMBERED:
                self._bodies.popitem(last=False)
        chain = embed.get("chain")
        if failed and chain:
            error = self._app.results.decode(record)["result"]
            failing = Failing(self._app, self._completion.count_failed)
            for step in reversed(chain):
                failing.fail(step, error, record.state)

    def _embed(self, message: Message) -> Mapping[str, Any]:
        if message.body.endswith(_PLAIN_ENDS) and not message.headers.get("compression"):
            return protocol.NO_EMBED
        try:
            return protocol.unpack(self._app.formats.decode(message))[2]
        except DecodeError:  # it was kept for the operator: nobody can say what should follow
            return protocol.NO_EMBED

    def _member(self, message: Message) -> str:
        return member_name(message.headers["id"], message.headers.get("group_index"))

    def _part(self, record: Record) -> bytes:
        fields = self._completion.serializer.loads(record.payload)
        return self._completion.part(record.task_id, record.state, fields.get("result"))
