"""Revoking the members of a group: a door to whatever here can revoke."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from umbel.exceptions import UnsupportedError


def revoke(app: Any, task_ids: Sequence[str], terminate: bool = False, signal: Any = None) -> None:
    """Have the workers not run these. Raises `UnsupportedError` where no plugin gives the app a `control`."""
    control = getattr(app, "control", None)
    if control is None:
        raise UnsupportedError(
            "nothing that revokes tasks is installed: expected a plugin that gives the app 'control'"
        )
    control.revoke(list(task_ids), terminate=terminate, signal=signal)
