"""The two ends: an app without tasks on each broker."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from umbel import Umbel
from umbel.exceptions import ImproperlyConfigured
from umbel.settings.sources import ENVIRONMENT

#: What names a broker for a whole process would name one for both ends.
_VARIABLES = [name for names in ENVIRONMENT.values() for name in names]


def app_on(url: str, options: Iterable[str] = ()) -> Umbel:
    """`options` are transport options as KEY=VALUE. Raises `ImproperlyConfigured`."""
    for variable in _VARIABLES:
        os.environ.pop(variable, None)
    app = Umbel("migrate", broker=url, set_as_current=False)
    app.conf.broker_transport_options = dict(map(_option, options))
    return app


def _option(text: str) -> tuple[str, Any]:
    """The value is JSON if it can be, or else text."""
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise ImproperlyConfigured(f"expected KEY=VALUE, found {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
