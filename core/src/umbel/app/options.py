"""Options of `@app.task`: any keyword becomes an attribute of the task, so a misspelt one would pass in silence."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from umbel.exceptions import ImproperlyConfigured, UmbelWarning
from umbel.meant import meant

#: Options that are not attributes of every task.
_KNOWN = frozenset(
    """
    autoretry_for dont_autoretry_for retry_backoff retry_backoff_max retry_jitter retry_kwargs queue exchange
    routing_key exchange_type delivery_mode immediate mandatory Request Strategy
    """.split()  # noqa: SIM905  (they read better as words)
)
#: Options that change how arguments are passed: without what they ask for a task would get what it does not expect.
_UNSUPPORTED = frozenset({"pydantic", "pydantic_strict", "pydantic_context", "pydantic_dump_kwargs"})


def check_options(name: str, base: type, options: Mapping[str, Any]) -> None:
    """Raises `ImproperlyConfigured` for an option that is not supported; warns of one that looks misspelt."""
    for option, value in options.items():
        if option in _UNSUPPORTED and value:
            raise ImproperlyConfigured(f"task {name}: the option {option}={value!r} is not supported")
        if option in _KNOWN or hasattr(base, option):
            continue
        known = [*_KNOWN, *(key for key in dir(base) if not key.startswith("_"))]
        near = meant(option, known, 1, likeness=0.85)
        if near:
            warnings.warn(
                f"task {name}: {option}={value!r} is not an option and becomes an attribute; did you mean {near[0]!r}?",
                UmbelWarning,
                stacklevel=4,
            )
