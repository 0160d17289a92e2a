"""Where values come from: each source gives what it has by the names that are written there, and says where."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from attrs import evolve, frozen

from umbel.exceptions import ImproperlyConfigured

#: Settings that the environment sets, whatever any other source says; the first variable that is there counts.
ENVIRONMENT = {
    "broker_url": ("UMBEL_BROKER_URL", "CELERY_BROKER_URL"),
    "broker_read_url": ("UMBEL_BROKER_READ_URL", "CELERY_BROKER_READ_URL"),
    "broker_write_url": ("UMBEL_BROKER_WRITE_URL", "CELERY_BROKER_WRITE_URL"),
    "result_backend": ("UMBEL_RESULT_BACKEND", "CELERY_RESULT_BACKEND"),
}


@frozen
class Found:
    """A value and where it was found. `text` means that it is not yet of its setting's type."""

    value: Any
    source: str
    text: bool = False


@frozen
class Written:
    """What a source has, by the names that are written there. `strict`: all of them must be settings."""

    found: Mapping[str, Found]
    strict: bool = True


#: Something to read settings from, when somebody asks for one.
Source = Callable[[], Written]


def from_mapping(values: Mapping[str, Any], source: str) -> Written:
    return Written({str(name): Found(value, source) for name, value in values.items()})


def from_environment(name: str) -> Found | None:
    """What the environment says of the setting; an empty variable says nothing."""
    for variable in ENVIRONMENT.get(name, ()):
        if os.environ.get(variable):
            return Found(os.environ[variable], f"the environment variable {variable}", text=True)
    return None


def from_object(obj: Any, namespace: str | None, silent: bool) -> Written:
    """A dict, an object with attributes, or the path of one: `module` or `module:attribute`.

    With a namespace only names that begin with `NAMESPACE_` count, and all that do must be settings. `silent` makes
    nothing of a path that cannot be imported.
    """
    path = ""
    if isinstance(obj, str):
        try:
            obj, path = _imported(obj), f"{obj}, "
        except ImportError as error:
            if silent:
                return Written({})
            advice = f"; write {obj[:-3]!r}, the name of the module" if obj.endswith(".py") else ""
            raise ImproperlyConfigured(f"the configuration {obj!r} cannot be imported: {error}{advice}") from error
    prefix = namespace.rstrip("_") + "_" if namespace else ""
    if isinstance(obj, Mapping):
        written = from_mapping(obj, f"{path}a dict")
    else:
        written = Written(_attributes(obj, path, prefix), strict=False)
    return _in_namespace(written.found, prefix) if prefix else written


def from_command_line(arguments: Iterable[str], namespace: str) -> Written:
    """`name=value` or `section.name=value` each; a name that begins with a dot is in the section `namespace`."""
    found = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise ImproperlyConfigured(f"{argument!r} on the command line is not of the form SETTING=VALUE")
        name = name.strip().lower().replace(".", "_")
        if name.startswith("_"):
            name = name[1:] if namespace == "celery" else namespace + name
        found[name] = Found(value.strip(), "the command line", text=True)
    return Written(found)


def _imported(path: str) -> Any:
    module, colon, attribute = path.partition(":")
    found = importlib.import_module(module)
    try:
        return attrgetter(attribute)(found) if colon else found
    except AttributeError as error:
        raise ImportError(str(error)) from error


def _attributes(obj: Any, path: str, prefix: str) -> dict[str, Found]:
    """The public attributes that can be settings: no modules, functions or classes."""
    if inspect.ismodule(obj):
        source = f"the module {obj.__name__} ({getattr(obj, '__file__', None) or 'no file'})"
    else:
        kind = obj if isinstance(obj, type) else type(obj)
        source = f"{path}an object of {kind.__module__}.{kind.__qualname__}"
    names = [name for name in dir(obj) if name.startswith(prefix) and not name.startswith("_")]
    found = {name: Found(getattr(obj, name), source) for name in names}
    is_code = (inspect.ismodule, inspect.isclass, inspect.isroutine)
    return {name: each for name, each in found.items() if not any(test(each.value) for test in is_code)}


def _in_namespace(found: Mapping[str, Found], prefix: str) -> Written:
    """What begins with the prefix, by the names without it; their letters have the prefix's case."""
    inside = {}
    for name, each in found.items():
        if name.startswith(prefix) and name == (name.upper() if prefix.isupper() else name.lower()):
            inside[name[len(prefix) :].lower()] = evolve(each, source=f"{name} in {each.source}")
    return Written(inside)
