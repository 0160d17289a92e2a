"""Settings that came as text: from the environment, the command line, or the query of a URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from umbel.settings.check import checked

_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def from_text(text: str, hint: Any) -> Any:
    """The value of type `hint` that `text` stands for. Raises `ValueError`.

    An empty text or `none` is None where that is allowed; otherwise text stays what it is where text is allowed.
    Numbers and words such as `true` and `off` mean what they say, lists are separated by commas, JSON is understood.
    """
    for reading in _readings(text):
        with suppress(TypeError):
            return checked(reading, hint)
    raise ValueError(text)


def _readings(text: str) -> Iterator[Any]:
    import json  # noqa: PLC0415  (hardly any process has settings as text)

    if text.lower() in ("", "none", "null"):
        yield None
    yield text
    if text.lower() in _WORDS:
        yield _WORDS[text.lower()]
    for read, source in ((json.loads, text), (float, text), (json.loads, f"[{text}]")):
        with suppress(ValueError):
            yield read(source)
    yield [item.strip() for item in text.split(",") if item.strip()]
