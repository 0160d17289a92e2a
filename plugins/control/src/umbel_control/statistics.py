"""What `inspect stats` tells of a worker, in Celery's form."""

from __future__ import annotations

import os
import resource
from typing import Any
from urllib.parse import urlsplit

from umbel import clock
from umbel_control.panel import State

#: When this module was loaded, which a worker does when it starts.
_BEGAN = clock.monotonic()


def stats(state: State) -> dict[str, Any]:
    """Totals, pool, broker, prefetch and resources."""
    settings, now = state.worker.settings, state.worker.state()
    return {
        "total": now.totals,
        "pid": os.getpid(),
        "clock": str(state.clock.value),
        "uptime": round(clock.monotonic() - _BEGAN),
        "pool": {
            "implementation": now.pool,
            "max-concurrency": now.concurrency,
            "processes": list(now.pids) or [os.getpid()],
            "max-tasks-per-child": settings.get("worker_max_tasks_per_child") or "N/A",
            "put-guarded-by-semaphore": True,
            "timeouts": [settings.get("task_soft_time_limit") or 0, settings.get("task_time_limit") or 0],
            "features": sorted(now.features),
        },
        "broker": _broker(state.worker.transport.url),
        "prefetch_count": now.prefetch,
        "rusage": _rusage(),
    }


def _broker(url: str) -> dict[str, Any]:
    """Where the broker is; never a password."""
    parts = urlsplit(url.split(";")[0])
    try:
        port = parts.port
    except ValueError:
        port = None
    return {
        "hostname": parts.hostname,
        "userid": parts.username,
        "virtual_host": parts.path.removeprefix("/") or "/",
        "port": port,
        "transport": parts.scheme,
        "alternates": [],
    }


def _rusage() -> dict[str, Any]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    names = (
        "utime stime maxrss ixrss idrss isrss minflt majflt nswap inblock oublock msgsnd msgrcv nsignals nvcsw nivcsw"
    )
    return {name: getattr(used, f"ru_{name}") for name in names.split()}
