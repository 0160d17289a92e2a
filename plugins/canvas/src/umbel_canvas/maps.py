"""One task for many items: within one call (`map`, `starmap`), or within a call for every `n` of them (`chunks`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from umbel import signature
from umbel_canvas import builtin
from umbel_canvas.making import make_group
from umbel_canvas.signature import Signature


class xmap(Signature):
    """`add.map([1, 2])`: the task for each item, one after the other, within one call."""

    task_name = "celery.map"

    def __init__(self, task: Any, it: Iterable[Any] = (), app: Any = None, **options: Any) -> None:
        parts = {"task": signature(task, app=app), "it": it if isinstance(it, list) else list(it)}
        super().__init__(self.task_name, (), parts, options=options, immutable=True, app=app)

    @property
    def type(self) -> Any:
        builtin.register()
        return super().type

    def clone(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        made = type(self)(self.kwargs["task"], self.kwargs["it"], app=self._app)
        made["options"] = self.merged((), {}, options)[2]
        return made

    partial = clone

    def __reduce__(self) -> Any:
        return signature, (dict(self),)

    def __repr__(self) -> str:
        return f"{self.task}({self.kwargs['task'].task}, {self.kwargs['it']!r:.60})"


class xstarmap(xmap):
    """As `xmap`, each item being a list of arguments."""

    task_name = "celery.starmap"


class chunks(Signature):
    """`add.chunks(items, 10)`: a call for every ten items, each being a list of arguments."""

    task_name = "celery.chunks"

    def __init__(self, task: Any, it: Iterable[Any], n: int, app: Any = None, **options: Any) -> None:
        parts = {"task": signature(task, app=app), "it": it if isinstance(it, list) else list(it), "n": n}
        super().__init__(self.task_name, (), parts, options=options, immutable=True, app=app)

    def group(self) -> Any:
        """The group of the calls."""
        task, items, size = (self.kwargs[key] for key in ("task", "it", "n"))
        source = iter(items)
        parts = list(iter(lambda: list(islice(source, size)), []))
        return make_group([xstarmap(task, part, app=self.app) for part in parts], self.app)

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        route_name: str | None = None,
        **options: Any,
    ) -> Any:
        return self.group().apply_async(args, kwargs, **{**self.options, **options})

    def __call__(self, **options: Any) -> Any:
        return self.apply_async(**options)

    def apply(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        return self.group().apply(args, kwargs, **options)

    @classmethod
    def apply_chunks(cls, task: Any, it: Iterable[Any], n: int, app: Any = None) -> Any:
        """Send the calls."""
        return cls(task, it, n, app=app)()

    def __reduce__(self) -> Any:
        return signature, (dict(self),)

    def __repr__(self) -> str:
        return f"{self.task}({self.kwargs['task'].task}, {self.kwargs['it']!r:.60}, {self.kwargs['n']})"
