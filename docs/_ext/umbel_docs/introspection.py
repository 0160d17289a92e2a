"""What the code says of one item of Celery's: nothing where it is the same, else what is there instead."""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import click

from umbel import Task, Umbel, exceptions, signals, states
from umbel.app.sender import OPTIONS
from umbel.execution.context import Context
from umbel.plugin.catalogue import Catalogue
from umbel.settings.inert import INERT
from umbel.settings.sections import kernel_options
from umbel.signals import Signal


def task(name: str, celery: str) -> str:
    bound = _app().Task
    if not hasattr(bound, name):
        return "it is missing"
    value = getattr(Task, name, None)
    if celery.startswith("("):
        return _unless_same(_parameters(value), celery)
    if celery in ("property", "class"):
        return ""
    return _unless_same(repr([*value] if isinstance(value, tuple) else value), celery)


def task_setting(name: str, celery: str) -> str:
    return _unless_same(getattr(vars(Task).get(name), "setting", "none"), celery)


def request(name: str, celery: str) -> str:
    return _unless_same(repr(getattr(Context(), name, "missing")), celery)


def task_option(name: str, celery: str) -> str:
    def function(*_: Any) -> None: ...

    value = function if celery == "a method" else ast.literal_eval(celery)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            _app().task(**{"name": f"parity.{name}", name: value})(function)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return ""


def call_option(name: str, celery: str) -> str:
    functions = (Task.apply_async, Umbel.send_task)
    named = {parameter for each in functions for parameter in inspect.signature(each).parameters}
    return "" if name in OPTIONS | named else "a TypeError"


def exception(name: str, celery: str) -> str:
    found = getattr(exceptions, name, None)
    if found is None:
        return "it is missing"
    ours = {each.__name__ for each in found.__mro__} | {"CeleryError", "CeleryWarning"}
    return "" if found.__name__ == name and ours.issuperset(celery.split(", ")) else f"{found.__name__} of {ours}"


def state(name: str, celery: str) -> str:
    found = getattr(states, name, None)
    if celery.startswith("("):
        return _unless_same(_parameters(found), celery)
    if celery == "a class":
        return "" if inspect.isclass(found) else "it is missing"
    return _unless_same(repr(sorted(found) if isinstance(found, frozenset) else found), celery)


def signal(name: str, celery: str) -> str:
    found = getattr(signals, name, None)
    if found is None:
        return "it is missing"
    missing = {*filter(None, celery.split(", "))} - found.providing_args
    return f"without {sorted(missing)}" if missing else ""


def app_signal(name: str, celery: str) -> str:
    return "" if isinstance(getattr(_app(), name, None), Signal) else "it is missing"


def setting(name: str, celery: str) -> str:
    option = kernel_options().get(name)
    if option is None:
        return "it is missing"
    if option.gone:
        return f"it cannot be set: {option.gone}"
    if name in _unserved() or (name in INERT and name not in _taken()):
        return "it has no effect"
    return _unless_same(repr(option.default()), celery)


def pool(name: str, celery: str) -> str:
    return "" if name in Catalogue().names("pool") else "it is missing"


def worker_option(name: str, celery: str) -> str:
    from umbel_cli.worker import FEATURES, worker  # noqa: PLC0415  (a plugin's: the site is built with all of them)

    wants = FEATURES.get(name)
    options = {each.name: {*each.opts, *each.secondary_opts} for each in worker.get_params(click.Context(worker))}
    missing = {*celery.split()} - options.get(name, set())
    if missing:
        return f"there is no {sorted(missing)}"
    return f"it asks for {wants[0]!r}, which nothing brings" if wants is not None and wants[1] in _unserved() else ""


#: By section: the name of the item and what it is in Celery, to what is different here.
CHECKS: dict[str, Callable[[str, str], str]] = {
    each.__name__: each
    for each in (
        task, task_setting, request, task_option, call_option, exception, state, signal, app_signal, setting, pool,
        worker_option,
    )
}  # fmt: skip


@cache
def _app() -> Umbel:
    return Umbel("parity", set_as_current=False)


@cache
def _unserved() -> frozenset[str]:
    """The settings of flags for features that nothing brings which is installed."""
    from umbel_cli.worker import FEATURES  # noqa: PLC0415

    installed = {entry.name for entry in Catalogue().entries() if entry.status == "ok"}
    return frozenset(setting for feature, setting in FEATURES.values() if feature not in installed)


@cache
def _taken() -> frozenset[str]:
    """The kernel's settings that some installed transport takes."""
    from umbel.app.drivers import settings_taken  # noqa: PLC0415
    from umbel.plugin.loader import load  # noqa: PLC0415

    catalogue = Catalogue()
    names = [entry.name for entry in catalogue.entries("transport") if entry.status == "ok"]
    drivers = [load(catalogue, "transport", name) for name in names]
    return frozenset(name for driver in drivers for name in settings_taken(driver).values())


def _parameters(function: Any) -> str:
    parts = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        sign = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        parts.append(f"{sign}{parameter.name}{default}")
    return f"({', '.join(parts)})"


def _unless_same(ours: str, celery: str) -> str:
    return "" if ours == celery else f"it is {ours}"
