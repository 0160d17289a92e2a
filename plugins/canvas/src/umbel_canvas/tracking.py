"""Remembering which workflows were sent, for `umbel workflow`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from umbel import clock
from umbel.execution.context import running
from umbel_canvas import facts
from umbel_canvas.options import options_of
from umbel_canvas.trees import Tree, short, tree_of


class Track:
    """What is being sent; whoever sends it may say what it looks like, and write that down with facts of his own."""

    def __init__(self, app: Any, node: Any, result_id: str, options: Mapping[str, Any]) -> None:
        self._node = node
        self._result_id = result_id
        known = options_of(app)
        #: Parts of other workflows are not remembered, nor is anything where nobody can be told.
        self._wanted = running() is None and not options.get("root_id") and known.tracks and known.shared is not None
        self.tree: Tree | None = None

    def take(self) -> tuple[dict[str, bytes], list[str]]:
        """What is to be written: values, and members of the list of what began now. Nothing, the second time."""
        if not self._wanted:
            return {}, []
        self._wanted = False
        tree = self.tree or tree_of(self._node)
        about = {"at": clock.time(), "tree": tree, "shown": short(tree)[:200]}
        return {facts.workflow_key(self._result_id): facts.packed(about)}, [f"w:{self._result_id}"]


@contextmanager
def tracked(app: Any, node: Any, result: Any, options: Mapping[str, Any]) -> Iterator[Track]:
    """Send a workflow inside; then it is remembered."""
    track = Track(app, node, str(result.id), options)
    yield track
    write(app, *track.take())


def write(app: Any, values: Mapping[str, bytes], members: Sequence[str]) -> None:
    """Have the backend know values, and what began now. Blocks."""
    shared, ttl_s = options_of(app).shared, options_of(app).ttl_s
    if shared is not None and values:
        shared.put_all(values, ttl_s)
        index = facts.index_key(clock.time())
        shared.tally_all([(index, member, b"") for member in members], ttl_s)
