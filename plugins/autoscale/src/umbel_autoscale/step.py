"""The boot step: has the pool resized."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from umbel import clock
from umbel.contracts.bootstep import Bootstep, WorkerContext
from umbel.exceptions import ImproperlyConfigured
from umbel.plugin.specs import hookimpl
from umbel_autoscale.limits import Limits
from umbel_autoscale.scaler import Scaler

_log = logging.getLogger("umbel.worker")
_LOOK_S = 1.0
#: Celery's environment variable, and its default.
_VARIABLE, _KEEPALIVE_S = "AUTOSCALE_KEEPALIVE", 30.0


class Autoscale(Bootstep):
    """Does nothing unless `autoscale_limits` (`--autoscale`) is set. Where it does, it answers the command `autoscale`:
    whoever finds that among a worker's commands leaves the size of the pool alone."""

    contract_version = 1
    name = "autoscale"
    keeps = frozenset({"worker_autoscaler"})

    def __init__(self) -> None:
        self._scaler: Scaler | None = None

    def start(self, worker: WorkerContext) -> None:
        text = worker.settings.get("autoscale_limits")
        if not text:
            return
        limits = _limits(text)
        state = worker.state()
        if "resize" not in state.features:
            raise ImproperlyConfigured(
                f"autoscale_limits (--autoscale) is {text!r}, and the pool {state.pool!r} cannot change its size:"
                " choose another pool (--pool, worker_pool), such as prefork"
            )
        scaler = self._scaler = _scaler_class(worker.settings.get("worker_autoscaler"))(limits, _keepalive_s(worker))

        def look() -> None:
            state = worker.state()
            reserved = sum(not task.held for task in worker.tasks())
            size = scaler.size(state.concurrency, reserved, state.prefetch, clock.monotonic())
            if size != state.concurrency:
                _log.info("The pool runs %d tasks at once instead of %d", size, state.concurrency)
                worker.resize(size)

        worker.resize(limits.least)
        worker.every(_LOOK_S, look)

    def commands(self) -> Mapping[str, Callable[..., Any]]:
        return {"autoscale": self._change} if self._scaler is not None else {}

    def _change(self, max: int | None = None, min: int | None = None) -> str:
        """Other limits from now on; the one that is not given stays. Raises `ValueError`."""
        assert self._scaler is not None
        now = self._scaler.limits
        most = now.most if max is None else int(max)
        least = now.least if min is None else int(min)
        self._scaler.limits = limits = Limits.between(most, least)
        return f"autoscale now max={limits.most} min={limits.least}"


def _limits(text: str) -> Limits:
    try:
        return Limits.of(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"autoscale_limits (--autoscale): {error}") from None


def _keepalive_s(worker: WorkerContext) -> float:
    stated: float | None = worker.settings.get("autoscale_keepalive_s")
    if stated is not None:
        return stated
    text = os.environ.get(_VARIABLE) or _KEEPALIVE_S
    try:
        return float(text)
    except ValueError:
        raise ImproperlyConfigured(f"{_VARIABLE} must be seconds, found {text!r}") from None


def _scaler_class(path: str | None) -> type[Scaler]:
    """The class that `worker_autoscaler` names, as `module:Class`."""
    if not path:
        return Scaler
    module, _, name = path.replace(":", ".").rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ImproperlyConfigured(f"worker_autoscaler is {path!r}, which cannot be imported: {error}") from None
    if not (isinstance(found, type) and issubclass(found, Scaler)):
        raise ImproperlyConfigured(
            f"worker_autoscaler is {path!r}, which is no subclass of umbel_autoscale.scaler.Scaler"
        )
    return found


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return Autoscale
