"""The suite for serializers."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ClassVar

import pytest

from umbel.contracts import Serializer
from umbel.exceptions import DecodeError
from umbel_conformance.hygiene import DriverHygiene

#: What every format of task messages must hold: the plain data of Celery's protocol.
PLAIN_DATA: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "negative": -1,
    "64 bits": 2**63 - 1,
    "fraction": 0.1,
    "exponent": 1.5e300,
    "empty text": "",
    "unicode": "žluťoučký kůň 🐎 \u202e\u2028 مرحبا",
    "control characters": '\x00\x01\t\n"\\/',
    "looks like a number": "0123",
    "looks like null": "null",
    "empty list": [],
    "empty mapping": {},
    "list": [1, "two", None, [3.0, [True]]],
    "mapping": {"ünïcode key": 1, "": 2, "a b": {"deep": [{"deeper": None}]}},
    "task body": [[1, 2], {"x": "y"}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}],
}


class SerializerConformance(DriverHygiene):
    """Everything that a serializer must do. Give it the fixture `serializer`."""

    kind = "serializer"

    #: Bytes that are not of this format.
    damaged: ClassVar[bytes] = b"\x80\xff{"
    #: Something that the format cannot hold.
    unencodable: ClassVar[Any] = (number for number in range(3))

    @pytest.fixture
    def serializer(self) -> Serializer:
        raise NotImplementedError("a subclass of SerializerConformance must have the fixture `serializer`")

    @pytest.fixture
    def driver(self, serializer: Serializer) -> type[Any]:
        return type(serializer)

    def test_the_content_type_and_encoding_are_those_of_a_message(self, serializer: Serializer) -> None:
        kind, _, name = serializer.content_type.partition("/")
        assert kind
        assert name
        assert serializer.content_encoding in ("utf-8", "binary")
        assert isinstance(serializer.unsafe, bool)

    @pytest.mark.parametrize("value", PLAIN_DATA.values(), ids=PLAIN_DATA.keys())
    def test_plain_data_comes_back_equal_and_of_the_same_type(self, serializer: Serializer, value: Any) -> None:
        data = serializer.dumps(value)
        assert type(data) is bytes
        back = serializer.loads(data)
        assert back == value
        assert type(back) is type(value)

    def test_text_formats_are_of_the_encoding_they_name(self, serializer: Serializer) -> None:
        if serializer.content_encoding != "utf-8":
            pytest.skip(f"content encoding is {serializer.content_encoding}")
        serializer.dumps(PLAIN_DATA["unicode"]).decode("utf-8")

    def test_a_tuple_is_a_sequence_on_the_other_side(self, serializer: Serializer) -> None:
        """The arguments of a call are a tuple."""
        assert list(serializer.loads(serializer.dumps((1, "two")))) == [1, "two"]

    def test_huge_values_come_back_equal(self, serializer: Serializer) -> None:
        value = {"text": "ü" * 2_000_000, "numbers": list(range(100_000))}
        assert serializer.loads(serializer.dumps(value)) == value, "the huge value was changed"

    def test_what_the_format_cannot_hold_is_a_type_or_value_error(self, serializer: Serializer) -> None:
        with pytest.raises((TypeError, ValueError)):
            serializer.dumps({"argument": self.unencodable})

    def test_a_circle_is_a_type_or_value_error(self, serializer: Serializer) -> None:
        if serializer.unsafe:
            pytest.skip("a format that rebuilds objects may hold circles")
        circle: list[Any] = []
        circle.append(circle)
        with pytest.raises((TypeError, ValueError)):
            serializer.dumps(circle)

    def test_damaged_bytes_are_a_decode_error(self, serializer: Serializer) -> None:
        with pytest.raises(DecodeError):
            serializer.loads(self.damaged)

    def test_truncated_bytes_are_a_decode_error(self, serializer: Serializer) -> None:
        data = serializer.dumps([{"key": ["a long enough text", 1, 2, 3]}])
        for length in (len(data) // 2, 1):
            with pytest.raises(DecodeError):
                serializer.loads(data[:length])

    def test_noise_is_a_value_or_a_decode_error_and_nothing_else(self, serializer: Serializer) -> None:
        if serializer.unsafe:
            pytest.skip("decoding noise can run code")
        noise = random.Random(7)
        for length in range(1, 200):
            with suppress(DecodeError):
                serializer.loads(noise.randbytes(length))

    def test_one_instance_serves_many_threads(self, serializer: Serializer) -> None:
        values = [{"number": number, "list": list(range(number))} for number in range(200)]
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(lambda value: serializer.loads(serializer.dumps(value)), values)) == values
