"""Headers that are like others seen before: those of a task's calls differ in their ids and arguments alone.

So a table of a known length is compared with the one that was read last, but for those texts, and only they are read.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field

from umbel_rabbitmq.tables import LENGTH, decode_table, entries

#: How many are remembered.
_MOST = 500
#: Headers that differ, beside those that have the length of an id.
_DIFFERENT = frozenset({"argsrepr", "kwargsrepr"})
_ID_LENGTH = 36


@define(slots=True, eq=False)
class _Template:
    table: dict[str, Any]
    #: Where it stands what must be the same, and what may differ.
    same: list[tuple[int, int, bytes]] = field(factory=list)
    texts: list[tuple[str, int, int]] = field(factory=list)
    #: What each message shall have for itself.
    own: list[tuple[str, Any]] = field(factory=list)
    hits: int = 0
    misses: int = 0


_templates: dict[int, _Template] = {}


def decode_headers(data: bytes, place: int) -> tuple[dict[str, Any], int]:
    """As `decode_table`."""
    start = place + 4
    stop = start + LENGTH.unpack_from(data, place)[0]
    template = _templates.get(stop - start)
    if template is not None:
        found = _filled(template, data, start)
        if found is not None:
            template.hits += 1
            return found, stop
        template.misses += 1
        if template.misses <= template.hits + 10:
            return decode_table(data, place)
    table, stop = decode_table(data, place)
    if template is not None or len(_templates) < _MOST:
        made = _template(data[start:stop])
        if made is not None:
            _templates[stop - start] = made
    return table, stop


def _filled(template: _Template, data: bytes, start: int) -> dict[str, Any] | None:
    for first, last, said in template.same:
        if data[start + first : start + last] != said:
            return None
    table = template.table.copy()
    for key, first, last in template.texts:
        table[key] = data[start + first : start + last].decode()
    for key, value in template.own:
        table[key] = value.copy()
    return table


def _template(data: bytes) -> _Template | None:
    """None if there is something in it that takes more than a copy."""
    table: dict[str, Any] = {}
    made, before = _Template(table), 0
    for key, value, first, last in entries(data):
        table[key] = value
        if isinstance(value, (list, dict)):
            if any(isinstance(one, (list, dict)) for one in (value.values() if isinstance(value, dict) else value)):
                return None
            made.own.append((key, value))
        elif isinstance(value, str) and (last - first == _ID_LENGTH or key in _DIFFERENT):
            made.same.append((before, first, data[before:first]))
            made.texts.append((key, first, last))
            before = last
    made.same.append((before, len(data), data[before:]))
    return made
