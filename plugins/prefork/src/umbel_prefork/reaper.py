"""A worker that is PID 1 of a container inherits every orphan, and has to bury it."""

from __future__ import annotations

import os


def needed() -> bool:
    return os.getpid() == 1


def bury_orphans(but: int) -> None:
    """Bury every dead child of this process, except the process `but`, whose exit status is wanted elsewhere."""
    try:
        while True:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if dead is None or dead.si_pid == but:
                return
            os.waitpid(dead.si_pid, 0)
    except ChildProcessError:
        return
