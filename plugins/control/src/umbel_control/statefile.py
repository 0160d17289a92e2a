"""`--statedb`: the file in which marks survive a restart of the worker, where no backend keeps them. It is JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from umbel.exceptions import ImproperlyConfigured

_VERSION = 1


class StateFile:
    """`path` may have %h, %n and %d for the node's name, its first part, and its host."""

    def __init__(self, path: str, hostname: str) -> None:
        name, _, host = hostname.partition("@")
        for sign, text in (("%h", hostname), ("%n", name), ("%d", host), ("%%", "%")):
            path = path.replace(sign, text)
        self._path = Path(path)

    def load(self) -> dict[str, float]:
        """The marks; none if there is no such file. Raises `ImproperlyConfigured` for one that is something else."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ImproperlyConfigured(f"worker_state_db: {self._path} cannot be read: {error}") from error
        try:
            state = json.loads(text)
            if state["umbel"] != _VERSION:
                raise ValueError(f"it is of version {state['umbel']}")
            return {str(mark): float(at) for mark, at in state["revoked"].items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ImproperlyConfigured(
                f"worker_state_db: {self._path} is no file of an Umbel worker ({type(error).__name__}: {error}). "
                "One of Celery's is not read, for it is a pickle: name another file, or delete this one"
            ) from error

    def save(self, marks: Mapping[str, float]) -> None:
        """Replace the file. Raises `OSError`."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(self._path.name + ".new")
        with new.open("w") as file:
            json.dump({"umbel": _VERSION, "revoked": dict(marks)}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
