"""Field tables, as headers travel: amqp 0-9-1, section 4.2.5.5, with the letters that RabbitMQ gives to the types
(https://www.rabbitmq.com/docs/specification#method-signatures)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from struct import Struct
from typing import Any

LENGTH = Struct(">I")
_SHORT_INT, _INT, _LONG = Struct(">bi"), Struct(">Bi"), Struct(">Bq")
_DOUBLE = Struct(">Bd")
#: How numbers and times are read, by their letters.
_NUMBERS = {
    letter: Struct(form)
    for letter, form in {
        ord("b"): ">b",
        ord("B"): ">B",
        ord("U"): ">h",
        ord("s"): ">h",
        ord("u"): ">H",
        ord("I"): ">i",
        ord("i"): ">I",
        ord("l"): ">q",
        ord("L"): ">q",
        ord("f"): ">f",
        ord("d"): ">d",
        ord("T"): ">Q",
    }.items()
}
_TEXT, _VOID, _BOOL, _TABLE, _ARRAY, _BYTES, _DECIMAL = b"SVtFAxD"


def encode_table(table: Mapping[str, Any]) -> bytes:
    """A table with its length. Raises `TypeError` or `ValueError` for what is not plain data."""
    parts: list[bytes] = []
    for key, value in table.items():
        # The two that headers consist of are written here, and the rest there.
        if type(value) is str:
            text = value.encode()
            parts += (_key(key), b"S", LENGTH.pack(len(text)), text)
        elif value is None:
            parts += (_key(key), b"V")
        else:
            parts += (_key(key), _encode(value))
    body = b"".join(parts)
    return LENGTH.pack(len(body)) + body


@lru_cache(maxsize=1000)
def _key(key: str) -> bytes:
    text = key.encode()
    if len(text) > 255:
        raise ValueError(f"a name of {len(text)} bytes; 255 is the limit")
    return bytes((len(text),)) + text


def _encode(value: Any) -> bytes:
    kind = type(value)
    if kind is str:
        text: bytes = value.encode()
        return b"S" + LENGTH.pack(len(text)) + text
    if value is None:
        return b"V"
    encoder = _ENCODERS.get(kind)
    if encoder is None:
        encoder = next((each for parent, each in _ENCODERS.items() if isinstance(value, parent)), None)
        if encoder is None:
            raise TypeError(f"{kind.__name__} {value!r:.100}")
    encoded: bytes = encoder(value)
    return encoded


def _text(value: str) -> bytes:
    return _encode(str.__str__(value))


def _whole(value: int) -> bytes:
    if -0x80000000 <= value <= 0x7FFFFFFF:
        return _INT.pack(73, value)  # I
    if -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
        return _LONG.pack(108, value)  # l
    raise ValueError(f"{value} has more than 64 bits")


def _array(value: Any) -> bytes:
    body = b"".join([_encode(item) for item in value])
    return b"A" + LENGTH.pack(len(body)) + body


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    bool: lambda value: b"t\x01" if value else b"t\x00",
    int: _whole,
    float: lambda value: _DOUBLE.pack(100, value),
    list: _array,
    tuple: _array,
    dict: lambda value: b"F" + encode_table(value),
    bytes: lambda value: b"x" + LENGTH.pack(len(value)) + value,
    str: _text,
}


def decode_table(data: bytes, place: int) -> tuple[dict[str, Any], int]:
    """The table that begins there with its length, and where it ends. Raises `ValueError`, `IndexError` or
    `struct.error` for what is none."""
    (length,) = LENGTH.unpack_from(data, place)
    place += 4
    stop = place + length
    table: dict[str, Any] = {}
    while place < stop:
        after = place + 1 + data[place]
        key = data[place + 1 : after].decode()
        # The two that headers consist of are read here, and the rest there.
        if data[after] == _TEXT:
            (length,) = LENGTH.unpack_from(data, after + 1)
            place = after + 5 + length
            table[key] = data[after + 5 : place].decode()
        elif data[after] == _VOID:
            table[key] = None
            place = after + 1
        else:
            table[key], place = _decode(data, after)
    if place != stop:
        raise ValueError("a table that does not end where it says")
    return table, place


def entries(data: bytes) -> Iterator[tuple[str, Any, int, int]]:
    """Each entry of a table without its length: the key, the value, and where in the data that begins (a text: its
    first letter) and ends. Raises as `decode_table`."""
    place = 0
    while place < len(data):
        after = place + 1 + data[place]
        key = data[place + 1 : after].decode()
        value, place = _decode(data, after)
        yield key, value, after + (5 if data[after] == _TEXT else 1), place


def _decode(data: bytes, place: int) -> tuple[Any, int]:
    """The value whose letter stands there, and where it ends."""
    letter = data[place]
    place += 1
    if letter in _NUMBERS:
        number = _NUMBERS[letter]
        return number.unpack_from(data, place)[0], place + number.size
    if letter == _BOOL:
        return data[place] != 0, place + 1
    if letter == _VOID:
        return None, place
    if letter == _TABLE:
        return decode_table(data, place)
    if letter == _DECIMAL:
        scale, number = Struct(">Bi").unpack_from(data, place)
        return number / 10**scale, place + 5
    if letter not in (_TEXT, _BYTES, _ARRAY):
        raise ValueError(f"a value of the unknown type {chr(letter)!r}")
    (length,) = LENGTH.unpack_from(data, place)
    place += 4
    stop = place + length
    if letter == _ARRAY:
        items = []
        while place < stop:
            item, place = _decode(data, place)
            items.append(item)
        return items, stop
    value = data[place:stop]
    return (value if letter == _BYTES else value.decode("utf-8", "surrogateescape")), stop
