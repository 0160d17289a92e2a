"""Umbel: a distributed task queue with Celery's vocabulary, built as a plugin-oriented microkernel.

Names are loaded when they are first used, so importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "AsyncResult": "umbel.results.result",
    "EagerResult": "umbel.results.result",
    "Task": "umbel.app.task",
    "Umbel": "umbel.app.app",
    "allow_join_result": "umbel.results.joining",
    "current_app": "umbel.app.current",
    "current_task": "umbel.app.current",
    "get_task_logger": "umbel.app.log",
    "hookimpl": "umbel.plugin",
    "maybe_signature": "umbel.app.signature",
    "shared_task": "umbel.app.shared",
    "signature": "umbel.app.signature",
    "uuid": "umbel.wire.ids",
}

__all__ = sorted([*_WHERE, "__version__"])


def __getattr__(name: str) -> Any:
    module = _WHERE.get(name)
    if module is None:
        # `from umbel import clock` asks here before it looks for the module: that must not wake the plugin platform.
        if name.startswith("_") or name in _own_modules():
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # A name that a plugin adds; the loader knows what to say where none does.
        return importlib.import_module("umbel.api").load(name)
    found = globals()[name] = getattr(importlib.import_module(module), name)
    return found


def _own_modules() -> set[str]:
    return {entry.partition(".")[0] for entry in os.listdir(os.path.dirname(__file__))}


def __dir__() -> list[str]:
    return __all__
