"""The bodies of chords: sent with what their headers have returned, or failed with what was raised there."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from umbel import api, states
from umbel.contracts import Serializer
from umbel.exceptions import ChordError, TemporaryError
from umbel.wire import failure
from umbel_canvas import facts
from umbel_canvas.failing import Failing
from umbel_canvas.making import kind_of
from umbel_canvas.sending import call_of, send_calls

_log = logging.getLogger("umbel.canvas")
#: The header of a message that says which of two publications of one body it is: `GROUP/TOKEN`.
TOKEN = "umbel_token"


@frozen(eq=False)
class Counted:
    """A header that is counted: its body, and of what the body will be a child."""

    group_id: str
    body: Any
    root_id: str | None
    parent_id: str | None

    @property
    def key(self) -> str:
        return facts.group_key(self.group_id)


#: A header of which all is there, with its members, and what is stored of its body, if that was asked for.
Complete = tuple[Counted, Mapping[str, bytes], "bytes | None"]


@frozen(eq=False)
class _Body:
    node: Any
    values: list[Any]
    options: dict[str, Any]

    def call(self) -> Any:
        """The call that it is; None if it is more, or has a way of its own to be sent, or cannot be sent at all."""
        if kind_of(self.node) != "task" or self.node.options.get("chain"):
            return None
        try:
            return call_of(self.node, (self.values,), None, self.options)
        except Exception:  # whoever sends it will see it again
            return None


class Bodies:
    """Sends those of an app."""

    def __init__(self, app: Any, serializer: Serializer, failing: Failing) -> None:
        self._app = app
        self._serializer = serializer
        self._failing = failing

    def publish(self, headers: Sequence[Complete], token: str) -> None:
        """Those of one call together, the others one by one. Blocks; raises `TemporaryError`."""
        calls: list[tuple[_Body, Any]] = []
        for complete in headers:
            body = self._made(*complete, token)
            if body is None:
                continue
            call = body.call()
            if call is not None:
                calls.append((body, call))
            else:
                self._send(body)
        try:
            send_calls(self._app, [call for _, call in calls])
        except TemporaryError:
            raise
        except Exception:  # find out whose it was
            for body, _ in calls:
                self._send(body)

    def _made(self, header: Counted, members: Mapping[str, bytes], stored: bytes | None, token: str) -> _Body | None:
        """The body with its argument; None if it has failed now."""
        node = api.load("Signature").from_dict(header.body, app=self._app)
        node._app = node._app or self._app
        if stored is not None:
            node = node.opened(stored)
        try:
            values = [_value(self._serializer.loads(part)) for _, part in sorted(members.items(), key=_place)]
        except ChordError as error:
            self._failing.fail_body(node, error)
            return None
        headers = {TOKEN: f"{header.group_id}/{token}"}
        return _Body(node, values, {"root_id": header.root_id, "parent_id": header.parent_id, "headers": headers})

    def _send(self, body: _Body) -> None:
        try:
            body.node.apply_async((body.values,), **body.options, add_to_parent=False)
        except TemporaryError:
            raise
        except Exception as error:  # it cannot be sent at all: who waits for it must hear of it
            _log.exception("The body of a chord could not be sent")
            problem = ChordError(f"Callback error: {error!r}")
            problem.__cause__ = error
            self._failing.fail_body(body.node, problem)


def _value(part: Any) -> Any:
    """What a member returned: Celery's `[1, id, state, result]`. Raises `ChordError` if it has failed."""
    _, task_id, state, result = part
    if state not in states.PROPAGATE_STATES:
        return result
    error = failure.rebuild(result)
    problem = ChordError(f"Dependency {task_id} raised {error!r}")
    problem.__cause__ = error
    raise problem


def _place(counted: tuple[str, bytes]) -> tuple[int, str]:
    member = counted[0]
    place = member.rpartition(":")[2]
    return (int(place), member) if place.isdecimal() else (1 << 60, member)
