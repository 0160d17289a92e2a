"""In the worker: names every source file that is imported, before it is run, so that a broken one is known too."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

#: Python's own modules and installed ones do not change while somebody develops.
_INSTALLED = tuple(
    os.path.realpath(path) + os.sep
    for path in {*(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")), site.getusersitepackages()}
)


class Herald:
    """Stands before Python's own finder, and finds what that would find.

    Processes that the pool forks inherit it, so what a task imports late is named as well.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def install(self) -> None:
        """What is imported already is named at once."""
        for module in list(sys.modules.values()):
            self._name(getattr(module, "__file__", None))
        finders = [getattr(finder, "__name__", "") for finder in sys.meta_path]
        sys.meta_path.insert(finders.index(PathFinder.__name__), self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.has_location:
            self._name(spec.origin)
        return spec

    def _name(self, file: str | None) -> None:
        if file is None or not file.endswith(".py") or os.path.realpath(file).startswith(_INSTALLED):
            return
        # Of now: what changes while it is being read has changed. A gone supervisor is the boot step's business.
        with suppress(OSError):
            written = os.stat(file).st_mtime_ns
            os.write(self._pipe, f"{written} {os.path.abspath(file)}\n".encode(errors="surrogateescape"))
