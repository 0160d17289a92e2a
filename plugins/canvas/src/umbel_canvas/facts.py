"""What the workers of a workflow agree on: where it stands in the backend's shared state, and for how long."""

from __future__ import annotations

from collections.abc import Sequence

#: Workflows are listed by the time of their start, so many seconds to a list.
BUCKET_S = 60
_INDEX = "umbel-canvas:begun:"
#: A chord that is over is known for so many seconds, as in Celery, should a late copy of a task of its header end.
DONE_S = 300.0


def group_key(group_id: str) -> str:
    """Of a group or a chord, as Celery names it on Redis. `….s` is its size, `….t` what was added, `….c` its end."""
    return f"celery-taskset-meta-{group_id}"


def chord_key(result_id: str) -> str:
    """What is known of a chord that has begun, by the id of the last call of its body."""
    return f"umbel-canvas:chord:{result_id}"


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
