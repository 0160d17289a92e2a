"""`"10,3"` as numbers."""

from __future__ import annotations

from attrs import frozen


@frozen
class Limits:
    """How many tasks run at once, at most and at least."""

    most: int
    least: int

    @classmethod
    def of(cls, text: str) -> Limits:
        """`MAX,MIN` in either order, as in Celery; a single number is the maximum, and the minimum is 1 then. Raises
        `ValueError`."""
        parts = [part.strip() for part in str(text).split(",")]
        if not 1 <= len(parts) <= 2 or not all(part.isdecimal() for part in parts):
            raise ValueError(f"expected MAX,MIN such as 10,3, found {text!r}")
        return cls.between(*map(int, parts if len(parts) == 2 else (*parts, "1")))

    @classmethod
    def between(cls, one: int, other: int) -> Limits:
        """In either order. Raises `ValueError`."""
        least, most = sorted((one, other))
        if least < 1:
            raise ValueError(f"at least one task must run at once, found {least}")
        return cls(most, least)
