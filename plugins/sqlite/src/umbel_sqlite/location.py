"""Where a URL says that the database is."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote

from umbel.exceptions import ImproperlyConfigured

FORMS = "sqlite://NAME (in the state directory), sqlite:////absolute/path.db or sqlite:///relative/path.db"
_NAME = re.compile(r"\w[\w.-]*")


def database_path(url: str) -> str:
    """The absolute path of the database file. Raises `ImproperlyConfigured` for a URL that is of no known form."""
    _, _, rest = url.partition("://")
    if "?" in rest or "#" in rest:
        raise ImproperlyConfigured(
            f"{url!r} has a '?' or '#': options are settings (sqlite_lease_s = 10), and in a path write %3F and %23"
        )
    if rest.startswith("/") and len(rest) > 1:
        return _path(url, unquote(rest[1:]))
    if _NAME.fullmatch(name := unquote(rest)):
        return os.path.join(state_directory(), f"{name}.db")
    raise ImproperlyConfigured(f"{url!r} names no database; expected {FORMS}")


def state_directory() -> str:
    """Where named databases live (https://specifications.freedesktop.org/basedir-spec/latest/)."""
    home = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(home):  # The specification wants relative paths ignored.
        home = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(home, "umbel")


def _path(url: str, path: str) -> str:
    if path.startswith(":memory:"):
        raise ImproperlyConfigured(f"{url!r}: a database in memory is no queue between processes; use memory://NAME")
    if "\0" in path:
        raise ImproperlyConfigured(f"{url!r}: a path cannot hold a NUL character; expected {FORMS}")
    return os.path.abspath(os.path.expanduser(path))
