"""In the supervisor: the source files of the worker, and which of them have changed."""

from __future__ import annotations

import os
from collections.abc import Iterable

#: When a file was written, in nanoseconds; None: it is not there.
_Written = int | None


class Sources:
    """Files with the time of the version that the worker has seen."""

    def __init__(self) -> None:
        self._seen: dict[str, _Written] = {}
        self._rest = b""

    def hear(self, data: bytes) -> None:
        """What a worker has written into the pipe: a line for each file that it imports."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            written, _, path = line.decode(errors="surrogateescape").partition(" ")
            self._seen[path] = int(written)

    def changed(self) -> list[str]:
        """What is not as it was; from now on it is as it is."""
        now = {path: _written(path) for path in self._seen}
        changed = [path for path, written in now.items() if written != self._seen[path]]
        self._seen |= now
        return sorted(changed)

    def look_around(self, folder: str, since: float) -> None:
        """What would mend a worker that did not start may be a file that it did not find: all source files beside those
        that are known, and in `folder`, count from now on. `appeared` says which are new: those that were written after
        `since`, in seconds since the epoch, when the worker began."""
        for path in self._beside(folder):
            written = _written(path)
            if written is not None and written < since * 1e9:
                self._seen.setdefault(path, written)

    def appeared(self, folder: str) -> list[str]:
        """Source files that nobody has seen."""
        return sorted(path for path in self._beside(folder) if path not in self._seen)

    def _beside(self, folder: str) -> Iterable[str]:
        for each in {os.path.abspath(folder), *map(os.path.dirname, self._seen)}:
            names = os.listdir(each) if os.path.isdir(each) else ()
            yield from (os.path.join(each, name) for name in names if name.endswith(".py"))


def _written(path: str) -> _Written:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None
