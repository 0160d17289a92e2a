"""A compression that keeps the contract, and some that do not."""

from __future__ import annotations

import zlib
from typing import Any, ClassVar

import pytest

from umbel.contracts import Compression
from umbel.exceptions import DecodeError
from umbel_conformance import CompressionConformance
from umbel_conformance.proving import suites


class BareCompression(Compression):
    contract_version = 1
    content_type = "application/x-gzip"

    def compress(self, data: bytes) -> bytes:
        return zlib.compress(data)

    def decompress(self, data: bytes, max_bytes: int) -> bytes:
        unpacking = zlib.decompressobj()
        try:
            unpacked = unpacking.decompress(data, max_bytes + 1)
        except zlib.error as error:
            raise DecodeError(str(error)) from error
        if len(unpacked) > max_bytes or not unpacking.eof:
            raise DecodeError(f"damaged, or more than {max_bytes} bytes")
        return unpacked


class UnpacksBombs(BareCompression):
    caught_by = "test_a_bomb_is_refused_before_it_is_unpacked"

    def decompress(self, data: bytes, max_bytes: int) -> bytes:
        unpacked = super().decompress(data, 2**30)
        if len(unpacked) > max_bytes:
            raise DecodeError("too large")
        return unpacked


class HasNoLimit(BareCompression):
    caught_by = "test_output_above_the_limit_is_a_decode_error"

    def decompress(self, data: bytes, max_bytes: int) -> bytes:
        return super().decompress(data, 2**30)


class TakesWhatIsThere(BareCompression):
    caught_by = "test_truncated_bytes_are_a_decode_error"

    def decompress(self, data: bytes, max_bytes: int) -> bytes:
        return zlib.decompressobj().decompress(data, max_bytes)


class LeaksErrors(BareCompression):
    caught_by = "test_bytes_of_another_format_are_a_decode_error"

    def decompress(self, data: bytes, max_bytes: int) -> bytes:
        return zlib.decompress(data)


class CompressesNothing(BareCompression):
    caught_by = "test_what_repeats_itself_becomes_smaller"

    def compress(self, data: bytes) -> bytes:
        return zlib.compress(data, 0)


class Suite(CompressionConformance):
    liar: ClassVar[type[Any]]

    @pytest.fixture
    def compression(self) -> Compression:
        compression: Compression = self.liar()
        return compression


globals().update(suites(globals(), Suite))
