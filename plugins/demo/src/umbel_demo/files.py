"""Which files the demo works on."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

#: What pip put beside the standard library does not belong to it.
FOREIGN = {"site-packages", "dist-packages"}


def choose(path: str | None, limit: int | None) -> list[str]:
    """The files to work on: one file, all files in a folder, or the Python files of the standard library."""
    if path is None:
        found = walk(sysconfig.get_path("stdlib"), ".py")
    elif os.path.isdir(path):
        found = walk(path)
    else:
        found = iter([os.path.abspath(path)])
    return list(islice(found, limit))


def walk(top: str, suffix: str = "") -> Iterator[str]:
    """Regular files that can be read, in an order that is the same every time; links are not followed."""
    for folder, subfolders, names in os.walk(os.path.abspath(top)):
        subfolders[:] = sorted(set(subfolders) - FOREIGN) if suffix else sorted(subfolders)
        for name in sorted(names):
            path = Path(folder, name)
            if name.endswith(suffix) and path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                yield str(path)
