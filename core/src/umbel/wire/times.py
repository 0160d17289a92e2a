"""Times as they travel: ISO 8601 in headers, seconds since the epoch for drivers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo

from umbel import clock

#: What a user may give as a moment: seconds from now, a datetime, or ISO 8601 text.
When = int | float | timedelta | datetime | str


def from_epoch(seconds: float) -> datetime:
    """The moment as an aware datetime in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def parse(text: str) -> datetime:
    """ISO 8601 to datetime; Python 3.10 does not read a final `Z` by itself. Raises `ValueError`."""
    return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)


def to_epoch(moment: datetime, zone: tzinfo = timezone.utc) -> float:
    """Seconds since the epoch; a naive datetime is taken as being in `zone`."""
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()


def moment(when: When, zone: tzinfo = timezone.utc) -> float:
    """Seconds since the epoch of what a user gave. Numbers count from now. Raises `ValueError`, `TypeError`."""
    if isinstance(when, (int, float)):
        return clock.time() + when
    if isinstance(when, timedelta):
        return clock.time() + when.total_seconds()
    if isinstance(when, str):
        when = parse(when)
    if not isinstance(when, datetime):
        raise TypeError(f"expected seconds, a datetime or ISO 8601 text, found {type(when).__name__}: {when!r}")
    return to_epoch(when, zone)


def header_moment(value: object) -> float | None:
    """Seconds since the epoch of an `eta` or `expires` header; None if there is none. Raises `ValueError`."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return to_epoch(value)
    if isinstance(value, str):
        return to_epoch(parse(value))
    raise ValueError(f"expected ISO 8601 text, found {value!r}")
