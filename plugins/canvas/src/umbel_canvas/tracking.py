"""Remembering which workflows were sent, for `umbel workflow`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from umbel import clock
from umbel.execution.context import running
from umbel.wire import json
from umbel_canvas import facts
from umbel_canvas.options import options_of
from umbel_canvas.trees import Tree, short, tree_of


class Track:
    """What is being sent; whoever sends it may say what it looks like."""

    def __init__(self, node: Any) -> None:
        self._node = node
        self.tree: Tree | None = None

    def about(self) -> dict[str, Any]:
        tree = self.tree or tree_of(self._node)
        return {"at": clock.time(), "tree": tree, "shown": short(tree)[:200]}


@contextmanager
def tracked(app: Any, node: Any, result: Any, options: Mapping[str, Any]) -> Iterator[Track]:
    """Send a workflow inside; then it is remembered, unless it is part of another, or nobody can be told."""
    track = Track(node)
    yield track
    if running() is not None or options.get("root_id") or not options_of(app).tracks:
        return
    shared = options_of(app).shared
    if shared is None:
        return
    ttl_s = options_of(app).ttl_s
    shared.put(facts.workflow_key(result.id), json.dumps(track.about()), ttl_s)
    shared.tally(facts.index_key(clock.time()), f"w:{result.id}", b"", ttl_s)
