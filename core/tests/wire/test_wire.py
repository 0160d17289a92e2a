"""What travels: JSON, ids, times, failures, short texts."""

from __future__ import annotations

import re
import sys
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from umbel import clock
from umbel.exceptions import DecodeError, SecurityError, SoftTimeLimitExceeded
from umbel.wire import failure, json, times
from umbel.wire.brief import brief
from umbel.wire.ids import new_id


class CustomError(Exception):
    def __init__(self, code: int, *, reason: str) -> None:
        super().__init__(code)
        self.reason = reason


@pytest.mark.parametrize(
    "value",
    [
        None,
        [1, 2.5, "ž", {"a": [True]}],
        datetime(2024, 1, 2, 3, 4, 5, 6, timezone.utc),
        date(2024, 1, 2),
        time(3, 4),
        Decimal("1.10"),
        uuid.UUID(int=7),
        {"nested": [Decimal("2")]},
        {"__type__": "mine", "other": 1},
    ],
)
def test_json_gives_back_what_it_was_given(value: Any) -> None:
    assert json.loads(json.dumps(value)) == value


def test_an_object_may_say_how_it_is_json() -> None:
    class Point:
        def __json__(self) -> Any:
            return {"x": 1}

    assert json.loads(json.dumps([Point()])) == [{"x": 1}]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"__type__": "date", "__value__": "never"}'])
def test_what_is_not_json_is_a_typed_error(data: bytes) -> None:
    with pytest.raises(DecodeError):
        json.loads(data)


def test_ids_are_random_uuids_of_version_4() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    for each in ids:
        assert uuid.UUID(each).version == 4
        assert uuid.UUID(each).variant == uuid.RFC_4122
        assert str(uuid.UUID(each)) == each


def test_moments_are_seconds_from_now_or_absolute() -> None:
    with clock.manual(1000.0):
        assert times.moment(5) == 1005.0
        assert times.moment(timedelta(minutes=1)) == 1060.0
        assert times.moment("1970-01-01T00:00:10Z") == 10.0
        assert times.moment(datetime(1970, 1, 1, 1), timezone(timedelta(hours=1))) == 0.0
    with pytest.raises(TypeError, match="expected seconds, a datetime or ISO 8601 text"):
        times.moment([])  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [ValueError("a", 1), KeyError("k"), SoftTimeLimitExceeded(3), OSError(2, "no")])
def test_an_exception_comes_back_as_itself(error: Exception) -> None:
    found = failure.rebuild(failure.describe(error, json.dumps))
    assert type(found) is type(error)
    assert found.args == error.args


def test_an_exception_with_a_signature_of_its_own_keeps_its_type_and_arguments() -> None:
    found = failure.rebuild(failure.describe(CustomError(3, reason="x"), json.dumps))
    assert isinstance(found, CustomError)
    assert found.args == (3,)


def test_an_unknown_exception_is_made_up_under_its_name() -> None:
    found = failure.rebuild({"exc_type": "FarError", "exc_module": "far.away", "exc_message": ["so", 1]})
    assert type(found).__name__ == "FarError"
    assert type(found).__module__ == "far.away"
    assert found.args == ("so", 1)


def test_celerys_own_exceptions_come_back_as_ours() -> None:
    found = failure.rebuild(
        {"exc_type": "SoftTimeLimitExceeded", "exc_module": "billiard.exceptions", "exc_message": []}
    )
    assert isinstance(found, SoftTimeLimitExceeded)


def test_a_record_that_names_something_else_than_an_exception_is_refused() -> None:
    with pytest.raises(SecurityError):
        failure.rebuild({"exc_type": "system", "exc_module": "os", "exc_message": ["true"]})


def test_a_record_does_not_import_what_it_names() -> None:
    sys.modules.pop("this", None)
    failure.rebuild({"exc_type": "X", "exc_module": "this", "exc_message": []})
    assert "this" not in sys.modules


@pytest.mark.parametrize("value", ["x" * 10_000, list(range(10_000)), {"k": "v" * 5000}, [[["deep"] * 50] * 50] * 50])
def test_brief_is_short_whatever_it_is_given(value: Any) -> None:
    assert len(brief(value, 100)) <= 100


def test_brief_never_raises() -> None:
    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert re.match("<unprintable|<.*Rude", brief(Rude()))
    assert brief((1, "a", None)) == "(1, 'a', None)"
