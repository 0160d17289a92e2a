"""Types of values: what fits, what does not, and what text stands for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, Union

import pytest

from umbel.settings.check import checked, described
from umbel.settings.text import from_text


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (3, int),
        (3, float),
        (0.5, float),
        (True, bool),
        (None, int | None),
        (None, Union[int, None]),  # noqa: UP007
        (timedelta(days=1), float | timedelta | None),
        ("high", Literal["high", "low"]),
        (["a"], list[str]),
        ({"a": 1}, dict[str, int]),
        ({"a": [1]}, dict[str, Any]),
        (len, Callable[..., Any]),
        (object(), Any),
    ],
)
def test_a_value_that_fits_is_taken_as_it_is(value, hint):
    assert checked(value, hint) is value


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (True, int),
        (False, float),
        (True, int | None),
        (1, bool),
        ("3", int),
        (3.0, int),
        (None, str),
        ("middle", Literal["high", "low"]),
        (True, Literal[1, 2]),
        ("json", list[str]),
        ([1], list[str]),
        ({"a": 1}, list[str]),
        ({1: 1}, dict[str, int]),
        ({"a": "b"}, dict[str, int]),
        ([("a", 1)], dict[str, int]),
        ("len", Callable[..., Any]),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value, hint):
    with pytest.raises(TypeError):
        checked(value, hint)


def test_lists_tuples_and_sets_stand_for_each_other():
    assert checked(("json", "yaml"), list[str]) == ["json", "yaml"]
    assert checked(["proj.tasks"], tuple[str, ...]) == ("proj.tasks",)
    assert checked({"json"}, list[str]) == ["json"]


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int | None, "int or None"),
        (list[str], "list of str"),
        (tuple[Any, ...], "tuple"),
        (dict[str, Any], "dict"),
        (Literal[1, "persistent"], "1 or 'persistent'"),
        (float | timedelta, "float or timedelta"),
        (Callable[..., Any], "Callable"),
    ],
)
def test_a_type_is_described_in_words(hint, words):
    assert described(hint) == words


@pytest.mark.parametrize(
    ("text", "hint", "value"),
    [
        ("3", int, 3),
        ("0.5", float, 0.5),
        ("yes", bool, True),
        ("OFF", bool, False),
        ("none", int | None, None),
        ("", int | None, None),
        ("3", int | None, 3),
        ("json, yaml", list[str], ["json", "yaml"]),
        ("", tuple[str, ...], ()),
        ("1,2", tuple[int, ...], (1, 2)),
        ('{"a": 1}', dict[str, Any], {"a": 1}),
        ('{"ca": "x"}', bool | dict[str, Any], {"ca": "x"}),
        ("2", Literal[1, 2, "persistent"], 2),
        ("persistent", Literal[1, 2, "persistent"], "persistent"),
        ("1", list[int], [1]),
        ("[1, 2]", list[int], [1, 2]),
        ("1", Any, "1"),
        ("redis://a,b", str | list[str] | None, "redis://a,b"),
        ("022", str | int | None, "022"),
    ],
)
def test_text_is_converted(text, hint, value):
    converted = from_text(text, hint)
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("many", int),
        ("1.5", int),
        ("", int),
        ("maybe", bool),
        ("1,x", list[int]),
        ("[1]", dict[str, Any]),
        ('{"a": 1}', dict[str, str]),
        ("{", dict[str, Any]),
        ("3", Literal[1, 2]),
        ("1", timedelta),
        ("x", int | float | None),
        ("x", int | None),
    ],
)
def test_text_that_stands_for_nothing_is_refused(text, hint):
    with pytest.raises(ValueError):  # noqa: PT011
        from_text(text, hint)
