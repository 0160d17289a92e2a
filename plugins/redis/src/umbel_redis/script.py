"""A Lua script: what it does is done at once, and nobody sees half of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any


class Script:
    """Sent by its hash; in full only to a server that does not know it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._sha = sha1(text.encode(), usedforsecurity=False).hexdigest()

    def known(self, keys: Sequence[Any], args: Sequence[Any]) -> tuple[Any, ...]:
        """The command for a server that knows it; others answer NOSCRIPT."""
        return ("EVALSHA", self._sha, len(keys), *keys, *args)

    def taught(self, keys: Sequence[Any], args: Sequence[Any]) -> tuple[Any, ...]:
        """The command for a server that does not."""
        return ("EVAL", self._text, len(keys), *keys, *args)


@cache
def load(name: str) -> Script:
    """The script in the file `lua/<name>.lua` beside this one, with what stands in `lua/shared.lua` before it."""
    folder = Path(__file__).with_name("lua")  # importlib.resources would take 15 ms to import
    text = (folder / f"{name}.lua").read_text("utf-8")
    if text.startswith("-- needs shared"):
        text = (folder / "shared.lua").read_text("utf-8") + text
    return Script(_bare(text))


def _bare(text: str) -> str:
    """Without what only people read: each server is sent it once. A script has no text of more than one line."""
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("--"))
