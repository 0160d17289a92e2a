"""Many values as one parameter: one statement, prepared once, for any number of rows."""

from __future__ import annotations

from collections.abc import Iterable
from json import JSONEncoder

# As it is, not escaped: SQLite 3.26 takes the two escapes of one character beyond U+FFFF for two characters.
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def array(values: Iterable[int] | Iterable[str]) -> str:
    """For `IN (SELECT value FROM json_each(?))`: https://sqlite.org/json1.html#jeach"""
    return _encode(list(values))
