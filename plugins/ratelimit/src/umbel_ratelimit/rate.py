"""`"10/m"` as a number."""

from __future__ import annotations

import re
from typing import Any

_PERIODS_S = {"s": 1, "m": 60, "h": 3600}
_RATE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?:/(?P<period>[smh]))?")


def per_second(rate: Any) -> float:
    """Celery's forms: a number is so many a second, a text may say `/s`, `/m` or `/h`; 0 is for no limit. Raises
    `ValueError`."""
    found = _RATE.fullmatch(str(rate).strip())
    if found is None or isinstance(rate, bool):
        raise ValueError(f"expected a rate such as 5, '5/s', '5/m' or '0.5/h', found {rate!r}")
    return float(found["number"]) / _PERIODS_S[found["period"] or "s"]
