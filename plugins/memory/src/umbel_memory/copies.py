"""Copies, so that nobody shares a message with anybody: what a broker elsewhere does by being elsewhere."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve

from umbel.exceptions import PermanentError
from umbel.model import Message


def copied(message: Message) -> Message:
    """Raises `PermanentError` if headers or properties are not plain data, as a broker that writes them down would."""
    return evolve(message, headers=_plain(message, "headers"), properties=_plain(message, "properties"))


def _plain(message: Message, part: str) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = json.loads(json.dumps(getattr(message, part)))
    except (TypeError, ValueError) as error:
        raise PermanentError(
            f"the {part} of a message for queue {message.queue!r} are not plain data ({error}): "
            "put str, int, float, bool, None, list and dict there, everything else into the body"
        ) from error
    return plain
