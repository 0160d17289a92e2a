"""Results that workers of Celery have compressed, if their settings say so: read here, and never written.

In front of the data stand a mark, the content type of kombu's compression, and a NUL. Found by looking at what Celery
5.7 stores; its gzip is a zlib stream.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

MARK = b"\x00celery-compressed\x00"
#: What Redis takes for a string: nothing longer was ever compressed.
_LARGEST = 512 * 2**20
_DECOMPRESSORS = {
    b"application/x-gzip": ("zlib", "decompressobj"),
    b"application/x-bz2": ("bz2", "BZ2Decompressor"),
    b"application/x-lzma": ("lzma", "LZMADecompressor"),
}


def decompressed(value: bytes) -> bytes | None:
    """The payload behind the mark; None if it is damaged, or compressed in a way that the standard library lacks."""
    content_type, _, data = value[len(MARK) :].partition(b"\x00")
    if content_type not in _DECOMPRESSORS:
        return None
    module, name = _DECOMPRESSORS[content_type]
    try:
        decompressor: Any = getattr(import_module(module), name)()
        payload: bytes = decompressor.decompress(data, _LARGEST)
    except Exception:  # each library has an error of its own
        return None
    return payload if decompressor.eof else None
