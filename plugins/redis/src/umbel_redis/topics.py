"""AMQP's topic patterns (0-9-1, section 3.1.3.3): words between dots, `*` one word, `#` any number, none included."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def matches(patterns: Iterable[str], routing_key: str) -> bool:
    """Whether one of the patterns fits."""
    words = f".{routing_key}" if routing_key else ""
    return any(pattern == "#" or _compiled(pattern).fullmatch(words) for pattern in patterns)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Every word brings the dot before it, so that "#" can stand for no word and no dot.
    special = {"*": r"\.[^.]*", "#": r"(?:\.[^.]*)*"}
    words = pattern.split(".") if pattern else []
    return re.compile("".join(special.get(word, rf"\.{re.escape(word)}") for word in words))
