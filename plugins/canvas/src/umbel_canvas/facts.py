"""What the workers of a workflow agree on: where it stands in the backend's shared state, and for how long."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from secrets import token_urlsafe
from typing import Any

from umbel.wire import json

#: After the key of a chord: its size, what was added, and that it is over.
SIZE, ADDED, OVER = ".s", ".t", ".c"
#: Workflows are listed by the time of their start, so many seconds to a list.
BUCKET_S = 60
_INDEX = "umbel-canvas:begun:"
#: Fewer bytes are not worth packing.
_SHORT = 400
#: A chord that is over is known for so many seconds, as in Celery, should a late copy of a task of its header end.
DONE_S = 300.0


def group_key(group_id: str) -> str:
    """Of a group or a chord, as Celery names it on Redis."""
    return f"celery-taskset-meta-{group_id}"


def chord_key(group_id: str) -> str:
    """What is known of a chord that has begun and is not over."""
    return f"umbel-canvas:chord:{group_id}"


def workflow_key(result_id: str) -> str:
    """The tree of a workflow, by the id of its result."""
    return f"umbel-canvas:workflow:{result_id}"


def node_key(node_id: str) -> str:
    """A part of a workflow to which messages refer."""
    return f"umbel-canvas:node:{node_id}"


def first_key(group_id: str) -> str:
    """Which message of this chord's body came first; see `umbel_canvas.gate`."""
    return f"umbel-canvas:first:{group_id}"


def index_key(when: float) -> str:
    """The workflows and chords that began about then: members `c:ID` and `w:ID`."""
    return f"{_INDEX}{int(when // BUCKET_S)}"


def index_keys(since: float, until: float) -> Sequence[str]:
    """All lists from one time to the other, the latest first."""
    return [f"{_INDEX}{number}" for number in range(int(until // BUCKET_S), int(since // BUCKET_S) - 1, -1)]


def added_key(group_id: str) -> str:
    """Which calls were added to the header of a running chord, with their places."""
    return f"umbel-canvas:added:{group_id}"


def short_id() -> str:
    """Of 64 random bits: it travels in many messages."""
    return token_urlsafe(8)


def packed(value: Any) -> bytes:
    """What workflows look like says the same again and again."""
    text = json.dumps(value)
    return text if len(text) < _SHORT else zlib.compress(text, 1)


def unpacked(stored: bytes) -> Any:
    """The value that was `packed`."""
    return json.loads(stored if stored[:1] in b"{[" else zlib.decompress(stored))
