"""How a process ended, in words."""

from __future__ import annotations

import signal


def describe(status: int | None) -> str:
    """`status`: an exit code, or minus a signal; None if nobody knows."""
    if status is None:
        return "exit status unknown"
    if status >= 0:
        return f"exitcode {status}"
    try:
        return f"signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"signal {-status}"
