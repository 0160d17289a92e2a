"""A serializer that keeps the contract, and some that do not."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

from umbel.contracts import Serializer
from umbel.exceptions import DecodeError
from umbel_conformance import SerializerConformance
from umbel_conformance.proving import suites


class BareSerializer(Serializer):
    contract_version = 1
    content_type = "application/json"

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        try:
            return json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            raise DecodeError(str(error)) from error


class LeaksItsErrors(BareSerializer):
    caught_by = "test_damaged_bytes_are_a_decode_error"

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class ForgivesWhatIsCut(BareSerializer):
    caught_by = "test_truncated_bytes_are_a_decode_error"

    def loads(self, data: bytes) -> Any:
        try:
            return super().loads(data)
        except DecodeError:
            return None


class WritesAnything(BareSerializer):
    caught_by = "test_what_the_format_cannot_hold_is_a_type_or_value_error"

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value, default=str).encode()


class TurnsNumbersIntoText(BareSerializer):
    caught_by = "test_plain_data_comes_back_equal_and_of_the_same_type"

    def loads(self, data: bytes) -> Any:
        value = super().loads(data)
        return str(value) if isinstance(value, float) else value


class GivesText(BareSerializer):
    caught_by = "test_plain_data_comes_back_equal_and_of_the_same_type"

    def dumps(self, value: Any) -> Any:
        return json.dumps(value)


class HasNoContentType(BareSerializer):
    content_type = "json"
    caught_by = "test_the_content_type_and_encoding_are_those_of_a_message"


class Suite(SerializerConformance):
    liar: ClassVar[type[Any]]

    @pytest.fixture
    def serializer(self) -> Serializer:
        serializer: Serializer = self.liar()
        return serializer


globals().update(suites(globals(), Suite))
