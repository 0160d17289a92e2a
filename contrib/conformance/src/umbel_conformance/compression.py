"""The suite for compressions."""

from __future__ import annotations

import random
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from umbel.contracts import Compression
from umbel.exceptions import DecodeError
from umbel_conformance.hygiene import DriverHygiene

NOISE = random.Random(7).randbytes(100_000)
MEBIBYTE = 2**20

BODIES = {
    "empty": b"",
    "one byte": b"x",
    "every byte": bytes(range(256)),
    "compresses well": b'{"key": "value"}' * 10_000,
    "does not compress": NOISE,
    "huge": NOISE * 50,
}


class CompressionConformance(DriverHygiene):
    """Everything that a compression must do. Give it the fixture `compression`."""

    kind = "compression"

    #: Bytes that are not of this format.
    damaged: ClassVar[bytes] = b"\x00not compressed at all"

    @pytest.fixture
    def compression(self) -> Compression:
        raise NotImplementedError("a subclass of CompressionConformance must have the fixture `compression`")

    @pytest.fixture
    def driver(self, compression: Compression) -> type[Any]:
        return type(compression)

    def test_the_content_type_is_one(self, compression: Compression) -> None:
        kind, _, name = compression.content_type.partition("/")
        assert kind
        assert name

    @pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
    def test_bytes_come_back_unchanged(self, compression: Compression, body: bytes) -> None:
        packed = compression.compress(body)
        assert type(packed) is bytes
        back = compression.decompress(packed, max_bytes=len(body))
        assert type(back) is bytes
        assert back == body, "the body was changed"

    def test_what_repeats_itself_becomes_smaller(self, compression: Compression) -> None:
        body = BODIES["compresses well"]
        assert len(compression.compress(body)) < len(body) / 10

    def test_bytes_of_another_format_are_a_decode_error(self, compression: Compression) -> None:
        with pytest.raises(DecodeError):
            compression.decompress(self.damaged, max_bytes=MEBIBYTE)

    @pytest.mark.parametrize("body", [BODIES["compresses well"], NOISE], ids=["small", "large"])
    def test_truncated_bytes_are_a_decode_error(self, compression: Compression, body: bytes) -> None:
        packed = compression.compress(body)
        for length in (0, 1, len(packed) // 2, len(packed) - 1):
            with pytest.raises(DecodeError):
                compression.decompress(packed[:length], max_bytes=MEBIBYTE)

    def test_output_above_the_limit_is_a_decode_error(self, compression: Compression) -> None:
        packed = compression.compress(b"x" * 1001)
        assert len(compression.decompress(packed, max_bytes=1001)) == 1001
        with pytest.raises(DecodeError):
            compression.decompress(packed, max_bytes=1000)

    def test_a_bomb_is_refused_before_it_is_unpacked(self, compression: Compression) -> None:
        bomb = compression.compress(b"\x00" * (64 * MEBIBYTE))
        tracemalloc.start()
        try:
            with pytest.raises(DecodeError):
                compression.decompress(bomb, max_bytes=MEBIBYTE)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 16 * MEBIBYTE, f"took {peak // MEBIBYTE} MiB to refuse a bomb of 64 MiB at a limit of 1 MiB"

    def test_one_instance_serves_many_threads(self, compression: Compression) -> None:
        bodies = [str(number).encode() * number for number in range(200)]
        with ThreadPoolExecutor(4) as threads:
            back = list(threads.map(lambda body: compression.decompress(compression.compress(body), MEBIBYTE), bodies))
        assert back == bodies
