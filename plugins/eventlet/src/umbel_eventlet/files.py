"""Every task that waits for the network has a file open, and a shell allows 1,024 to a process."""

from __future__ import annotations

import logging
import resource

#: For each job, and for the worker itself.
EACH, WORKER = 3, 100

_log = logging.getLogger("umbel.worker")


def make_room(jobs: int) -> None:
    """Allow this process as many open files as so many jobs may need, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = EACH * jobs + WORKER
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        _log.info("%d tasks at once may need %d open files, and %d are allowed: see ulimit -n", jobs, wanted, allowed)
