"""kombu's filesystem transport, without its gap: a reader there may take a file away from under who still writes it.

The files are kombu's, so Celery's clients and workers may be in the same folders. Here they are written elsewhere and
renamed, and a file that Celery is writing, which it locks, is left alone until it is whole.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections import deque
from contextlib import suppress
from itertools import count
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport.filesystem import Channel, Transport
from kombu.utils.json import dumps, loads

#: Numbers of this process's files: those of one millisecond are read in their order.
_numbers = count()


class FolderChannel(Channel):  # type: ignore[misc]
    """Lists a folder when it has taken all that it has seen there, and not for every message."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen: dict[str, deque[str]] = {}

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        folder = Path(self.data_folder_out)
        name = f"{round(monotonic() * 1000)}_{next(_numbers):08x}-{uuid4()}.{queue}.msg"
        unfinished = folder / f"{name}.unfinished"
        try:
            unfinished.write_bytes(dumps(payload).encode())
            unfinished.rename(folder / name)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink()
            raise

    def _get(self, queue: str) -> Any:
        folder = Path(self.data_folder_in)
        for names in (self._seen.get(queue, deque()), self._listed(folder, queue)):
            while names:
                taken = self._take(folder / names.popleft())
                if taken is not None:
                    return loads(taken)
        raise Empty

    def _listed(self, folder: Path, queue: str) -> deque[str]:
        ending = f"{queue}.msg"
        found = sorted(name for name in os.listdir(folder) if name.partition(".")[2] == ending)
        self._seen[queue] = deque(found)
        return self._seen[queue]

    def _take(self, path: Path) -> bytes | None:
        """What is in it, for this process alone; None if somebody writes it still, or has taken it."""
        try:
            with path.open("rb") as file:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not os.fstat(file.fileno()).st_size:
                    return None
                kept = Path(self.processed_folder if self.store_processed else tempfile.gettempdir()) / path.name
                shutil.move(path, kept)
                content = file.read()
        except OSError:
            return None
        if not self.store_processed:
            kept.unlink()
        return content


class FolderTransport(Transport):  # type: ignore[misc]
    Channel = FolderChannel
