"""Finding the app that `-A` names."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import Any

from umbel.app.app import Umbel
from umbel.exceptions import ImproperlyConfigured

#: Where an app is looked for in a module, in this order, as in Celery.
_NAMES = ("app", "celery", "umbel")


def find_app(spec: str) -> Umbel:
    """The app that `spec` names: `module`, `module:attribute`, `module.attribute` or a package with a module `celery`
    or `umbel`. Looks in the current directory too. Raises `ImproperlyConfigured`."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    path, _, attribute = spec.partition(":")
    module = _import(path, spec)
    if module is None and not attribute and "." in path:
        path, _, attribute = path.rpartition(".")
        module = _import(path, spec)
    if module is None:
        raise ImproperlyConfigured(
            f"-A {spec}: there is no module {path!r} in {os.getcwd()} or on sys.path; expected module or module:app"
        )
    if attribute:
        found = _attribute(module, attribute, spec)
        return _app_in(found, spec) if isinstance(found, ModuleType) else _checked(found, spec)
    return _app_in(module, spec)


def _import(name: str, spec: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Only the module itself may be missing; one that it imports is its own trouble, and shown as it is.
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            return None
        raise
    except ValueError as error:
        raise ImproperlyConfigured(f"-A {spec}: {error}") from error


def _attribute(module: ModuleType, path: str, spec: str) -> Any:
    found: Any = module
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ImproperlyConfigured(f"-A {spec}: {module.__name__!r} has no attribute {path!r}") from None
    return found


def _app_in(module: ModuleType, spec: str) -> Umbel:
    for name in _NAMES:
        found = getattr(module, name, None)
        if isinstance(found, Umbel):
            return found
        if isinstance(found, ModuleType) and isinstance(getattr(found, "app", None), Umbel):
            return _checked(found.app, spec)
    apps = [value for value in vars(module).values() if isinstance(value, Umbel)]
    if apps:
        return apps[0]
    if hasattr(module, "__path__"):
        for name in ("celery", "umbel", "app", "tasks"):
            submodule = _import(f"{module.__name__}.{name}", spec)
            if submodule is not None and any(isinstance(value, Umbel) for value in vars(submodule).values()):
                return _app_in(submodule, spec)
    raise ImproperlyConfigured(f"-A {spec}: module {module.__name__!r} has no app; expected app = Umbel(...) in it")


def _checked(found: Any, spec: str) -> Umbel:
    if not isinstance(found, Umbel):
        raise ImproperlyConfigured(f"-A {spec}: expected an app, found {type(found).__name__}: {found!r:.100}")
    return found
