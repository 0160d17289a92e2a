"""`@app.task(pydantic=True)`: the task's function gets models, and callers and results have plain data."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from typing import Any

from umbel import Task
from umbel_pydantic.models import dumped, models_of, plain

#: A serializer that takes models as they are.
_TAKES_OBJECTS = "pickle"


class Validated(Task[..., Any]):
    """Dumps models among the arguments of a call; validates those of a run, and dumps the model that it returns."""

    abstract = True
    pydantic_strict: bool | None = False
    pydantic_context: Mapping[str, Any] | None = None
    pydantic_dump_kwargs: Mapping[str, Any] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        run = cls.__dict__.get("run")
        if run is not None:
            cls.run = _validating(cls, run)  # type: ignore[method-assign]

    def apply_async(self, args: Any = None, kwargs: Any = None, *more: Any, **options: Any) -> Any:
        return super().apply_async(*self._plain(args, kwargs, options), *more, **options)

    async def aapply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        return await super().aapply_async(*self._plain(args, kwargs, options), **options)

    def apply_many(self, calls: Iterable[Sequence[Any]], **options: Any) -> Sequence[Any]:
        return super().apply_many((self._plain(args, None, options)[0] for args in calls), **options)

    def _plain(self, args: Any, kwargs: Any, options: Mapping[str, Any]) -> tuple[Any, Any]:
        if (options.get("serializer") or self.serializer) == _TAKES_OBJECTS:
            return args, kwargs
        if isinstance(args, (list, tuple)):
            args = [plain(value) for value in args]
        return args, {name: plain(value) for name, value in kwargs.items()} if kwargs else kwargs


@cache
def validated(base: type) -> type:
    """The kind of task that `base` is, with models."""
    return type(f"Validated{base.__name__}", (Validated, base), {"abstract": True, "__module__": base.__module__})


def _validating(cls: type[Validated], run: Any) -> Any:
    """The function of the task as a worker calls it. `run` is a static method, unless the task is bound."""
    function = run.__func__ if isinstance(run, staticmethod) else run
    signature = inspect.signature(function)
    # Not before the first run: classes may stand below the task.
    models = cache(lambda: models_of(function))
    dump = {**(cls.pydantic_dump_kwargs or {})}

    def validate(args: Sequence[Any], kwargs: Mapping[str, Any]) -> inspect.BoundArguments:
        about = {**(cls.pydantic_context or {}), "celery_app": cls.app, "celery_task_name": cls.name}
        bound = signature.bind(*args, **kwargs)
        for name, (model, optional) in models().items():
            if name in bound.arguments and not (optional and bound.arguments[name] is None):
                value = bound.arguments[name]
                bound.arguments[name] = model.model_validate(value, strict=cls.pydantic_strict, context=about)
        return bound

    made = (_awaiting if inspect.iscoroutinefunction(function) else _calling)(function, validate, dump)
    return staticmethod(made) if isinstance(run, staticmethod) else made


def _calling(function: Callable[..., Any], validate: Callable[..., Any], dump: Mapping[str, Any]) -> Any:
    @wraps(function)
    def calling(*args: Any, **kwargs: Any) -> Any:
        bound = validate(args, kwargs)
        return dumped(function(*bound.args, **bound.kwargs), dump)

    return calling


def _awaiting(function: Callable[..., Any], validate: Callable[..., Any], dump: Mapping[str, Any]) -> Any:
    @wraps(function)
    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        bound = validate(args, kwargs)
        return dumped(await function(*bound.args, **bound.kwargs), dump)

    return awaiting
