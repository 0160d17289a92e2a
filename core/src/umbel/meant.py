"""What somebody who made a slip of the hand meant."""

from __future__ import annotations

from collections.abc import Iterable


def meant(word: str, known: Iterable[str], most: int = 3, likeness: float = 0.6) -> list[str]:
    """Those of `known` that look like `word`, the best first; `likeness` is from 0 (any) to 1 (the same)."""
    from difflib import get_close_matches  # noqa: PLC0415  (2 ms, for those who made a mistake)

    return get_close_matches(word, list(known), most, likeness)
