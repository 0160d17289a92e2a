"""What must not be read over somebody's shoulder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "********"

_SECRETS = {"api", "auth", "credential", "credentials", "key", "pass", "passwd", "password", "secret", "token"}
_HARMLESS = ("routing_key",)
#: `user:password@` of a URL. Greedy up to the last @ before another URL begins: a password may hold any sign.
_PASSWORD = re.compile(r"(://[^:/@\s]*):(?:(?!://)\S)*@")
_QUERY_ITEM = re.compile(r"([?&]([\w.-]+)=)[^&#\s;]*")


def looks_secret(name: str) -> bool:
    """Whether a word of the name says that the value is a secret."""
    words = re.split(r"[\W_]+", name.lower())
    return not _SECRETS.isdisjoint(words) and not name.lower().endswith(_HARMLESS)


def censored(name: str, value: Any) -> Any:
    """The value of the setting `name`, with secrets and passwords in URLs masked, inside of collections too."""
    if value is not None and not isinstance(value, (bool, Mapping)) and looks_secret(name):
        return MASK
    if isinstance(value, str):
        return without_password(value)
    if isinstance(value, Mapping):
        return {key: censored(str(key), item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(censored("", item) for item in value) if type(value) in (list, tuple) else MASK
    return value


def without_password(text: str) -> str:
    """The text with passwords in URLs masked."""
    text = _PASSWORD.sub(rf"\1:{MASK}@", text)
    return _QUERY_ITEM.sub(lambda item: item[1] + MASK if looks_secret(item[2]) else item[0], text)
