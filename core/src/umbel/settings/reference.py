"""What the settings reference says: read from the source, where every field of a section has a `#:` comment."""

from __future__ import annotations

import inspect
import re

_FIELD = re.compile(r" {4}(\w+):")


def documentation(settings_class: type) -> dict[str, str]:
    """The comment above each field of the class itself; blank where there is none. Reads the class's source file."""
    texts: dict[str, str] = {}
    comment: list[str] = []
    for line in inspect.getsource(settings_class).splitlines():
        field = _FIELD.match(line)
        if line.strip().startswith("#:"):
            comment.append(line.strip()[2:].strip())
        elif field:
            texts[field[1]] = " ".join(comment)
            comment = []
        else:
            comment = []
    return texts
