"""Names: of tasks, of nodes."""

from __future__ import annotations

import sys


def task_name(main: str | None, name: str, module: str) -> str:
    """`module.name`; the module that runs as a script goes by the app's own name, or its file's."""
    if module == "__main__":
        module = main or _script() or module
    return f"{module}.{name}" if module else name


def _script() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None:
        return str(spec.name).removesuffix(".__main__")
    return (getattr(sys.modules["__main__"], "__file__", "") or "").rpartition("/")[2].removesuffix(".py")


def node_name(given: str | None) -> str:
    """A worker's name such as `celery@host`. `%h`, `%n` and `%d` stand for the host's full name, its first part and
    its domain, as in Celery."""
    import socket  # noqa: PLC0415  (3 ms, for workers)

    host = socket.gethostname()
    first, _, domain = host.partition(".")
    name = given or "celery@%h"
    name = name.replace("%h", host).replace("%n", first).replace("%d", domain).replace("%%", "%")
    return name if "@" in name else f"{name}@{host}"
