"""The fenced blocks of a page, and what their info strings say: `console {background=worker}`.

A block's first word is its language. What stands in braces after it is for the tests (tests/docs), and for captions.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen
from markdown_it import MarkdownIt

_INFO = re.compile(r"(?P<language>[\w+-]*)\s*(?:\{(?P<options>[^}]*)\})?")


@frozen
class Block:
    """One fenced block. `options` has an empty text for a word without `=`."""

    page: Path
    #: Of the opening fence, counted from 1.
    line: int
    language: str
    options: dict[str, str]
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of the page, in order, but directives (`{note}`). Raises `ValueError` for an odd one."""
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type != "fence" or token.info.startswith("{"):
            continue
        found = _INFO.fullmatch(token.info.strip())
        line = token.map[0] + 1 if token.map else 0
        if found is None:
            raise ValueError(f"{page}:{line}: expected ```language {{options}}, found ```{token.info}")
        yield Block(page, line, found["language"], _options(found["options"] or ""), token.content)


def _options(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in shlex.split(text))}
