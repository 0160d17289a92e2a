"""The work that is done to one file. Pure: the same bytes give the same answer in every process."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import TypedDict


class Digest(TypedDict):
    """What one task finds out about its file."""

    sha256: str
    bytes: int
    compressed: int
    lines: int
    words: int


def digest(path: str) -> Digest:
    """Hash, compress and count the file. Raises OSError if it cannot be read."""
    content = Path(path).read_bytes()
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "compressed": len(zlib.compress(content)),
        "lines": content.count(b"\n"),
        "words": len(content.split()),
    }
