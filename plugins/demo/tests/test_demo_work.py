from __future__ import annotations

import hashlib
import os
import sysconfig
import zlib
from pathlib import Path

import pytest

from umbel_demo.files import choose
from umbel_demo.summary import percentiles, totals
from umbel_demo.work import digest


def test_a_digest_hashes_compresses_and_counts(tmp_path: Path) -> None:
    content = b"one two\nthree\n" * 1000
    (tmp_path / "file").write_bytes(content)
    found = digest(str(tmp_path / "file"))
    assert found["sha256"] == hashlib.sha256(content).hexdigest()
    assert found["compressed"] == len(zlib.compress(content))
    assert (found["bytes"], found["lines"], found["words"]) == (14_000, 2_000, 3_000)


def test_a_file_that_is_not_text_counts_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)))
    assert digest(str(tmp_path / "file"))["bytes"] == 256


def test_totals_add_up(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a b\n")
    one = digest(str(tmp_path / "file"))
    assert totals([one, one]) == {"files_bytes": 8, "compressed_bytes": 2 * one["compressed"], "lines": 2, "words": 4}


def test_without_a_path_the_standard_library_is_chosen_and_nothing_that_pip_installed() -> None:
    files = choose(None, None)
    assert os.path.join(sysconfig.get_path("stdlib"), "zipfile.py") in files or len(files) > 500
    assert not [name for name in files if "site-packages" in name or not name.endswith(".py")]


def test_a_folder_gives_every_regular_file_in_a_steady_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.bin", "sub/c.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "b.txt")
    os.mkfifo(tmp_path / "pipe")
    assert choose(str(tmp_path), None) == [str(tmp_path / name) for name in ("a.bin", "b.txt", "sub/c.py")]
    assert choose(str(tmp_path), 2) == [str(tmp_path / name) for name in ("a.bin", "b.txt")]


def test_one_file_is_chosen_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert choose(str(tmp_path / "file"), None) == [str(tmp_path / "file")]


@pytest.mark.parametrize(
    ("latencies", "expected"),
    [
        ([0.001], {"p50": 1, "p90": 1, "p99": 1}),
        ([n / 1000 for n in range(1, 101)], {"p50": 50, "p90": 90, "p99": 99}),
        ([0.002, 0.001], {"p50": 1, "p90": 2, "p99": 2}),
        ([], {}),
    ],
)
def test_percentiles_are_by_the_nearest_rank(latencies: list[float], expected: dict[str, float]) -> None:
    assert percentiles(latencies) == expected
