"""The latest workflows, from the lists that were kept of them."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from umbel import clock, states
from umbel_canvas import facts
from umbel_canvas.graph import Graph
from umbel_canvas.options import options_of

#: How far back workflows are looked for, in seconds.
_BACK_S = 86400.0


@frozen
class Listed:
    """One of them: when it began (seconds since the epoch), how many of its calls there are and how many have ended."""

    id: str
    at: float
    state: str
    done: int
    calls: int
    shown: str


def listed(app: Any, limit: int) -> list[Listed]:
    """The latest first. Blocks."""
    shared = options_of(app).shared
    if shared is None:
        return []
    now = clock.time()
    found: list[Listed] = []
    for key in facts.index_keys(now - _BACK_S, now):
        ids = [member[2:] for member in shared.tallied(key) if member.startswith("w:")]
        known = shared.get([facts.workflow_key(each) for each in ids]) if ids else []
        pairs = [(each, facts.unpacked(about)) for each, about in zip(ids, known, strict=True) if about is not None]
        for each, about in sorted(pairs, key=lambda pair: -pair[1]["at"]):
            found.append(_listed(app, each, about))
            if len(found) >= limit:
                return found
    return found


def _listed(app: Any, result_id: str, about: dict[str, Any]) -> Listed:
    item = Graph(app, about["tree"]).look()
    done = sum(count for state, count in item.states.items() if state in states.READY_STATES)
    return Listed(result_id, about["at"], item.state, done, sum(item.states.values()), about["shown"])
