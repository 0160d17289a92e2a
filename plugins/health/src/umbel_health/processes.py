"""Which processes somebody has stopped (SIGSTOP): they live, and do nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_PROC = Path("/proc")


def stopped(pids: Iterable[int]) -> set[int]:
    """Those that are stopped by a signal; a debugger is another thing. Where there is no /proc nobody knows: none."""
    return {pid for pid in pids if _state(pid) == "T"}


def _state(pid: int) -> str:
    try:
        # proc(5): the name before the state may hold anything, brackets and blanks included.
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
