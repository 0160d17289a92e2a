"""What workflows need to know of an app's settings and its backend, read once for each configuration."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from attrs import frozen

from umbel.contracts import Headers, SharedState
from umbel.exceptions import UnsupportedError
from umbel_canvas.headers import SharedHeaders

_known: WeakKeyDictionary[Any, Options] = WeakKeyDictionary()


@frozen(eq=False)
class Options:
    """Settings, and the backend's shared state, or None if it has none."""

    inline_calls: int
    celery_queues: Collection[str]
    tracks: bool
    is_eager: bool
    #: Seconds for which a workflow is known; None: for ever.
    ttl_s: float | None
    shared: SharedState | None
    #: What counts the headers of chords; None where nothing can.
    headers: Headers | None


def options_of(app: Any) -> Options:
    """The options of an app as it is configured now."""
    resources = app.resources
    found = _known.get(resources)
    if found is None:
        conf = app.conf
        kept = conf["result_chord_expires"] or conf["result_expires"]
        found = _known[resources] = Options(
            conf.canvas_inline_calls,
            frozenset(conf.canvas_celery_queues),
            conf.canvas_track,
            conf.task_always_eager,
            kept.total_seconds() if isinstance(kept, timedelta) else kept or None,
            shared := _shared(app.backend),
            None if shared is None else _headers(app.backend, shared),
        )
    return found


def _shared(backend: Any) -> SharedState | None:
    if backend is None or "shared_state" not in backend.features:
        return None
    try:
        found: SharedState = backend.shared()
    except UnsupportedError:
        return None
    return found


def _headers(backend: Any, shared: SharedState) -> Headers:
    return shared.headers() if "headers" in backend.features else SharedHeaders(shared)
