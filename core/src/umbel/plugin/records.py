"""What installers leave behind: the `*.dist-info` folders of https://packaging.python.org/en/latest/specifications/.

importlib.metadata reads the same files, and is asked where `sys.path` names something that is no folder. Folders are
read here, because its import brings `email` and `zipfile` along: 25 ms, a sixth of a worker's start.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution

log = logging.getLogger(__name__)

#: How the folder of a distribution ends, and the file with its name and version.
_METADATA = {".dist-info": "METADATA", ".egg-info": "PKG-INFO"}

#: Name, version, and the text of the entry points of a distribution.
Record = tuple[str, str, str]


def records(word: str) -> Iterator[Record]:
    """Distributions that have `word` in their entry points, in the order of `sys.path`."""
    for place in sys.path:
        if os.path.isdir(place or os.curdir):
            yield from _in_folder(place or os.curdir, word)
        elif os.path.exists(place):
            yield from _in_archive(place, word)
    yield from _from_finders(word)


def _in_folder(folder: str, word: str) -> Iterator[Record]:
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        metadata = _METADATA.get(name[-10:] if name.endswith(".dist-info") else name[-9:])
        info = os.path.join(folder, name)
        if metadata is None or not os.path.isfile(os.path.join(info, "entry_points.txt")):
            continue
        try:
            entry_points = _read(os.path.join(info, "entry_points.txt"))
            if word in entry_points:
                yield _record(_read(os.path.join(info, metadata)), entry_points)
        except Exception as error:  # a damaged installation hides itself, and nobody else
            _warn(info, error)


def _in_archive(path: str, word: str) -> Iterator[Record]:
    from importlib.metadata import distributions  # noqa: PLC0415  (see above)

    yield from _asked(distributions(path=[path]), word)


def _from_finders(word: str) -> Iterator[Record]:
    """Those of import hooks that know distributions of their own, beside Python's `PathFinder`."""
    for finder in sys.meta_path:
        if hasattr(finder, "find_distributions") and getattr(finder, "__name__", "") != "PathFinder":
            yield from _asked(finder.find_distributions(), word)


def _asked(distributions: Iterable[Distribution], word: str) -> Iterator[Record]:
    for distribution in distributions:
        try:
            entry_points = distribution.read_text("entry_points.txt") or ""
            if word in entry_points:
                text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
                yield _record(text, entry_points)
        except Exception as error:
            _warn(str(getattr(distribution, "_path", distribution)), error)


def _record(metadata: str, entry_points: str) -> Record:
    """Name and version stand at the head of the metadata: parsing all of it takes ten times as long."""
    fields: dict[str, str] = {}
    for line in metadata.splitlines():
        key, colon, value = line.partition(":")
        if not colon:
            break  # the end of the headers
        fields.setdefault(key.lower(), value.strip())
        if "name" in fields and "version" in fields:
            break
    return fields["name"], fields["version"], entry_points


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _warn(where: str, error: Exception) -> None:
    log.warning("the metadata of %s cannot be read: %s: %s", where, type(error).__name__, error)
