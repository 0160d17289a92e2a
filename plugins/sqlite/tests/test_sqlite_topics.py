from __future__ import annotations

import pytest

from umbel_sqlite.topics import matches


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not_fit"),
    [
        ("#", ["", "a", "a.b.c"], []),
        ("*", ["a"], ["", "a.b"]),
        ("a.*", ["a.b"], ["a", "a.b.c", "b.a"]),
        ("a.#", ["a", "a.b", "a.b.c"], ["ab", "b.a", ""]),
        ("#.z", ["z", "a.z", "a.b.z"], ["az", "z.a"]),
        ("a.#.z", ["a.z", "a.b.z", "a.b.c.z"], ["a", "z", "a.zz"]),
        ("*.*", ["a.b"], ["a", "a.b.c"]),
        ("task.succeeded", ["task.succeeded"], ["task.failed", "task-succeeded", "taskxsucceeded"]),
        ("a.b+", ["a.b+"], ["a.bb"]),
        ("", [""], ["a"]),
    ],
)
def test_patterns_fit_as_amqp_says(pattern: str, fits: list[str], does_not_fit: list[str]) -> None:
    assert [key for key in fits + does_not_fit if matches([pattern], key)] == fits


def test_one_pattern_that_fits_is_enough() -> None:
    assert matches(["a", "b.*"], "b.c")
    assert not matches(["a", "b.*"], "c")
    assert not matches([], "a")
