"""What a running task can do to its workflow: have something else run in its place, add to its chord."""

from __future__ import annotations

from typing import Any, NoReturn

from umbel import clock, signature
from umbel.exceptions import Ignore, ImproperlyConfigured, UnsupportedError
from umbel_canvas import facts
from umbel_canvas.ids import new_id
from umbel_canvas.making import kind_of
from umbel_canvas.options import options_of
from umbel_canvas.steps import terminal

#: Seconds for which the size of a chord is held while it changes.
_LOCK_S = 5.0


def replace(task: Any, sig: Any) -> Any:
    """`Task.replace`: `sig` runs with the id of the running call, in its place in chain, group and chord.

    Raises `Ignore` once it was sent; `ImproperlyConfigured` for an empty chain and for what is part of a chord already.
    When eager, returns what it returns.
    """
    request = task.request
    sig = signature(sig, app=task.app).clone()
    if sig.options.get("chord"):
        raise ImproperlyConfigured("A signature replacing a task must not be part of a chord")
    if kind_of(sig) == "chain" and not sig.tasks:
        raise ImproperlyConfigured("Cannot replace with an empty chain")
    sig = terminal(sig)
    for callback in request.callbacks or ():
        (sig.body if kind_of(sig) == "chord" else sig).link(callback)
    for errback in request.errbacks or ():
        sig.link_error(errback)
    if request.is_eager:
        return sig.apply().get(disable_sync_subtasks=False)
    return _send(request, sig)


def _send(request: Any, sig: Any) -> NoReturn:
    sig.freeze(request.id)
    options = {
        "chain": request.chain, "chord": request.chord, "group_id": request.group, "group_index": request.group_index,
        "root_id": request.root_id, "parent_id": request.parent_id, "add_to_parent": False,
        "replaced_task_nesting": (request.replaced_task_nesting or 0) + 1,
    }  # fmt: skip
    if request.stamped_headers:
        options.update(stamped_headers=request.stamped_headers, **(request.stamps or {}))
    sig.apply_async(**{key: value for key, value in options.items() if value is not None})
    raise Ignore("Replaced by new task")


def add_to_chord(task: Any, sig: Any, lazy: bool = False) -> Any:
    """`Task.add_to_chord`: one more member for the header that the running call is part of."""
    request = task.request
    if not request.chord:
        raise ValueError("Current task is not member of any chord")
    shared = options_of(task.app).shared
    if shared is None:
        raise UnsupportedError("this result backend cannot count, so nothing can be added to a chord")
    made = signature(sig, app=task.app).clone()
    made.freeze(
        None, group_id=request.group, chord=request.chord, root_id=request.root_id, group_index=request.group_index
    )
    key, lock, owner = facts.group_key(request.group), f"umbel-canvas:adding:{request.group}", new_id()
    while not shared.claim(lock, owner, _LOCK_S):
        clock.sleep(0.005)
    try:
        place = str(request.group_index if request.group_index is not None else "").encode()
        added = shared.tally(facts.added_key(request.group), str(made.id), place, options_of(task.app).ttl_s)
        shared.put(f"{key}.t", str(added).encode(), options_of(task.app).ttl_s)
    finally:
        shared.release(lock, owner)
    return made if lazy else made.apply_async()
