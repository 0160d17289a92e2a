"""A bar that grows while the members of a group become ready."""

from __future__ import annotations

import sys
from typing import Any

from umbel import states

_WIDTH = 30


def draw(result: Any, stream: Any = None, timeout: float | None = None) -> None:
    """Draw until all are ready. Blocks; raises `TimeoutError` after `timeout` seconds.

    Where the stream is no terminal there is one line for each tenth.
    """
    stream = sys.stderr if stream is None else stream
    size = sum(1 for _ in result.leaves())
    failed = shown = 0
    for done, (_, meta) in enumerate(result.iter_native(timeout=timeout), 1):
        failed += meta["status"] in states.PROPAGATE_STATES
        if stream.isatty():
            stream.write(f"\r{bar(done, size, failed)}")
            stream.flush()
        elif done * 10 // size > shown:
            shown = done * 10 // size
            stream.write(f"{bar(done, size, failed)}\n")
    if stream.isatty() and size:
        stream.write("\n")


def bar(done: int, size: int, failed: int = 0) -> str:
    """`[██████████          ] 33/100, 1 failed`"""
    filled = _WIDTH * done // size if size else _WIDTH
    return f"[{'█' * filled}{' ' * (_WIDTH - filled)}] {done}/{size}{f', {failed} failed' if failed else ''}"
